"""Agents learn Gymnasium's tasks and a user's own within seconds, far beyond random actions.

LunarLander takes tens of thousands of steps, which are minutes: benchmarks/agents/gym_learning.py.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from agents import lookup
from agents.envs import tasks
from tests.helpers.own_tasks import OWN_IDS

pytest.importorskip("gymnasium")

DQN = {
    "network.units": 64,
    "batch_size": 64,
    "optimizer.lr": 1e-3,
    "optimizer.eps": 1e-8,
    "warmup_steps": 300,
    "epsilon.decay_until": 1500,
    "update_every": 1,
    "target.every": 100,
}
NUMBERS = {
    "actor.units": 64,
    "critic.units": 64,
    "batch_size": 64,
    "warmup_steps": 300,
    "actor.lr": 1e-3,
    "critic.lr": 3e-3,
    "target.tau": 0.02,
    "gamma": 0.95,
}
PUSH = NUMBERS | {
    "actor.units": 32,
    "critic.units": 32,
    "batch_size": 32,
    "warmup_steps": 100,
    "actor.lr": 3e-3,
    "entropy.lr": 3e-3,
}


def learned(agent: str, task: str, given: dict[str, Any], steps: int) -> float:
    """The return of an agent after its training."""
    learner = lookup.find("learners", agent)
    params = learner.complete(given)
    learner.check(params, task)
    schedule = SimpleNamespace(every=steps, episodes=5, steps=None, cap=500)
    run = SimpleNamespace(params=params, task=task, seed=0, steps=steps, evaluation=schedule)
    pack, reports = learner.start([run], [None], "cpu"), []
    while not reports:
        reports = pack.advance()
    return float(reports[0].metrics["return"])


def random_return(task: str) -> float:
    """The mean return of random actions over 10 episodes."""
    environment, shape, rng = tasks.make(task), tasks.shape(task), np.random.default_rng(0)
    found = 0.0
    for seed in range(10):
        environment.reset(seed)
        over = False
        while not over:
            action = rng.uniform(-1, 1, shape.actions) if shape.continuous else rng.integers(2)
            reward, *ends = environment.step(action)
            found, over = found + reward / 10, any(ends)
    return found


def test_dqn_balances_a_pole_for_several_times_as_long_as_random_actions() -> None:
    assert random_return("gym/CartPole-v1") < 30
    assert learned("dqn", "gym/CartPole-v1", DQN, 2000) > 70


def test_ddpg_swings_a_pendulum_up() -> None:
    assert random_return("gym/Pendulum-v1") < -900
    assert learned("ddpg", "gym/Pendulum-v1", NUMBERS, 1600) > -450


def test_sac_learns_an_environment_of_ones_own() -> None:
    task = OWN_IDS[1]
    assert random_return(task) < -10
    assert learned("sac", task, PUSH, 400) > -6
