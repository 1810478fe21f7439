"""Environments that are not what they declare, and spaces that agents cannot take."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from agents import streams
from agents.envs import tasks
from agents.envs.outcome import Misfit
from agents.envs.settings import Settings
from agents.learners import dqn
from agents.training.episodes import Episodes

gymnasium = pytest.importorskip("gymnasium")
spaces = pytest.importorskip("gymnasium.spaces")

_NUMBERS = itertools.count()
BOX = spaces.Box(-1, 1, (3,), np.float32)
BYTES = spaces.Box(0, 255, (4, 5), np.uint8)
FLOATS = np.zeros(3, np.float32)
TWO = spaces.Discrete(2)


class Told(gymnasium.Env):
    """Gives the observation `given`, but from step `late` on the observation `then`."""

    def __init__(self, space: Any, given: Any, then: Any, late: int, reward: Any, act: Any) -> None:
        self.observation_space, self.action_space = space, act
        self._given, self._then, self._late, self._reward = given, then, late, reward
        self._steps = 0

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        super().reset(seed=seed)
        self._steps = 0
        return self._given, {}

    def step(self, action: Any) -> Any:
        self._steps += 1
        seen = self._then if self._steps >= self._late else self._given
        return seen, self._reward, False, False, {}


@pytest.fixture
def told() -> Any:
    """Registers a `Told`, and returns its task."""
    names = []

    def register(
        space: Any = BOX,
        given: Any = FLOATS,
        then: Any = FLOATS,
        late: int = 30,
        reward: Any = 0.5,
        act: Any = TWO,
    ) -> str:
        names.append(f"Told{next(_NUMBERS)}-v0")
        gymnasium.register(
            names[-1], lambda: Told(space, given, then, late, reward, act), max_episode_steps=50
        )
        return f"gym/{names[-1]}"

    yield register
    for name in names:
        del gymnasium.registry[name]


WRONG = [
    (spaces.Discrete(4, start=2), 2, 1, r"outside its choices, 1, .* Discrete\(4, start=2\)"),
    (spaces.Discrete(4), 0, -1, "outside its choices, -1"),
    (spaces.Discrete(4), 0, 4, "outside its choices, 4"),
    (spaces.Discrete(4), 0, 1.0, r"that is no whole number, 1\.0"),
    (spaces.Discrete(4), 0, None, "that is no whole number, None"),
    (BYTES, np.zeros((4, 5), np.uint8), np.full((4, 5), 0.5), "of float64 that is no uint8"),
    (BYTES, np.zeros((4, 5), np.uint8), np.full((4, 5), 256), "of int64 that is no uint8"),
    (BYTES, np.zeros((4, 5), np.uint8), np.full((4, 5), np.nan), "of float64 that is no uint8"),
    (BYTES, np.zeros((4, 5), np.uint8), np.zeros((5, 4), np.uint8), r"of shape \(5, 4\)"),
    (spaces.MultiBinary(3), np.ones(3, np.int8), np.full(3, 2), "of int64 that is no bool"),
    (BOX, FLOATS, np.zeros(5), r"of shape \(5,\), .*declares Box\(-1.0, 1.0, \(3,\)"),
    (BOX, FLOATS, np.zeros((3, 1)), r"of shape \(3, 1\)"),
    (BOX, FLOATS, None, r"of shape \(\), None"),
    (BOX, FLOATS, ["a", "b", "c"], "of the type <U1"),
    (BOX, FLOATS, [0.0, [1.0], 2.0], "that is no array"),
    (BOX, FLOATS, {"x": 1.0}, r"of shape \(\)"),
]


@pytest.mark.parametrize(("space", "given", "then", "says"), WRONG)
def test_an_observation_that_is_not_as_declared_is_refused_before_and_at_any_step(
    told: Any, space: Any, given: Any, then: Any, says: str
) -> None:
    task = told(space, given, then)
    tasks.check(task)
    environment = tasks.make(task)
    environment.reset(0)
    for _ in range(29):
        environment.step(0)
    with pytest.raises(Misfit, match=rf"'{task}' gave an observation {says}.*env\.wrappers"):
        environment.step(0)
    early = told(space, given, then, late=24)
    with pytest.raises(ValueError, match=rf"^'{early}' gave an observation {says}.*env\.wrappers"):
        tasks.check(early)


def test_what_is_seen_keeps_its_values(told: Any) -> None:
    """Nothing that is accepted becomes something else."""
    cases = [
        (BOX, np.array([0.1, 7.0, -8.0]), np.float32([0.1, 7.0, -8.0])),  # beyond its bounds
        (BOX, [0.5, 0, 1], np.float32([0.5, 0.0, 1.0])),
        (BYTES, np.full((4, 5), 255, np.int64), np.full((4, 5, 1), 255, np.uint8)),
        (BYTES, np.full((4, 5), 3.0), np.full((4, 5, 1), 3, np.uint8)),
        (spaces.Discrete(3, start=-1), np.int32(-1), np.array([True, False, False])),
        (spaces.Discrete(3, start=-1), np.array(1), np.array([False, False, True])),
        (spaces.MultiBinary((2, 2)), np.eye(2), np.array([True, False, False, True])),
    ]
    for space, given, wanted in cases:
        environment = tasks.make(told(space, given))
        environment.reset(0)
        seen = environment.observe()
        assert seen.dtype == wanted.dtype
        assert np.array_equal(seen, wanted)
        assert not np.shares_memory(seen, given)


@pytest.mark.parametrize(
    "name",
    [
        *("CartPole-v1", "Acrobot-v1", "MountainCar-v0", "MountainCarContinuous-v0"),
        *("Pendulum-v1", "FrozenLake-v1", "Taxi-v4", "CliffWalking-v1", "LunarLander-v3"),
        *("Hopper-v5", "InvertedDoublePendulum-v5", "Reacher-v5", "Ant-v5"),
    ],
)
def test_gymnasium_s_own_environments_fit(name: str) -> None:
    try:
        tasks.check(f"gym/{name}")
    except ValueError as error:
        if "not installed" not in str(error):
            raise
        pytest.skip(str(error))


@pytest.mark.parametrize("given", [{}, {"env.repeat": 2}, {"env.wrappers": ["FlattenObservation"]}])
def test_a_reward_may_be_an_array_of_one_number(told: Any, given: dict[str, Any]) -> None:
    settings = Settings.of(given)
    for reward in (np.array([0.5]), np.array([[0.5]], np.float32), np.float32(0.5)):
        environment = tasks.make(told(reward=reward), settings)
        environment.reset(0)
        found, *_ = environment.step(0)
        assert found == 0.5 * (settings.repeat or 1) and type(found) is float


@pytest.mark.parametrize("given", [{}, {"env.repeat": 2}])
@pytest.mark.parametrize("reward", [None, np.zeros(2), "much", {}])
def test_a_reward_that_is_no_number_is_refused(
    told: Any, reward: Any, given: dict[str, Any]
) -> None:
    task = told(reward=reward)
    with pytest.raises(ValueError, match=rf"^rewards of '{task}' must be numbers, .*env\.wrappers"):
        tasks.check(task, Settings.of(given))


HALF = spaces.Box(np.float32([0, -1]), np.float32([np.inf, 1]))


@pytest.mark.parametrize(
    "act", [HALF, spaces.MultiDiscrete([2, 3]), spaces.MultiBinary(2), spaces.Box(0, 3, (1,), int)]
)
def test_actions_that_do_not_fit_are_told_once_with_what_to_do(told: Any, act: Any) -> None:
    task = told(act=act)
    with pytest.raises(ValueError) as raised:
        dqn.Learner.check({}, task)
    said = str(raised.value)
    assert said.count(task.removeprefix("gym/")) == said.count(str(act)) == 1
    assert "choices (Discrete) or a box of floats with finite bounds" in said
    assert 'env.wrappers: ["path/file.py:Name"]' in said


@pytest.mark.parametrize("space", [None, 3])
def test_an_environment_without_spaces_is_told_what_to_declare(told: Any, space: Any) -> None:
    with pytest.raises(ValueError, match=r"'gym/.*' must declare a space .*self.observation_space"):
        tasks.check(told(space=space))
    with pytest.raises(ValueError, match=r"'gym/.*' must declare a space .* self.action_space"):
        tasks.check(told(act=space))


def images(*shape: int) -> dict[str, Any]:
    return {"space": spaces.Box(0, 255, shape, np.uint8), "given": np.zeros(shape, np.uint8)} | {
        "then": np.zeros(shape, np.uint8)
    }


@pytest.mark.parametrize("shape", [(3, 12, 12), (4, 84, 84), (1, 5, 5), (3, 7, 9), (4, 9, 9, 3)])
def test_images_with_channels_first_are_refused(told: Any, shape: tuple[int, ...]) -> None:
    says = r"images \[H, W, C\].*env\.stack joins frames along the last axis"
    task = told(**images(*shape))
    with pytest.raises(ValueError, match=says):
        dqn.Learner.check({}, task)
    dqn.Learner.check({"network.body": "mlp"}, task)


def test_stacked_frames_of_a_wrapper_are_refused_where_those_of_the_settings_fit(told: Any) -> None:
    task = told(**images(12, 12))
    with pytest.raises(ValueError, match=r"\(4, 12, 12\) are \[C, H, W\]"):
        dqn.Learner.check({"env.wrappers": [{"FrameStackObservation": {"stack_size": 4}}]}, task)
    dqn.Learner.check({"env.stack": 4}, task)


@pytest.mark.parametrize("shape", [(12, 12, 3), (8, 8, 111), (6, 7, 9), (6, 7, 14), (10, 10, 10)])
def test_images_with_channels_last_are_taken(told: Any, shape: tuple[int, ...]) -> None:
    dqn.Learner.check({}, told(**images(*shape)))


class Curriculum(Told):
    """Grows harder with every twentieth episode."""

    episodes = 0

    def __init__(self, changes: str) -> None:
        super().__init__(BOX, FLOATS, FLOATS, 99, 0.5, TWO)
        self._changes = changes

    def reset(self, **given: Any) -> Any:
        self.episodes += 1
        return super().reset(**given)

    def step(self, action: Any) -> Any:
        level = self.episodes // 20
        seen, reward, *rest = super().step(action)
        if self._changes == "return":
            return seen, reward - level, *rest
        return seen + np.float32(level), reward, *rest


@pytest.mark.parametrize("changes", ["return", "observation"])
def test_a_run_whose_replay_differs_fails_where_it_is_continued(changes: str) -> None:
    gymnasium.register("Curriculum-v0", lambda: Curriculum(changes), max_episode_steps=5)
    try:
        task, keys = "gym/Curriculum-v0", streams.keys([0], "episodes")
        tasks.check(task)
        whole, again = Episodes([task], keys, 1), Episodes([task], keys, 1)
        whole.start()
        for _ in range(2):
            whole.step(np.zeros((1, 1), int))
        again.load(0, whole.save(0))
        assert again.returns[0, 0] == 1.0
        for _ in range(20):
            whole.restart(0, 0)
        whole.step(np.zeros((1, 1), int))
        says = rf"'{task}' cannot be continued: the 1 steps .* their {changes} is another"
        with pytest.raises(ValueError, match=says):
            again.load(0, whole.save(0))
    finally:
        del gymnasium.registry["Curriculum-v0"]
        from agents.envs import gym

        gym._registered.cache_clear()
