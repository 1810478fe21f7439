"""Continuous control: what is true of some families of tasks and not of all."""

from __future__ import annotations

import re

import numpy as np
import pytest

from agents.envs import tasks
from agents.envs.gymnasium_env import GymnasiumEnvironment
from agents.learners.dqn import Learner


def needed(task: str) -> None:
    """Skips where the task's packages are not installed."""
    try:
        tasks.check(task)
    except ValueError as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("n", [2, 10, 50])
def test_the_return_of_navigation_telescopes(n):
    """Spec: the sum of rewards is (|p_0| - |p_T|) / sqrt(n)."""
    environment, rng = tasks.make(f"navigation/{n}"), np.random.default_rng(0)
    environment.reset(3)
    begin, total, steps, cut = environment.position, 0.0, 0, False
    while not cut:
        reward, terminated, cut = environment.step(rng.uniform(-1, 1, n))
        total, steps = total + reward, steps + 1
        assert not terminated
    lengths = [np.linalg.norm(position) for position in (begin, environment.position)]
    assert total == pytest.approx((lengths[0] - lengths[1]) / np.sqrt(n))
    assert steps == 1000


ENDURING = ["mujoco/HalfCheetah-v4", "mujoco/Ant-v5", "dmc/cartpole-swingup", "navigation/3"]


@pytest.mark.parametrize("task", ENDURING)
def test_a_time_limit_cuts_and_does_not_terminate(task):
    needed(task)
    environment = tasks.make(task)
    environment.reset(0)
    action = np.zeros(tasks.shape(task).actions, np.float32)
    for step in range(1, 1001):
        _, terminated, cut = environment.step(action)
        assert cut == (step == 1000) and not terminated


@pytest.mark.parametrize(
    "task", ["mujoco/Hopper-v4", "mujoco/Humanoid-v5", "box2d/BipedalWalker-v3"]
)
def test_who_falls_terminates_and_is_not_cut(task):
    needed(task)
    environment = tasks.make(task)
    environment.reset(0)
    action, ends = np.zeros(tasks.shape(task).actions, np.float32), (False, False)
    while not any(ends):
        ends = environment.step(action)[1:]
    assert ends == (True, False)


@pytest.mark.parametrize(
    "task", ["mujoco/HalfCheetah-v4", "mujoco/Hopper-v5", "box2d/BipedalWalker-v3"]
)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_an_episode_equals_that_of_gymnasium_with_its_time_limit(task):
    needed(task)
    gymnasium = pytest.importorskip("gymnasium")
    ours, theirs = tasks.make(task), gymnasium.make(task.split("/")[1])
    ours.reset(7)
    assert np.array_equal(ours.observe(), theirs.reset(seed=7)[0].astype(np.float32))
    size, rng, ends = tasks.shape(task).actions, np.random.default_rng(0), (False, False)
    while not any(ends):
        action = rng.uniform(-0.1, 0.1, size)
        reward, *ends = ours.step(action)
        observation, their_reward, *their_ends, _ = theirs.step(action)
        assert (reward, ends) == (their_reward, their_ends)
        assert np.array_equal(ours.observe(), observation.astype(np.float32))


@pytest.mark.parametrize("task", ["cheetah-run", "reacher-hard"])
def test_an_episode_equals_that_of_the_control_suite(task):
    suite = pytest.importorskip("dm_control.suite")
    ours = tasks.make(f"dmc/{task}")
    random = np.random.RandomState(7)
    theirs = suite.load(*task.split("-"), task_kwargs={"random": random})
    random.seed(7)
    ours.reset(7)
    theirs.reset()
    size, rng, cut = tasks.shape(f"dmc/{task}").actions, np.random.default_rng(0), False
    while not cut:
        action = rng.uniform(-1, 1, size)
        reward, terminated, cut = ours.step(action)
        step = theirs.step(action)
        seen = np.concatenate([np.ravel(part) for part in step.observation.values()])
        assert (reward, cut, terminated) == (step.reward, step.last(), False)
        assert np.array_equal(ours.observe(), seen.astype(np.float32))


def test_no_task_needs_a_screen(monkeypatch):
    """quadruped-escape would send its terrain to a renderer with every episode."""
    needed("dmc/quadruped-escape")
    from dm_control import _render

    def refuse(*_, **__):
        raise RuntimeError("no OpenGL here")

    monkeypatch.setattr(_render, "Renderer", refuse)
    environment = tasks.make("dmc/quadruped-escape")
    environment.reset(0)
    assert environment.observe().shape == (101,)


def test_actions_are_scaled_to_the_bounds_of_the_robot(monkeypatch):
    """Humanoid's torques are in [-0.4, 0.4]."""
    pytest.importorskip("mujoco")
    from gymnasium.envs.mujoco import MujocoEnv

    environment = tasks.make("mujoco/Humanoid-v4")
    taken = []
    environment.reset(0)
    monkeypatch.setattr(MujocoEnv, "do_simulation", lambda _, action, frames: taken.append(action))
    environment.step(np.linspace(-1, 1, 17).astype(np.float32))
    np.testing.assert_allclose(taken[0], 0.4 * np.linspace(-1, 1, 17), rtol=1e-6)


@pytest.mark.parametrize("space", ["Discrete(2)", "Box(-inf, inf, (2,), float32)"])
def test_actions_of_gymnasium_that_are_no_box_with_bounds_are_refused(space, monkeypatch):
    spaces = pytest.importorskip("gymnasium.spaces")
    import gymnasium

    cart = gymnasium.make("CartPole-v1")
    if space.startswith("Box"):
        cart.unwrapped.action_space = spaces.Box(-np.inf, np.inf, (2,))
    monkeypatch.setattr(gymnasium, "make", lambda *_, **__: cart)
    with pytest.raises(ValueError, match=re.escape(f"a box with bounds, but are {space}")):
        GymnasiumEnvironment("CartPole-v1")


def test_choices_do_not_fit_tasks_whose_actions_are_numbers():
    with pytest.raises(ValueError, match=r"are choices, those of 'navigation/2' are numbers"):
        Learner.check({}, "navigation/2")


def test_a_task_whose_packages_are_missing_names_the_extra(monkeypatch):
    monkeypatch.setattr(tasks, "is_installed", lambda module: module != "dm_control")
    with pytest.raises(ValueError, match=r"needs dm_control, .*pip install -e '\.\[dmc\]'"):
        Learner.check({}, "dmc/dog-run")


def test_mujoco_logs_what_it_warns_of_and_writes_no_file(tmp_path, monkeypatch, caplog):
    needed("mujoco/HalfCheetah-v4")
    monkeypatch.chdir(tmp_path)
    import gymnasium

    made, make = [], gymnasium.make
    monkeypatch.setattr(gymnasium, "make", lambda *a, **k: made.append(make(*a, **k)) or made[-1])
    environment = tasks.make("mujoco/HalfCheetah-v4")
    environment.reset(0)
    assert not caplog.records
    made[-1].unwrapped.data.qvel[:] = np.nan
    environment.step(np.zeros(6, np.float32))
    assert "simulation is unstable" in caplog.text.lower() or "nan" in caplog.text.lower()
    assert not list(tmp_path.iterdir())
