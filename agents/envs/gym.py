"""Any environment that is registered with Gymnasium, by its id."""

from __future__ import annotations

import functools
import importlib
from collections import deque
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from agents import lookup
from agents.envs import gymnasium_env, tasks
from agents.envs.gymnasium_spaces import Actions, Encoding, reward_of
from agents.envs.outcome import Outcome
from agents.envs.settings import PLAIN, Settings
from agents.shape import Shape

_SHAPES = {
    "Acrobot-v1": Shape((6,), "float32", 3),
    "CartPole-v1": Shape((4,), "float32", 2),
    "FrozenLake-v1": Shape((16,), "bool", 4),
    "LunarLander-v3": Shape((8,), "float32", 4),
    "LunarLanderContinuous-v3": Shape((8,), "float32", 2, continuous=True),
    "MountainCar-v0": Shape((2,), "float32", 3),
    "MountainCarContinuous-v0": Shape((2,), "float32", 1, continuous=True),
    "Pendulum-v1": Shape((3,), "float32", 1, continuous=True),
}
"""The shapes of some ids, so that listing them makes none of them."""

_EXTRAS = {
    "gymnasium.envs.box2d": ("box2d", "Box2D"),
    "gymnasium.envs.mujoco": ("mujoco", "mujoco"),
    "ale_py": ("atari", "ale_py"),
}
"""The extra and the package that environments of these modules need."""


class Environment:
    """The environment of an id, with the time limit and the wrappers of its registration.

    An id may have its module before it, as `module:id`, or a file, as `path/file.py:id`; importing
    either must register it. From the inside out: the environment, the repetition of actions, the
    wrappers of the settings, the stack of observations. What is scored is the reward of the
    innermost. Observations are numbers, images [H, W, C] or choices; these are one-hot.
    """

    tasks: ClassVar[tuple[str, ...]] = tuple(_SHAPES)
    settings: ClassVar[tuple[str, ...]] = (
        *("env.wrappers", "env.stack", "env.repeat"),
        "env.kwargs",
    )
    extra: ClassVar[tuple[str, ...]] = ("gym", "gymnasium")

    @staticmethod
    def locate(task: str) -> None:
        """Raises ValueError where no such id is registered."""
        _registered(task)

    @staticmethod
    def needs(task: str) -> tuple[str, ...]:
        """Returns the extra of sweeper's, and the packages, that the id needs besides."""
        entry = str(_registered(task).entry_point)
        fits = (needed for module, needed in _EXTRAS.items() if entry.startswith(module))
        return next(fits, Environment.extra)

    @staticmethod
    def shape(task: str, settings: Settings = PLAIN) -> Shape:
        """Returns the shape, known or found by making one."""
        known = None if settings.given else _SHAPES.get(task)
        return known or _shape(task, settings)

    @staticmethod
    def bytes_each(task: str) -> int:
        """Returns the bytes that one of Gymnasium's larger environments takes."""
        return 1_200_000

    def __init__(self, task: str, settings: Settings = PLAIN, training: bool = True) -> None:
        from agents.envs import gymnasium_wrappers

        self._title = title = f"gym/{task}"
        env = gymnasium_env.make(_registered(task), settings.arguments)
        self._recorder = gymnasium_wrappers.Recorder(env, title) if settings.counts_steps else None
        env = self._recorder or env
        self._repeat = settings.repeat or 1
        if self._repeat > 1:
            env = gymnasium_wrappers.Repeat(env, self._repeat, title)
        self._env = gymnasium_wrappers.wrapped(env, settings, training)
        self._actions = Actions(self._env, title)
        self._encoding = Encoding(self._env, title)
        self._frames: deque[np.ndarray] = deque(maxlen=settings.stack or 1)
        self.described = self._encoding.shape(settings.stack or 1, self._actions)
        """The shape of its observations and actions."""
        self._unstable = gymnasium_env.unstable()

    def reset(self, seed: int) -> None:
        """Begins an episode whose randomness all comes from `seed` (32 bits)."""
        gymnasium_env.renew_world(self._env.unwrapped)
        observation, _ = self._env.reset(seed=seed)
        if self._recorder is not None:
            self._recorder.taken()
        frame = self._encoding.encode(observation)
        self._frames.extend([frame] * (self._frames.maxlen or 1))

    def step(self, action: Any) -> tuple[float, bool, bool] | Outcome:
        """Acts once; returns reward, whether the episode terminated, whether it was truncated.

        Where settings may change rewards it also returns what is scored, and the steps taken.
        Raises `FloatingPointError` where the simulator diverged, `Misfit` where what it gives is
        not what it declares.
        """
        taken = self._actions.of(action)
        try:
            observation, reward, terminated, truncated, _ = self._env.step(taken)
        except self._unstable as error:
            raise FloatingPointError(str(error)) from error
        self._frames.append(self._encoding.encode(observation))
        learned, ends = reward_of(reward, self._title), (bool(terminated), bool(truncated))
        if self._recorder is None:
            return learned, *ends
        return Outcome(learned, *ends, *self._recorder.taken())

    @property
    def pictures_per_s(self) -> float | None:
        """How many of its pictures pass in a second; `None` where it has none."""
        pace = gymnasium_env.pictures_per_s(self._env)
        return None if pace is None else pace / self._repeat

    def render(self) -> np.ndarray:
        """Returns what can be seen of it, uint8 [H, W, 3]."""
        return gymnasium_env.picture(self._env)

    def observe(self) -> np.ndarray:
        """Returns the current observations, the oldest first along the last axis."""
        if len(self._frames) == 1:
            return self._frames[0]
        return np.concatenate(self._frames, axis=-1)


@functools.cache
def _shape(task: str, settings: Settings) -> Shape:
    return Environment(task, settings).described


_IDS: dict[str, list[str]] = {}
"""The ids that a module or file registered when it was imported here."""


@functools.cache
def _registered(task: str) -> Any:
    """The registration of an id, once what registers it is imported; ValueError where nothing does.

    A module may lie beside the space, and a file's path is relative to it.
    """
    import gymnasium

    before, _, name = task.rpartition(":")
    if not before and task.startswith("ALE/"):
        before = "ale_py"
    if before:
        known = dict(gymnasium.registry)
        _import(task, before)
        new = [n for n, one in gymnasium.registry.items() if known.get(n) is not one]
        _IDS[before] = new or _IDS.get(before, [])
    if name in gymnasium.registry:
        return gymnasium.registry[name]
    if not before:
        raise lookup.unknown("task", f"gym/{task}", [f"gym/{one}" for one in gymnasium.registry])
    if not _IDS[before]:
        raise ValueError(f"'gym/{task}' cannot be had: importing {before} registers no environment")
    raise lookup.unknown("task", f"gym/{task}", [f"gym/{before}:{one}" for one in _IDS[before]])


def _import(task: str, before: str) -> None:
    tasks.check_installed(f"gym/{task}", _EXTRAS.get(before, Environment.extra))
    try:
        if before.endswith(".py"):
            lookup.import_file(lookup.located(Path(before)))
        else:
            importlib.import_module(before)
    except Exception as error:
        said = error if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"
        raise ValueError(f"'gym/{task}' cannot be had: {said}") from error
