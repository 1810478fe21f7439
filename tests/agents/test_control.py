"""Continuous control: what is true of some families of tasks and not of all."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest

from agents import tasks
from agents.learners.dqn import Learner


@pytest.mark.parametrize("n", [2, 10, 50])
def test_the_return_of_navigation_telescopes(n):
    """Spec: the sum of rewards is (|p_0| - |p_T|) / sqrt(n)."""
    environment, rng = tasks.make(f"navigation/{n}"), np.random.default_rng(0)
    environment.reset(3)
    begin, total, cut = environment._position, 0.0, False
    while not cut:
        reward, terminated, cut = environment.step(rng.uniform(-1, 1, n))
        total += reward
        assert not terminated
    lengths = [np.linalg.norm(position) for position in (begin, environment._position)]
    assert total == pytest.approx((lengths[0] - lengths[1]) / np.sqrt(n))
    assert environment._steps == 1000


@pytest.mark.parametrize("task", ["mujoco/HalfCheetah-v4", "dmc/cartpole-swingup"])
def test_a_time_limit_cuts_and_does_not_terminate(task):
    pytest.importorskip({"dmc": "dm_control"}.get(task.split("/")[0], "mujoco"))
    environment = tasks.make(task)
    environment.reset(0)
    action = np.zeros(tasks.shape(task).actions, np.float32)
    for step in range(1, 1001):
        _, terminated, cut = environment.step(action)
        assert cut == (step == 1000) and not terminated


def test_actions_are_scaled_to_the_bounds_of_the_robot():
    """Humanoid's torques are in [-0.4, 0.4]."""
    pytest.importorskip("mujoco")
    environment = tasks.make("mujoco/Humanoid-v4")
    taken = []
    environment.reset(0)
    inner = environment._environment
    inner.do_simulation = lambda action, frames: taken.append(np.array(action))
    environment.step(np.linspace(-1, 1, 17).astype(np.float32))
    np.testing.assert_allclose(taken[0], 0.4 * np.linspace(-1, 1, 17), rtol=1e-6)


def test_choices_do_not_fit_tasks_whose_actions_are_numbers():
    with pytest.raises(ValueError, match=r"are choices, those of 'navigation/2' are numbers"):
        Learner.check({}, "navigation/2")


def test_a_task_whose_packages_are_missing_names_the_extra(monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "dm_control" else find(name)
    )
    with pytest.raises(ValueError, match=r"needs dm_control, .*pip install 'sweeper\[dmc\]'"):
        Learner.check({}, "dmc/dog-run")
