"""Agents of DQN and batches for them."""

from __future__ import annotations

import torch

from agents.learners.dqn import Learner
from agents.replay.batch import Batch


def learner(*runs) -> Learner:
    from agents.envs import tasks

    agents = Learner(runs, tasks.shape(runs[0].task), "cpu")
    agents.initialise()
    return agents


def batch(members: int, size: int = 32) -> Batch:
    torch.manual_seed(0)
    observations = (torch.rand(2, members, size, 10, 10, 4) < 0.2).float()
    return Batch(
        observations=observations[0],
        actions=torch.randint(0, 6, (members, size)),
        rewards=3 * torch.randn(members, size),
        masks=(torch.rand(members, size) < 0.8).float(),
        next_observations=observations[1],
    )
