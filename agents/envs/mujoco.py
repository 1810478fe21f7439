"""Gymnasium's MuJoCo tasks from states; `-v4` and `-v5` as published, and Ant in both widths."""

from __future__ import annotations

from typing import Any, ClassVar

from agents.envs.gymnasium_env import GymnasiumEnvironment
from agents.shape import Shape

_SIZES = {
    "Hopper-v4": (11, 3),
    "Hopper-v5": (11, 3),
    "Walker2d-v4": (17, 6),
    "Walker2d-v5": (17, 6),
    "HalfCheetah-v4": (17, 6),
    "HalfCheetah-v5": (17, 6),
    "Ant-v4": (27, 8),
    "Ant-v5": (105, 8),
    "Humanoid-v4": (376, 17),
    "Humanoid-v5": (348, 17),
    "ant_27": (27, 8),
    "ant_111": (111, 8),
}
"""Numbers of an observation and of an action."""

_ALIASES: dict[str, tuple[str, dict[str, Any]]] = {
    "ant_27": ("Ant-v4", {}),
    "ant_111": ("Ant-v4", {"use_contact_forces": True}),
}
"""Ant-v2's width of 111 counts contact forces, which in Ant-v4 enter the reward too."""


class Environment(GymnasiumEnvironment):
    """One MuJoCo task of 1,000 steps at most."""

    tasks: ClassVar[tuple[str, ...]] = tuple(_SIZES)
    extra: ClassVar[tuple[str, ...]] = ("mujoco", "gymnasium", "mujoco")

    @staticmethod
    def shape(task: str) -> Shape:
        """Returns the shape: a vector of float32 and the joints' torques."""
        observation, actions = _SIZES[task]
        return Shape((observation,), "float32", actions, continuous=True)

    @staticmethod
    def bytes_each(task: str) -> int:
        """Returns the bytes that Ant and Humanoid take; the others take less."""
        return 1_200_000

    def __init__(self, task: str) -> None:
        name, options = _ALIASES.get(task, (task, {}))
        super().__init__(name, **options)
