"""Replay: every frame once, as bits; transitions stay together."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from agents import streams
from agents.replay.buffer import Replay
from agents.replay.frames import Frames, Truncations
from agents.shape import Shape

SHAPE = Shape(observation=(10, 10, 7), dtype="bool", actions=6)


def filled(steps: int, capacity: int, members: int = 2) -> tuple[Replay, np.ndarray]:
    """A replay after `steps` steps whose rewards are the step numbers, and its observations."""
    rng = np.random.default_rng(0)
    observations = rng.random((steps, members, 10, 10, 7)) < 0.3
    replay = Replay(SHAPE, members, capacity, "cpu")
    for t in range(steps):
        replay.add_observations(observations[t])
        numbers = np.full(members, t)
        replay.add(numbers % 6, numbers.astype(np.float32), numbers % 5 == 0)
    return replay, observations


@pytest.mark.parametrize("channels", [4, 6, 7, 10])
def test_packing_keeps_every_bit(channels):
    shape = Shape((10, 10, channels), "bool", 6)
    frames = Frames(shape, "cpu")
    observations = np.random.default_rng(1).random((3, 10, 10, channels)) < 0.5
    rows = frames.encode(observations)
    assert rows.shape == (3, -(-100 * channels // 8)) and rows.dtype == np.uint8
    decoded = frames.decode(torch.from_numpy(rows)[:, None])[:, 0]
    assert np.array_equal(decoded.numpy(), observations.astype(np.float32))


def test_numbers_that_are_not_bits_are_kept_as_they_are():
    frames = Frames(Shape((3,), "float32", 2), "cpu")
    observations = np.random.default_rng(1).normal(size=(2, 3)).astype(np.float32)
    decoded = frames.decode(torch.from_numpy(frames.encode(observations))[:, None])
    assert np.array_equal(decoded[:, 0].numpy(), observations)


@pytest.mark.parametrize(("steps", "capacity"), [(2, 50), (37, 50), (400, 50), (130, 64)])
def test_transitions_are_what_was_added(steps, capacity):
    replay, observations = filled(steps, capacity)
    draws = streams.bits(streams.key(0, "t"), np.arange(2 * 300, dtype=np.int64)).reshape(2, 300)
    batch = replay.sample(draws)
    drawn = batch.rewards.long().numpy()
    assert set(np.unique(drawn)) == set(range(max(0, steps - 1 - capacity), steps - 1))
    for member in range(2):
        t = drawn[member]
        assert np.array_equal(batch.observations[member].numpy(), observations[t, member])
        assert np.array_equal(batch.next_observations[member].numpy(), observations[t + 1, member])
        assert np.array_equal(batch.actions[member].numpy(), t % 6)
        assert np.array_equal(batch.masks[member].numpy(), (t % 5 != 0).astype(np.float32))


def test_a_loaded_member_samples_the_same():
    replay, _ = filled(170, 50)
    copy = Replay(SHAPE, 1, 50, "cpu")
    copy.count = replay.count
    copy.load(0, replay.save(1))
    draws = streams.bits(streams.key(0, "t"), np.arange(64, dtype=np.int64)).reshape(2, 32)
    ours, theirs = replay.sample(draws), copy.sample(draws[1:])
    assert torch.equal(ours.observations[1], theirs.observations[0])
    assert torch.equal(ours.rewards[1], theirs.rewards[0])


def test_only_what_is_filled_is_saved_and_in_bits():
    replay, _ = filled(30, 1000)
    assert replay.save(0)["frames"].shape == (30, 88)


@pytest.mark.parametrize(("steps", "capacity"), [(30, 50), (170, 50), (230, 64)])
def test_pieces_put_together_are_the_whole(steps, capacity):
    replay, _ = filled(steps, capacity)
    whole = replay.save(1)
    assert replay.first == max(0, steps - capacity - 1)
    for since in (0, replay.first, replay.first + 7, steps):
        piece = replay.save(1, since)
        kept = max(since, replay.first) - replay.first
        for name, rows in whole.items():
            assert np.array_equal(piece[name], rows[kept:])
    drawn = whole["outcomes"][:, 0]
    assert np.array_equal(drawn, np.arange(replay.first, steps))


CONTROL = Shape(observation=(2,), dtype="float32", actions=3, continuous=True)


def controlled(steps: int, capacity: int) -> Replay:
    """A replay of two members; observation t is (t, member); cut after every 7th step of member 1.

    There the last observation is (-t, member), which no slot holds.
    """
    replay = Replay(CONTROL, 2, capacity, "cpu")
    for t in range(steps):
        replay.add_observations(np.array([[t, 0], [t, 1]], np.float32))
        actions = np.full((2, 3), t, np.float32) + np.arange(3, dtype=np.float32)
        replay.add(actions, np.array([t, t], np.float32), np.array([False, t % 5 == 0]))
        if t % 7 == 0:
            replay.truncate(np.array([1]), np.array([[9, 9], [-t, 1]], np.float32))
    return replay


def test_actions_that_are_numbers_are_kept():
    batch = controlled(40, 100).sample(streams.Draws(streams.keys([1, 2], "x"), 64).at(0))
    assert batch.actions.shape == (2, 64, 3)
    assert torch.equal(
        batch.actions - batch.rewards[..., None], torch.tensor([0.0, 1, 2]).expand(2, 64, 3)
    )


@pytest.mark.parametrize("capacity", [20, 100])
def test_the_last_observation_of_an_episode_that_was_cut_is_the_next_one(capacity):
    """And the mask stays 1: a time limit is no termination."""
    replay = controlled(60, capacity)
    restored = Replay(CONTROL, 2, capacity, "cpu")
    restored.count = replay.count
    for member in range(2):
        restored.load(member, replay.save(member))
        restored.load_truncations(member, replay.save_truncations(member))
    draws = streams.Draws(streams.keys([1, 2], "x"), 500).at(0)
    for batch in (replay.sample(draws), restored.sample(draws)):
        steps, following = batch.rewards, batch.next_observations[..., 0]
        assert torch.equal(following[0], steps[0] + 1)
        cut = steps[1] % 7 == 0
        assert cut.any() and torch.equal(following[1], torch.where(cut, -steps[1], steps[1] + 1))
        assert torch.equal(batch.masks[1], (steps[1] % 5 != 0).float())


def test_cuts_that_are_overwritten_are_forgotten():
    assert len(controlled(1000, 20).save_truncations(1)["steps"]) == 3


def test_truncations_are_kept_and_forgotten_as_in_a_plain_list():
    """Saved and loaded in between."""
    rng, width = np.random.default_rng(0), 2
    kept, found, step = [], Truncations(width, np.dtype("float32")), 0
    for number in range(600):
        step += int(rng.integers(1, 9))
        first = max(0, step - int(rng.integers(100, 200)))
        kept = [one for one in kept if one[0] >= first] + [(step, rng.random(2, np.float32))]
        found.add(*kept[-1], first)
        if number % 50 == 0:
            saved, found = found.save(first), Truncations(width, np.dtype("float32"))
            found.load(saved)
        asked = rng.integers(first, step + 1, 20)
        places, frames = found.find(asked)
        frame_of = dict(kept)
        assert places.tolist() == [i for i, one in enumerate(asked) if one in frame_of]
        assert all(
            np.array_equal(f, frame_of[asked[i]]) for i, f in zip(places, frames, strict=True)
        )
    assert len(found._all_steps) < 4 * len(kept) + 40
