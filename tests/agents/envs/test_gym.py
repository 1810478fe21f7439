"""Environments of Gymnasium's registry: ids, settings, what is learned from and what is scored."""

from __future__ import annotations

import re
from types import SimpleNamespace

import numpy as np
import pytest

from agents.envs import tasks
from agents.learners import dqn, sac

gymnasium = pytest.importorskip("gymnasium")


@pytest.mark.parametrize(
    "name", ["CartPole-v1", "LunarLander-v3", "Pendulum-v1", "FrozenLake-v1", "BipedalWalker-v3"]
)
def test_an_episode_equals_gymnasium_s_own(name):
    ours, theirs = tasks.make(f"gym/{name}"), gymnasium.make(name)
    shape, rng = tasks.shape(f"gym/{name}"), np.random.default_rng(0)
    ours.reset(3)
    theirs.reset(seed=3)
    ends = [False, False]
    while not any(ends):
        action = rng.uniform(-1, 1, shape.actions) if shape.continuous else rng.integers(2)
        taken = action
        if shape.continuous:
            taken = (action * theirs.action_space.high).astype(np.float32)
        reward, *ends = ours.step(action)
        seen, their_reward, *their_ends, _ = theirs.step(taken)
        assert (reward, ends) == (float(their_reward), [bool(end) for end in their_ends])
        one_hot = shape.dtype == "bool"
        assert (
            (ours.observe().argmax() == seen) if one_hot else np.array_equal(ours.observe(), seen)
        )


def test_a_time_limit_cuts_and_does_not_terminate():
    environment = tasks.make("gym/Pendulum-v1")
    environment.reset(0)
    ends = [environment.step(np.zeros(1, np.float32))[1:] for _ in range(200)]
    assert ends[-1] == (False, True) and set(ends[:-1]) == {(False, False)}


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (
            "CartPol-v1",
            r"unknown task 'gym/CartPol-v1' \(did you mean 'gym/CartPole-v1'\?\); valid",
        ),
        ("CartPole", r"did you mean 'gym/CartPole-v1'"),
        ("LunarLander-v2", r"did you mean 'gym/LunarLander-v3'"),
        ("no_such_module:Own-v0", r"'gym/no_such_module:Own-v0' cannot be had: .*no_such_module"),
        ("no/such.py:Own-v0", r"no/such.py names a file that does not exist"),
        ("json:Own-v0", r"importing json registers no environment"),
    ],
)
def test_an_unknown_id_is_answered_with_the_nearest(wrong, says):
    with pytest.raises(ValueError, match=says):
        dqn.Learner.check({}, f"gym/{wrong}")


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("line:Line-v0", 4),
        ("line:ours/Line-v0", 4),
        ("line.py:Line-v0", 4),
        ("line.py:ours/Line-v0", 4),
        ("deep.long:Line-v0", 9),
        ("deep/long.py:Line-v0", 9),
    ],
)
def test_an_id_of_ones_own_is_registered_by_a_module_or_file(folder, name, size):
    dqn.Learner.check({}, f"gym/{name}")
    shape = tasks.shape(f"gym/{name}")
    assert (shape.observation, shape.dtype, shape.actions) == ((size,), "bool", 2)


@pytest.mark.filterwarnings("ignore:.*Overriding environment")
def test_two_files_that_register_one_id_are_told_apart(folder):
    names = ["gym/line.py:Line-v0", "gym/deep/long.py:Line-v0", "gym/line.py:Line-v0"]
    assert [tasks.shape(name).observation for name in names] == [(4,), (9,), (4,)]
    made = [tasks.make(name).described.observation for name in names]
    assert made == [(4,), (9,), (4,)]


def test_an_id_of_ones_own_that_nobody_registered_names_those_that_are(folder):
    with pytest.raises(ValueError, match=r"did you mean 'gym/line:Line-v0'\?\); valid: gym/line:L"):
        tasks.check("gym/line:Lin-v0")


@pytest.mark.parametrize(
    ("name", "missing", "extra"),
    [
        ("LunarLander-v3", "Box2D", "box2d"),
        ("CartPole-v1", "gymnasium", "gym"),
        ("Reacher-v5", "mujoco", "mujoco"),
        ("Own-v7", "gymnasium", "gym"),
        ("ALE/Breakout-v5", "ale_py", "atari"),
    ],
)
def test_a_missing_package_names_the_extra_of_the_checkout(monkeypatch, name, missing, extra):
    monkeypatch.setattr(tasks, "is_installed", lambda module: module != missing)
    told = rf"needs {missing}, .*pip install -e '\.\[{extra}\]' in the checkout"
    with pytest.raises(ValueError, match=told):
        tasks.check(f"gym/{name}")


@pytest.mark.parametrize(
    ("learner", "task", "says"),
    [
        (
            dqn.Learner,
            "gym/Pendulum-v1",
            "are choices, .* are numbers; agents for these: ddpg, sac",
        ),
        (sac.Learner, "gym/CartPole-v1", "are numbers, .* are choices; agents for these: c51, dqn"),
        (
            dqn.Learner,
            "gym/Blackjack-v1",
            r"observations of .gym/Blackjack-v1. .*\[FlattenObservation\]",
        ),
    ],
)
def test_an_agent_that_does_not_fit_names_those_that_do(learner, task, says):
    with pytest.raises(ValueError, match=says):
        learner.check({}, task)


@pytest.mark.parametrize("space", ["MultiDiscrete([2 2])", "Box(-inf, inf, (2,), float32)"])
def test_actions_that_no_agent_takes_are_refused(folder, space):
    text = (folder / "line.py").read_text()
    kinds = {"M": "spaces.MultiDiscrete([2, 2])", "B": "spaces.Box(-np.inf, np.inf, (2,))"}
    action = f"action_space = {kinds[space[0]]}"
    (folder / "odd.py").write_text(
        text.replace("action_space = spaces.Discrete(2, start=5)", action)
    )
    with pytest.raises(ValueError, match=re.escape(f"but are {space}")):
        dqn.Learner.check({}, "gym/odd:Line-v0")


def test_actions_never_leave_their_bounds_by_rounding():
    environment = tasks.make("gym/LunarLanderContinuous-v3")
    low, high = (environment._actions.of(np.full(2, one, np.float32)) for one in (-1, 1))
    for action in (low, high):
        assert environment._env.action_space.contains(action)


def test_dqn_learns_an_environment_of_ones_own(folder):
    """From everywhere the shortest way has a return of 0.25 to 0.75; a random walk's is below 0."""
    given = {
        "network.units": 16,
        "batch_size": 16,
        "optimizer.lr": 5e-3,
        "optimizer.eps": 1e-8,
        "optimizer.schedule.kind": "linear",
        "warmup_steps": 100,
        "epsilon.decay_until": 400,
        "update_every": 1,
        "target.every": 50,
    }
    schedule = SimpleNamespace(every=600, episodes=10, steps=None, cap=20)
    params = dqn.Learner.complete(given)
    dqn.Learner.check(params, "gym/line:Line-v0")
    run = SimpleNamespace(
        params=params, task="gym/line:Line-v0", seed=0, steps=600, evaluation=schedule
    )
    pack, reports = dqn.Learner.start([run], [None], "cpu"), []
    while not reports:
        reports = pack.advance()
    assert 0.25 <= reports[0].metrics["return"] <= 0.75
