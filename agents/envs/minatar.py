"""The five MinAtar games (Young & Tian 2019), with sticky actions and difficulty ramping."""

from __future__ import annotations

import importlib.util
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from agents.shape import Shape

_CHANNELS = {"asterix": 4, "breakout": 4, "freeway": 7, "seaquest": 10, "space_invaders": 6}
_STICKINESS = 0.1
_ACTIONS = 6


class Environment:
    """One MinAtar game, numerically equal to `minatar.Environment` with its defaults."""

    tasks: ClassVar[tuple[str, ...]] = tuple(_CHANNELS)
    extra: ClassVar[tuple[str, ...]] = ("minatar", "minatar")

    @staticmethod
    def shape(task: str) -> Shape:
        """10 x 10 x C booleans and all six actions."""
        return Shape(observation=(10, 10, _CHANNELS[task]), dtype="bool", actions=_ACTIONS)

    def __init__(self, task: str) -> None:
        self._game = _module(task).Env(ramping=True)
        self._random = self._game.random = np.random.RandomState(0)
        self._last_action = 0

    def reset(self, seed: int) -> None:
        """Begin an episode of which all randomness comes from `seed` (32 bits)."""
        self._random.seed(seed)
        self._last_action = 0
        self._game.reset()

    def step(self, action: int) -> tuple[float, bool, bool]:
        """Act once; returns the reward and whether the episode terminated; never truncated."""
        if self._random.rand() < _STICKINESS:
            action = self._last_action
        self._last_action = action
        reward, terminated = self._game.act(action)
        return reward, terminated, False

    def observe(self) -> np.ndarray:
        """The current observation [10, 10, C]."""
        observation: np.ndarray = self._game.state()
        return observation


@cache
def _module(task: str) -> Any:
    """The game's own module, without the package: that imports matplotlib and seaborn (1.2 s)."""
    package = importlib.util.find_spec("minatar")
    assert package is not None and package.origin is not None, "a task is checked first"
    path = Path(package.origin).parent / "environments" / f"{task}.py"
    spec = importlib.util.spec_from_file_location(f"minatar_{task}", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
