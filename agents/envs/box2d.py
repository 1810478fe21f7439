"""Gymnasium's Box2D walker."""

from __future__ import annotations

from typing import ClassVar

from agents.envs.gymnasium_env import GymnasiumEnvironment
from agents.shape import Shape


class Environment(GymnasiumEnvironment):
    """BipedalWalker-v3: 1,600 steps at most."""

    tasks: ClassVar[tuple[str, ...]] = ("BipedalWalker-v3",)
    extra: ClassVar[tuple[str, ...]] = ("box2d", "gymnasium", "Box2D")

    @staticmethod
    def shape(task: str) -> Shape:
        """Returns the shape: 24 numbers, four torques."""
        return Shape((24,), "float32", 4, continuous=True)
