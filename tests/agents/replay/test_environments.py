"""A replay of several environments a member: each is a stream of its own, drawn from alike."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest
import torch

from agents import streams
from agents.replay.buffer import Replay
from tests.helpers.stack_env import SHAPE, Film

MEMBERS, ENVS = 2, 3
TASKS = ("ends", "cut", "both")
GAMMA = np.array([0.9, 0.5], np.float32)
ALL = streams.Draws(streams.keys([1, 2], "x"), 2000).at(0)


@dataclass
class Alone:
    """A stream of frames: a replay of it alone, and what it was filled with."""

    env: Film
    replay: Replay
    taken: list[tuple[np.ndarray, np.ndarray, bool, bool]] = field(default_factory=list)


def played(steps: int, capacity: int, load_at: int | None = None) -> tuple[Replay, list[Alone]]:
    """A replay of 2 x 3 environments, beside one of each alone; rewards are step and stream."""
    whole = Replay(SHAPE, MEMBERS, capacity, "cpu", ENVS)
    alone = [Alone(Film(task), Replay(SHAPE, 1, capacity, "cpu")) for task in TASKS * MEMBERS]
    for place, one in enumerate(alone):
        one.env.reset(place)
    for t in range(steps):
        if t == load_at:
            whole = restored(whole, capacity)
        before = np.stack([one.env.observe() for one in alone])
        ended = np.array([one.env.step(np.zeros(2))[1:] for one in alone])
        after = np.stack([one.env.observe() for one in alone])
        rewards = 10.0 * t + np.arange(len(alone), dtype=np.float32)
        actions = np.stack((rewards, -rewards), axis=-1)
        apart = MEMBERS, ENVS
        whole.add_observations(before.reshape(*apart, *SHAPE.observation))
        whole.add(actions.reshape(*apart, 2), rewards.reshape(apart), ended[:, 0].reshape(apart))
        whole.truncate(np.flatnonzero(ended[:, 1]), after.reshape(*apart, *SHAPE.observation))
        for place, one in enumerate(alone):
            one.replay.add_observations(before[place : place + 1])
            one.replay.add(actions[place : place + 1], rewards[place : place + 1], ended[place, :1])
            one.replay.truncate(np.flatnonzero(ended[place, 1:]), after[place : place + 1])
            if ended[place].any():
                one.env.reset(1000 * place + t)
    return whole, alone


def restored(replay: Replay, capacity: int) -> Replay:
    found = Replay(SHAPE, MEMBERS, capacity, "cpu", ENVS)
    found.count = replay.count
    for member in range(MEMBERS):
        found.load(member, replay.save(member))
        found.load_truncations(member, replay.save_truncations(member))
    return found


def rows(batch, member):
    """A batch's transitions by their first action, which is no other's."""
    columns = [
        batch.observations[member].flatten(1),
        batch.rewards[member, :, None],
        batch.masks[member, :, None],
        batch.next_observations[member].flatten(1),
    ]
    table = torch.cat([column.float() for column in columns], dim=1)
    return dict(zip(batch.actions[member, :, 0].tolist(), table, strict=True))


@pytest.mark.parametrize("n_step", [1, 3])
@pytest.mark.parametrize(("steps", "capacity"), [(6, 20), (25, 50), (70, 20), (140, 5)])
def test_a_stream_gives_what_it_would_alone(steps, capacity, n_step):
    whole, alone = played(steps, capacity)
    batch = whole.sample(ALL, n_step, GAMMA, floats=False)
    for member in range(MEMBERS):
        drawn, expected = rows(batch, member), {}
        for one in alone[member * ENVS : (member + 1) * ENVS]:
            gamma = GAMMA[member : member + 1]
            expected |= rows(one.replay.sample(ALL[:1], n_step, gamma, floats=False), 0)
        assert drawn.keys() == expected.keys()
        assert all(torch.equal(drawn[key], expected[key]) for key in drawn)


@pytest.mark.parametrize("load_at", [1, 7, 21, 23, 45, 69])
def test_a_replay_that_was_loaded_goes_on_as_it_was(load_at):
    one, other = played(70, 20)[0], played(70, 20, load_at)[0]
    for n_step in (1, 3):
        ours, theirs = (replay.sample(ALL, n_step, GAMMA) for replay in (one, other))
        drawn = {name: tensor for name, tensor in vars(ours).items() if tensor is not None}
        assert all(torch.equal(tensor, vars(theirs)[name]) for name, tensor in drawn.items())


def test_pieces_of_rows_are_steps_of_all_environments():
    whole, _ = played(70, 20)
    saved, piece = whole.save(1), whole.save(1, 60)
    assert all(len(array) == 23 for array in saved.values())
    assert all(np.array_equal(saved[name][-10:], array) for name, array in piece.items())
    assert np.array_equal(saved["outcomes"].reshape(23, ENVS, -1)[0, :, 0], [473, 474, 475])
    taken = sum(array.nbytes for array in saved.values())
    assert Replay.full_bytes(SHAPE, 20, ENVS) == taken
    gathered = whole._staged_frames.nbytes + whole._staged_outcomes.nbytes
    assert MEMBERS * Replay.gathered_bytes(SHAPE, ENVS) == gathered


def test_environments_are_drawn_alike():
    whole, _ = played(30, 20)
    batch = whole.sample(streams.Draws(streams.keys([1, 2], "x"), 60_000).at(0))
    found = np.unique(batch.rewards[0].numpy(), return_counts=True)[1]
    assert len(found) == 20 * ENVS
    assert found.min() > 800 and found.max() < 1200  # 1,000 each; six standard deviations are 190


@pytest.mark.parametrize(("steps", "capacity"), [(15, 20), (70, 20)])
def test_a_place_holds_the_step_of_an_environment_that_it_is_of(steps, capacity):
    """Environment e's step t is at e * slots + t modulo slots, of 23 slots."""
    whole, _ = played(steps, capacity)
    first, end = whole.drawable(1)
    t, env = (part.ravel() for part in np.meshgrid(np.arange(first, end), np.arange(ENVS)))
    places = np.tile(env * 23 + t % 23, (MEMBERS, 1))
    batch = whole.at(places, 1, GAMMA)
    for member in range(MEMBERS):
        assert np.array_equal(batch.rewards[member], 10 * t + member * ENVS + env)
