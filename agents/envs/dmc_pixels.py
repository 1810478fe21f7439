"""The tasks of the DeepMind Control Suite as one of their cameras sees them."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from agents import lookup
from agents.envs import display, dmc, drawing
from agents.envs.outcome import Outcome
from agents.envs.settings import PLAIN, Settings
from agents.shape import Shape

_CAMERAS = {"dog-fetch": 4, "fish-": 5, "humanoid": 3, "quadruped-": 4, "swimmer-": 3}
"""How many cameras there are by the beginning of a task, where there are not two."""
_SIDE = 84
_FILMED = (240, 320)


@dataclass
class _View:
    """What a step showed: a scene, and its picture once somebody wanted to see it."""

    scene: Any
    frame: np.ndarray | None = None


class Environment:
    """One task of the suite: squares of `env.size` points, [H, W, 3] each, of one camera.

    Actions are repeated `env.repeat` times, fewer where the episode ends; rewards are added up.
    Frames are joined along the last axis, `env.stack` of them, the oldest first; an episode begins
    with copies of its first. A step that nobody observes is not drawn.
    """

    tasks: ClassVar[tuple[str, ...]] = (
        "ball_in_cup-catch",
        "cartpole-balance",
        "cartpole-balance_sparse",
        "cartpole-swingup",
        "cartpole-swingup_sparse",
        "cheetah-run",
        "finger-spin",
        "hopper-hop",
        "hopper-stand",
        "pendulum-swingup",
        "reacher-easy",
        "reacher-hard",
        "walker-run",
        "walker-stand",
        "walker-walk",
    )
    unfit: ClassVar[Mapping[str, str]] = {
        **dmc.Environment.unfit,
        "quadruped-escape": "its ground is another in each episode, and a picture's is not",
    }
    settings: ClassVar[tuple[str, ...]] = (
        *("env.size", "env.camera", "env.quality"),
        *("env.repeat", "env.stack"),
    )
    extra: ClassVar[tuple[str, ...]] = dmc.Environment.extra

    @staticmethod
    def locate(task: str) -> None:
        """Raises ValueError where the suite has no such task."""
        known = dmc.Environment.tasks
        if task not in known:
            raise lookup.unknown("task", f"dmc_pixels/{task}", [f"dmc_pixels/{n}" for n in known])

    @staticmethod
    def check(task: str, settings: Settings) -> None:
        """Raises ValueError where there is no such camera."""
        cameras = next((n for begin, n in _CAMERAS.items() if task.startswith(begin)), 2)
        if settings.camera is not None and settings.camera >= cameras:
            valid = ", ".join(map(str, range(cameras)))
            raise ValueError(
                f"env.camera must be a camera of 'dmc_pixels/{task}' ({valid}), got "
                f"{settings.camera}"
            )

    @staticmethod
    def shape(task: str, settings: Settings = PLAIN) -> Shape:
        """Returns the shape: an image of bytes, and torques."""
        side, actions = settings.size or _SIDE, dmc.Environment.shape(task).actions
        stack = settings.stack or 1
        image = (side, side, 3 * stack)
        return Shape(image, "uint8", actions, continuous=True, high=255.0, stack=stack)

    @staticmethod
    def bytes_each(task: str) -> int:
        """Returns bytes of one environment, and its share of what draws them all."""
        return dmc.Environment.bytes_each(task) + 4_000_000

    @staticmethod
    def describe(task: str) -> dict[str, str]:
        """Returns what draws here, on which pictures depend."""
        return display.described()

    def __init__(self, task: str, settings: Settings = PLAIN, training: bool = True) -> None:
        display.display()
        self._repeat = settings.repeat or 1
        self.described = self.shape(task, settings)
        """The shape of its observations and actions."""
        self._states = dmc.Environment(task)
        model, quality = self._states.physics.model.ptr, settings.quality or "near"
        self._camera = drawing.Camera(f"dmc/{task}", model, settings.camera or 0, quality)
        self._scenes = [self._camera.scene() for _ in range(self.described.stack)]
        self._views: deque[_View] = deque(maxlen=self.described.stack)
        self._seen = 0

    @property
    def _side(self) -> tuple[int, int]:
        return self.described.observation[0], self.described.observation[1]

    def reset(self, seed: int) -> None:
        """Begins an episode whose randomness all comes from `seed` (32 bits)."""
        self._states.reset(seed)
        self._seen = 0
        self._views.extend([self._look()] * len(self._scenes))

    def step(self, action: np.ndarray) -> tuple[float, bool, bool] | Outcome:
        """Acts once; returns reward, whether the episode terminated, whether it was truncated.

        Where the action is repeated also what is scored, and the steps that were taken. Raises
        `FloatingPointError` where the physics diverged.
        """
        total, steps, over = 0.0, 0, False
        while steps < self._repeat and not over:
            reward, terminated, truncated = self._states.step(action)
            total, steps, over = total + reward, steps + 1, terminated or truncated
        self._views.append(self._look())
        if self._repeat == 1:
            return total, terminated, truncated
        return Outcome(total, terminated, truncated, total, steps)

    def _look(self) -> _View:
        """What there is to see now; in the scene of the oldest view, which leaves."""
        view = _View(self._scenes[self._seen % len(self._scenes)])
        self._camera.take(self._states.physics.data.ptr, view.scene)
        self._seen += 1
        return view

    @property
    def pictures_per_s(self) -> float:
        """How many of its pictures pass in a second: one a step."""
        return self._states.pictures_per_s / self._repeat

    def render(self) -> np.ndarray:
        """Returns what its camera sees, larger than it is observed, uint8 [240, 320, 3]."""
        scene = self._camera.scene()
        self._camera.take(self._states.physics.data.ptr, scene)
        return self._camera.draw(scene, *_FILMED)

    def observe(self) -> np.ndarray:
        """Returns the newest frames, the oldest first along the last axis, uint8 [H, W, C]."""
        return np.concatenate([self._drawn(view) for view in self._views], axis=-1)

    def _drawn(self, view: _View) -> np.ndarray:
        if view.frame is None:
            view.frame = self._camera.draw(view.scene, *self._side)
        return view.frame
