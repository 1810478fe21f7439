"""Environments of Gymnasium's registry: ids, settings, what is learned from and what is scored."""

from __future__ import annotations

import re
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from agents import streams
from agents.envs import tasks
from agents.envs.settings import Settings
from agents.learners import dqn, sac
from agents.training.episodes import Episodes

gymnasium = pytest.importorskip("gymnasium")

LINE = """
import gymnasium
import numpy as np
from gymnasium import spaces


class Line(gymnasium.Env):
    observation_space = spaces.Discrete(SIZE, start=2)
    action_space = spaces.Discrete(2, start=5)

    def __init__(self, bonus=1.0):
        self.bonus = bonus

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.place = 2 + int(self.np_random.integers(SIZE - 1))
        return self.place, {}

    def step(self, action):
        assert self.action_space.contains(action)
        self.place = max(2, self.place + (1 if action == 6 else -1))
        over = self.place == SIZE + 1
        return self.place, self.bonus * over - 0.25, over, False, {}


gymnasium.register("Line-v0", entry_point=Line, max_episode_steps=20)
gymnasium.register("ours/Line-v0", entry_point=Line, max_episode_steps=20)
"""
WRAPPERS = """
import gymnasium


class Scale(gymnasium.RewardWrapper):
    def __init__(self, env, by, training):
        super().__init__(env)
        self.by = by if training else 1.0

    def reward(self, reward):
        return self.by * float(reward)


class Forgetful(gymnasium.Wrapper):
    '''Counts the steps of all episodes together.'''
    count = 0

    def step(self, action):
        self.count += 1
        observation, reward, *rest = self.env.step(action)
        return (observation, reward + self.count, *rest)


def broken(env):
    raise OSError("no ROM")


def nothing(env):
    return None
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder of a user's own, beside which a space could lie."""
    for name, text in (("line.py", LINE.replace("SIZE", "4")), ("wrap.py", WRAPPERS)):
        (tmp_path / name).write_text(text)
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "long.py").write_text(LINE.replace("SIZE", "9"))
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path)])
    yield tmp_path
    for name, module in list(sys.modules.items()):
        if str(tmp_path) in str(getattr(module, "__file__", "")):
            del sys.modules[name]
    for name in ("Line-v0", "ours/Line-v0"):
        gymnasium.registry.pop(name, None)
    from agents.envs import gym

    gym._registered.cache_clear()


def settings(**given):
    return Settings.of({f"env.{name.replace('__', '.')}": value for name, value in given.items()})


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
    ],
)
def test_a_missing_package_names_the_extra_of_the_checkout(monkeypatch, name, missing, extra):
    monkeypatch.setattr(tasks, "is_installed", lambda module: module != missing)
    told = rf"needs {missing}, .*pip install -e '\.\[{extra}\]' in the checkout"
    with pytest.raises(ValueError, match=told):
        tasks.check(f"gym/{name}")


def test_rewards_that_wrappers_change_are_learned_from_and_not_scored(folder):
    given = settings(wrappers=[{"wrap.py:Scale": {"by": 8.0}}, {"ClipReward": {"max_reward": 2.0}}])
    for training, learned in ((True, 2.0), (False, 1.0)):
        environment = tasks.make("gym/CartPole-v1", given, training)
        environment.reset(0)
        outcome = environment.step(0)
        assert (outcome.reward, outcome.score, outcome.steps) == (learned, 1.0, 1)


def test_an_action_is_repeated_until_the_episode_ends_and_its_steps_are_counted():
    environment, plain = (
        tasks.make("gym/CartPole-v1", given) for given in (settings(repeat=3), settings())
    )
    environment.reset(0)
    plain.reset(0)
    steps, over = 0, False
    while not over:
        outcome = environment.step(1)
        ended = [plain.step(1)[1] for _ in range(outcome.steps)]
        over = outcome.terminated
        assert outcome.reward == outcome.score == outcome.steps
        assert outcome.steps == 3 or (over and ended == [False] * (outcome.steps - 1) + [True])
        assert np.array_equal(environment.observe(), plain.observe())
        steps += outcome.steps
    assert steps % 3


def test_wrappers_that_repeat_count_their_steps_too():
    given = settings(wrappers=[{"MaxAndSkipObservation": {"skip": 3}}])
    environment = tasks.make("gym/CartPole-v1", given)
    environment.reset(0)
    assert environment.step(0)[3:] == (3.0, 3)


def test_stacked_observations_begin_with_copies_of_the_first():
    stacked, plain = (tasks.make("gym/CartPole-v1", settings(stack=n)) for n in (3, 1))
    stacked.reset(5)
    plain.reset(5)
    first = plain.observe()
    assert np.array_equal(stacked.observe(), np.concatenate([first] * 3))
    stacked.step(1)
    plain.step(1)
    assert np.array_equal(stacked.observe(), np.concatenate([first, first, plain.observe()]))
    assert tasks.shape("gym/CartPole-v1", settings(stack=3)).observation == (12,)


def test_keyword_arguments_reach_the_environment(folder):
    environment = tasks.make("gym/line:Line-v0", settings(kwargs__bonus=7.25))
    environment.reset(0)
    reward, over = 0.0, False
    while not over:
        reward, over, _ = environment.step(1)
    assert reward == 7.0


def test_images_of_bytes_stay_bytes_and_grey_ones_get_an_axis():
    given = settings(wrappers=["GrayscaleObservation"], stack=2)
    shape = tasks.shape("gym/CarRacing-v3", given)
    assert (shape.observation, shape.dtype, shape.high) == ((96, 96, 2), "uint8", 255.0)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"wrappers": ["ClipRewrd"]}, r"env.wrappers: unknown wrapper .*did you mean 'ClipReward'"),
        ({"wrappers": ["ClipReward"]}, "env.wrappers: 'ClipReward' cannot wrap .*InvalidBound"),
        ({"wrappers": ["gone.py:X"]}, "env.wrappers: 'gone.py:X' does not load: .*does not exist"),
        (
            {"wrappers": ["wrap.py:Scal"]},
            "env.wrappers: 'wrap.py:Scal' does not load: .*defines no",
        ),
        ({"wrappers": ["wrap.py:broken"]}, "env.wrappers: 'wrap.py:broken' cannot wrap .*no ROM"),
        (
            {"wrappers": ["wrap.py:nothing"]},
            "env.wrappers: .* must give an environment, but gave a N",
        ),
        (
            {"wrappers": [{"ClipReward": 3}]},
            "env.wrappers must be a list of names, each alone or as",
        ),
        ({"wrappers": ["NormalizeObservation"]}, "not repeatable with env.wrappers=.*np_random"),
        ({"wrappers": ["wrap.py:Forgetful"]}, "not repeatable"),
        ({"wrappers": ["vector"]}, "unknown wrapper"),
        (
            {"kwargs__gravity": 3},
            "cannot be played with env.kwargs.gravity=3: TypeError: .*gravity",
        ),
        ({"repeat": 0}, "env.repeat must be at least 1"),
    ],
)
def test_settings_that_do_not_fit_are_refused(folder, given, says):
    params = {f"env.{name.replace('__', '.')}": value for name, value in given.items()}
    with pytest.raises(ValueError, match=says):
        dqn.Learner.check(params, "gym/CartPole-v1")


@pytest.mark.parametrize("name", ["env.repeat", "env.stack", "env.kwargs.x"])
@pytest.mark.parametrize("task", ["minatar/breakout", "navigation/3", "box2d/BipedalWalker-v3"])
def test_settings_that_a_family_does_not_take_are_refused(name, task):
    learner = dqn.Learner if task.startswith("minatar") else sac.Learner
    setting = name.removesuffix(".x")
    with pytest.raises(ValueError, match=rf"{setting} is no setting of '{task}'; .* gym/"):
        learner.check({name: 2}, task)


@pytest.mark.parametrize(
    ("learner", "task", "says"),
    [
        (
            dqn.Learner,
            "gym/Pendulum-v1",
            "are choices, .* are numbers; agents for these: ddpg, sac",
        ),
        (sac.Learner, "gym/CartPole-v1", "are numbers, .* are choices; agents for these: dqn"),
        (dqn.Learner, "gym/Blackjack-v1", r"observations of Blackjack-v1 .*\[FlattenObservation\]"),
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


def test_episodes_with_settings_are_restored_exactly(folder):
    given = settings(repeat=2, stack=2, wrappers=[{"wrap.py:Scale": {"by": 3.0}}])
    keys, task = streams.keys([4], "episodes"), "gym/CartPole-v1"
    whole, restored = (Episodes([task], keys, 1, settings=given) for _ in range(2))
    whole.start()
    for action in np.random.default_rng(0).integers(0, 2, 40):
        _, terminals, _ = whole.step(np.array([[action]]))
        if terminals.any():
            whole.restart(0, 0)
    restored.load(0, whole.save(0))
    assert np.array_equal(restored.observations, whole.observations)
    for name in ("returns", "lengths", "taken"):
        assert np.array_equal(getattr(restored, name), getattr(whole, name)), name
    assert whole.returns[0, 0] == 2 * whole.lengths[0, 0]


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
