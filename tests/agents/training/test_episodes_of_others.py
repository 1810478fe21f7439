"""Episodes that go on from another member's state: its seed until they end, their own behind it."""

from __future__ import annotations

import numpy as np
import pytest

from agents import streams
from agents.training.episodes import Episodes

TASK = "minatar/breakout"


def episodes(seed: int, copies: int = 1) -> Episodes:
    return Episodes([TASK], streams.keys([seed], "episodes"), copies)


def played(one: Episodes, steps: int, seed: int = 0) -> list[float]:
    """Rewards of random actions; ended episodes are followed by fresh ones."""
    rng, rewards = np.random.default_rng(seed), []
    for _ in range(steps):
        got, terminals, truncations = one.step(rng.integers(0, 6, (1, one.copies)))
        rewards += got.ravel().tolist()
        for row, copy in np.argwhere(terminals | truncations).tolist():
            one.restart(row, copy)
    return rewards


@pytest.mark.parametrize("copies", [1, 2])
def test_a_state_is_continued_under_another_seed(copies: int) -> None:
    donor, clone = episodes(1, copies), episodes(2, copies)
    donor.start()
    played(donor, 30)
    clone.load(0, donor.save(0))
    assert np.array_equal(clone.observations, donor.observations)
    again = episodes(1, copies)
    again.load(0, clone.save(0))
    assert np.array_equal(again.observations, donor.observations)
    numbers = clone.save(0)["number"].copy()
    assert played(donor, 5, seed=3) == played(clone, 5, seed=3)
    played(donor, 200, seed=4)
    played(clone, 200, seed=4)
    assert (clone.save(0)["number"] > numbers).all()
    assert not np.array_equal(clone.observations, donor.observations)


def test_a_state_without_seeds_is_of_the_members_own_stream() -> None:
    one, again = episodes(1), episodes(1)
    one.start()
    played(one, 30)
    state = one.save(0)
    del state["seed"]
    again.load(0, state)
    assert np.array_equal(again.observations, one.observations)
    assert np.array_equal(again.save(0)["seed"], one.save(0)["seed"])
