"""The five MinAtar games (Young & Tian 2019), with sticky actions and difficulty ramping."""

from __future__ import annotations

import colorsys
import importlib.util
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from agents.shape import Shape

_CHANNELS = {"asterix": 4, "breakout": 4, "freeway": 7, "seaquest": 10, "space_invaders": 6}
_STICKINESS = 0.1
_ACTIONS = 6
_PIXELS = 32


class Environment:
    """One MinAtar game, numerically equal to `minatar.Environment` with its defaults."""

    tasks: ClassVar[tuple[str, ...]] = tuple(_CHANNELS)
    extra: ClassVar[tuple[str, ...]] = ("minatar", "minatar")
    pictures_per_s: ClassVar[float] = 10.0

    @staticmethod
    def shape(task: str) -> Shape:
        """Returns the shape: 10 x 10 x C booleans and all six actions."""
        return Shape(observation=(10, 10, _CHANNELS[task]), dtype="bool", actions=_ACTIONS)

    def __init__(self, task: str) -> None:
        self._game = _module(task).Env(ramping=True)
        self._random = self._game.random = np.random.RandomState(0)
        self._last_action = 0

    def reset(self, seed: int) -> None:
        """Begins an episode whose randomness all comes from `seed` (32 bits)."""
        self._random.seed(seed)
        self._last_action = 0
        self._game.reset()

    def step(self, action: int) -> tuple[float, bool, bool]:
        """Acts once; returns the reward and whether the episode terminated; never truncated."""
        if self._random.rand() < _STICKINESS:
            action = self._last_action
        self._last_action = action
        reward, terminated = self._game.act(action)
        return reward, terminated, False

    def render(self) -> np.ndarray:
        """Returns the board, each channel in a colour of its own, uint8 [320, 320, 3]."""
        board = self._game.state()
        channels = board.shape[-1]
        top = np.where(board.any(-1), board.argmax(-1), channels)
        hues = [colorsys.hsv_to_rgb(k / channels, 0.75, 0.95) for k in range(channels)]
        colours = np.array([*hues, (0.1, 0.1, 0.12)])
        pixels: np.ndarray = (255 * colours[top]).astype(np.uint8)
        return np.kron(pixels, np.ones((_PIXELS, _PIXELS, 1), np.uint8))

    def observe(self) -> np.ndarray:
        """Returns the current observation [10, 10, C]."""
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
