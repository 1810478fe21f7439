"""Returns over several steps, by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from agents.replay.buffer import Replay
from agents.replay.storage.episode_ends import n_step_returns
from agents.shape import Shape

REWARDS = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0)


def drawn(ends: int | None = None, cut: int | None = None, n_step: int = 3) -> dict[int, list]:
    """Return, mask and next observation of each transition that can be drawn, gamma 1/2.

    Rewards are `REWARDS`; the step `ends` terminates, the step `cut` truncates and shows -1.
    """
    replay = Replay(Shape((1,), "float32", 1, continuous=True), 1, 10, "cpu")
    for t, reward in enumerate(REWARDS):
        replay.add_observations(np.array([[t]], np.float32))
        replay.add(np.array([[t]]), np.array([reward]), np.array([t == ends]))
        if t == cut:
            replay.truncate(np.array([0]), np.array([[-1]], np.float32))
    every = np.linspace(0, 2**32 - 1, 100, dtype=np.int64)[None]
    batch = replay.sample(every, n_step, np.array([0.5], np.float32))
    columns = (batch.rewards[0], batch.masks[0], batch.next_observations[0, :, 0])
    outcomes = torch.stack(columns, dim=1).tolist()
    return dict(zip(batch.actions[0, :, 0].int().tolist(), outcomes, strict=True))


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, {0: [3, 0.25, 3], 1: [6, 0.25, 4], 2: [12, 0.25, 5]}),
        ({"ends": 1}, {0: [2, 0, 2], 1: [2, 0, 2], 2: [12, 0.25, 5]}),
        ({"cut": 1}, {0: [2, 0.5, -1], 1: [2, 1, -1], 2: [12, 0.25, 5]}),
        ({"ends": 2}, {0: [3, 0, 3], 1: [4, 0, 3], 2: [4, 0, 3]}),
        ({"cut": 2}, {0: [3, 0.25, -1], 1: [4, 0.5, -1], 2: [4, 1, -1]}),
        ({"n_step": 1}, {t: [REWARDS[t], 1, t + 1] for t in range(5)}),
        ({"n_step": 1, "ends": 3, "cut": 1},
         {0: [1, 1, 1], 1: [2, 1, -1], 2: [4, 1, 3], 3: [8, 0, 4], 4: [16, 1, 5]}),
        ({"n_step": 5}, {0: [5, 1 / 16, 5]}),
    ],
    ids=str,
)  # fmt: skip
def test_returns_by_hand(given, expected):
    assert drawn(**given) == expected


def test_what_lies_beyond_the_end_is_not_read():
    rewards = torch.tensor([[[1.0, 2.0, float("nan")]]])
    counts, gamma = torch.tensor([[2]]), torch.tensor([[0.5]])
    total, mask = n_step_returns(rewards, torch.ones(1, 1, 3), counts, gamma)
    assert total.item() == 2.0 and mask.item() == 0.5
