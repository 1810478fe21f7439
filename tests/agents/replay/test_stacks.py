"""Stacks of frames from a replay that keeps each frame once, and returns over several steps."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch

from agents import streams
from agents.envs import tasks
from agents.replay.buffer import Replay
from agents.shape import Shape
from tests.helpers.paths import STACK_ENV
from tests.helpers.stack_env import SHAPE, Film

TASKS = ("ends", "cut", "both")
GAMMA = np.array([0.9, 0.5, 1.0], np.float32)
ALL = streams.Draws(streams.keys([1, 2, 3], "x"), 1000).at(0)


@dataclass
class Played:
    """What members' environments showed and gave, by step [T, P, ...], and their replay."""

    replay: Replay
    before: np.ndarray
    after: np.ndarray
    terminals: np.ndarray
    cuts: np.ndarray


def played(steps: int, capacity: int, shape: Shape = SHAPE, load_at: int | None = None) -> Played:
    """A member for each task; rewards are the numbers of steps. Saved and loaded at a step."""
    envs = [Film(task) for task in TASKS]
    replay, episodes = Replay(shape, len(envs), capacity, "cpu"), 0
    before, after, terminals, cuts = [], [], [], []
    for member, env in enumerate(envs):
        env.reset(member)
    for t in range(steps):
        if t == load_at:
            replay = restored(replay, shape, capacity)
        before.append(np.stack([env.observe() for env in envs]))
        replay.add_observations(before[-1])
        outcomes = [env.step(np.zeros(2)) for env in envs]
        after.append(np.stack([env.observe() for env in envs]))
        terminals.append(np.array([outcome[1] for outcome in outcomes]))
        cuts.append(np.array([outcome[2] for outcome in outcomes]))
        rewards = np.full(len(envs), t, np.float32)
        replay.add(np.full((len(envs), 2), t, np.float32), rewards, terminals[-1])
        if cuts[-1].any():
            replay.truncate(np.flatnonzero(cuts[-1]), after[-1])
        for member in np.flatnonzero(terminals[-1] | cuts[-1]).tolist():
            episodes += 1
            envs[member].reset(100 + episodes)
    return Played(replay, *map(np.stack, (before, after, terminals, cuts)))


def restored(replay: Replay, shape: Shape, capacity: int) -> Replay:
    """A new replay with what the other one saves."""
    found = Replay(shape, len(TASKS), capacity, "cpu")
    found.count = replay.count
    for member in range(len(TASKS)):
        found.load(member, replay.save(member))
        found.load_truncations(member, replay.save_truncations(member))
    return found


@pytest.mark.parametrize(
    ("steps", "capacity"), [(2, 20), (3, 20), (25, 50), (60, 20), (203, 64), (130, 3), (66, 2)]
)
def test_a_stack_is_what_the_environment_showed(steps, capacity):
    """At ends of episodes, when the ring has gone round, and in the first steps of all."""
    made = played(steps, capacity)
    batch = made.replay.sample(ALL, floats=False)
    first = max(0, steps - 1 - capacity)
    for member in range(3):
        t = batch.rewards[member].long().numpy()
        assert set(t) == set(range(first, steps - 1))
        following = made.before[t + 1, member]
        cut = made.cuts[t, member]
        following[cut] = made.after[t[cut], member]
        assert np.array_equal(batch.observations[member].numpy(), made.before[t, member])
        assert np.array_equal(batch.next_observations[member].numpy(), following)
        assert np.array_equal(batch.masks[member].numpy(), ~made.terminals[t, member])


@pytest.mark.parametrize("n_step", [1, 2, 5])
@pytest.mark.parametrize(("steps", "capacity"), [(40, 50), (90, 20), (150, 6)])
def test_a_replay_of_frames_is_one_of_whole_observations(steps, capacity, n_step):
    """Bit for bit, in a third of the bytes."""
    options = (ALL, n_step, GAMMA)
    frames = played(steps, capacity).replay
    whole = played(steps, capacity, replace(SHAPE, stack=1)).replay
    assert_equal(frames.sample(*options), whole.sample(*options))
    assert 3 * frames.frames.of(0)[0].nbytes == whole.frames.of(0)[0].nbytes


@pytest.mark.parametrize("load_at", [1, 2, 7, 20, 21, 22, 40, 69])
def test_a_replay_that_was_loaded_goes_on_as_it_was(load_at):
    one, other = played(70, 20).replay, played(70, 20, load_at=load_at).replay
    for n_step in (1, 3):
        assert_equal(one.sample(ALL, n_step, GAMMA), other.sample(ALL, n_step, GAMMA))
    for member in range(3):
        for name, rows in one.save(member).items():
            assert np.array_equal(rows, other.save(member)[name])


def assert_equal(one, other):
    for name, tensor in vars(one).items():
        if tensor is not None:
            assert torch.equal(tensor, getattr(other, name)), name


@pytest.mark.parametrize("n_step", [2, 3, 12])
def test_returns_reach_to_the_end_of_the_episode(n_step):
    """As added up step by step; a cut goes on from its last observation, an end from nothing."""
    made = played(80, 40)
    kinds, gammas = set(), torch.from_numpy(GAMMA)
    batch = made.replay.sample(ALL[:, :200], n_step, gammas, floats=False)
    assert {int(t) for t in batch.actions[..., 0].flatten()} == set(range(39, 80 - n_step))
    for member, gamma in enumerate(GAMMA.tolist()):
        for place in range(200):
            t = last = int(batch.actions[member, place, 0])
            total, discount = float(t), 1.0
            over = made.terminals[:, member] | made.cuts[:, member]
            while last < t + n_step - 1 and not over[last]:
                last, discount = last + 1, discount * gamma
                total += discount * last
            end, cut = made.terminals[last, member], made.cuts[last, member]
            following = made.after[last, member] if cut else made.before[last + 1, member]
            assert batch.rewards[member, place].item() == pytest.approx(total, rel=1e-6)
            mask = 0.0 if end else discount
            assert batch.masks[member, place].item() == pytest.approx(mask, rel=1e-6)
            assert np.array_equal(batch.next_observations[member, place].numpy(), following)
            assert np.array_equal(batch.observations[member, place].numpy(), made.before[t, member])
            kinds.add((bool(end), bool(cut)))
    assert kinds >= {(True, False), (False, True)}


VECTORS = Shape((4,), "float32", 2, continuous=True, stack=2)
BITS = Shape((3, 3, 6), "bool", 4, stack=2)


@pytest.mark.parametrize("shape", [VECTORS, BITS], ids=["vectors", "bits"])
def test_stacks_of_vectors_and_of_bits(shape):
    rng = np.random.default_rng(0)
    frames = (rng.random((9, 1, *shape.frame)) < 0.5).astype(shape.dtype)
    shown = [np.concatenate((frames[max(0, t - 1)], frames[t]), axis=-1) for t in range(9)]
    replay = Replay(shape, 1, 20, "cpu")
    for t in range(9):
        replay.add_observations(shown[t])
        actions = np.zeros((1, 2)) if shape.continuous else np.zeros(1)
        replay.add(actions, np.array([t], np.float32), np.array([False]))
    batch = replay.sample(ALL[:1, :60])
    t = batch.rewards[0].long().tolist()
    assert set(t) == set(range(8))
    for place, step in enumerate(t):
        assert np.array_equal(batch.observations[0, place].numpy(), shown[step][0])
        assert np.array_equal(batch.next_observations[0, place].numpy(), shown[step + 1][0])


def test_a_full_replay_takes_what_it_says():
    made = played(90, 20).replay
    taken = sum(array.nbytes for array in made.save(1).values())
    assert Replay.full_bytes(SHAPE, 20) == taken == 23 * (12 + 4 * 4)


def test_floats_are_bytes_by_the_highest():
    made = played(50, 20).replay
    floats, images = made.sample(ALL), made.sample(ALL, floats=False)
    assert images.observations.dtype == torch.uint8
    assert torch.equal(floats.observations, images.observations.float() / 255.0)
    with pytest.raises(ValueError, match="only images of uint8 stay bytes, not float32"):
        Replay(VECTORS, 1, 5, "cpu").sample(ALL[:1], floats=False)


@pytest.mark.parametrize("stack", [0, 4, -2])
def test_a_stack_that_does_not_divide_the_channels_is_refused(stack):
    with pytest.raises(ValueError, match=rf"divide the last axis .* got stack={stack} of"):
        Shape((3, 2, 6), "uint8", 2, stack=stack)


def test_an_environment_that_shows_other_frames_than_it_says_is_refused():
    tasks.check(f"{STACK_ENV}:Film/both")
    with pytest.raises(ValueError, match="hold 3 frames, but they are not those of the last steps"):
        tasks.check(f"{STACK_ENV}:Shuffled/both")
