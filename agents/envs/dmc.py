"""The tasks of the DeepMind Control Suite with bounded actions, observed as states."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import numpy as np

from agents.shape import Shape

_SIZES = {
    "acrobot-swingup": (6, 1),
    "acrobot-swingup_sparse": (6, 1),
    "ball_in_cup-catch": (8, 2),
    "cartpole-balance": (5, 1),
    "cartpole-balance_sparse": (5, 1),
    "cartpole-swingup": (5, 1),
    "cartpole-swingup_sparse": (5, 1),
    "cartpole-three_poles": (11, 1),
    "cartpole-two_poles": (8, 1),
    "cheetah-run": (17, 6),
    "dog-fetch": (232, 38),
    "dog-run": (223, 38),
    "dog-stand": (223, 38),
    "dog-trot": (223, 38),
    "dog-walk": (223, 38),
    "finger-spin": (9, 2),
    "finger-turn_easy": (12, 2),
    "finger-turn_hard": (12, 2),
    "fish-swim": (24, 5),
    "fish-upright": (21, 5),
    "hopper-hop": (15, 4),
    "hopper-stand": (15, 4),
    "humanoid-run": (67, 21),
    "humanoid-run_pure_state": (55, 21),
    "humanoid-stand": (67, 21),
    "humanoid-walk": (67, 21),
    "humanoid_CMU-run": (137, 56),
    "humanoid_CMU-stand": (137, 56),
    "humanoid_CMU-walk": (137, 56),
    "manipulator-bring_ball": (44, 5),
    "manipulator-bring_peg": (44, 5),
    "manipulator-insert_ball": (44, 5),
    "manipulator-insert_peg": (44, 5),
    "pendulum-swingup": (3, 1),
    "point_mass-easy": (4, 2),
    "point_mass-hard": (4, 2),
    "quadruped-escape": (101, 12),
    "quadruped-fetch": (90, 12),
    "quadruped-run": (78, 12),
    "quadruped-walk": (78, 12),
    "reacher-easy": (6, 2),
    "reacher-hard": (6, 2),
    "stacker-stack_2": (49, 5),
    "stacker-stack_4": (63, 5),
    "swimmer-swimmer15": (61, 14),
    "swimmer-swimmer6": (25, 5),
    "walker-run": (24, 6),
    "walker-stand": (24, 6),
    "walker-walk": (24, 6),
}
"""Numbers of an observation and of an action, by `domain-task`."""


class Environment:
    """One task of 1,000 steps at most, without action repeat; observations are flattened."""

    tasks: ClassVar[tuple[str, ...]] = tuple(_SIZES)
    unfit: ClassVar[Mapping[str, str]] = dict.fromkeys(
        ("lqr-lqr_2_1", "lqr-lqr_6_2"), "its actions have no bounds"
    )
    extra: ClassVar[tuple[str, ...]] = ("dmc", "dm_control", "mujoco")

    @staticmethod
    def shape(task: str) -> Shape:
        """Returns the shape: a vector of float32, and torques."""
        observation, actions = _SIZES[task]
        return Shape((observation,), "float32", actions, continuous=True)

    @staticmethod
    def bytes_each(task: str) -> int:
        """Returns bytes of one environment, most of them MuJoCo's scratch memory."""
        return 90_000_000 if task.startswith("dog-") else 15_000_000

    def __init__(self, task: str) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of screens that are not there
            from dm_control import suite
            from dm_control.rl.control import PhysicsError

        domain, name = task.split("-", 1)
        self._environment: Any = suite.load(domain, name, task_kwargs={"random": 0})
        self._environment.physics._make_rendering_contexts = lambda: None  # quadruped-escape asks
        bounds = self._environment.action_spec()
        self._middle = (bounds.maximum + bounds.minimum) / 2
        self._half = (bounds.maximum - bounds.minimum) / 2
        self._timestep: Any = None
        self._unstable: type[Exception] = PhysicsError

    def reset(self, seed: int) -> None:
        """Begins an episode whose randomness all comes from `seed` (32 bits)."""
        self._environment.task.random.seed(seed)
        self._timestep = self._stable(self._environment.reset)

    def step(self, action: np.ndarray) -> tuple[float, bool, bool]:
        """Acts once; returns reward, whether the episode terminated, whether it was truncated.

        Raises `FloatingPointError` where the physics diverged.
        """
        self._timestep = self._stable(self._environment.step, self._middle + self._half * action)
        over = self._timestep.last()
        ended = over and self._timestep.discount == 0.0
        return float(self._timestep.reward or 0.0), ended, over and not ended

    def _stable(self, advance: Callable[..., Any], *given: np.ndarray) -> Any:
        try:
            return advance(*given)
        except self._unstable as error:
            raise FloatingPointError(str(error)) from error

    @property
    def physics(self) -> Any:
        """The simulation."""
        return self._environment.physics

    @property
    def pictures_per_s(self) -> float:
        """How many of its pictures pass in a second: one a step."""
        return 1.0 / float(self._environment.control_timestep())

    def render(self) -> np.ndarray:
        """Returns what its first camera sees, uint8 [240, 320, 3]."""
        vars(self.physics).pop("_make_rendering_contexts", None)
        seen: np.ndarray = self.physics.render(camera_id=0)
        return seen

    def observe(self) -> np.ndarray:
        """Returns the current observation, float32."""
        parts = [np.ravel(part) for part in self._timestep.observation.values()]
        return np.concatenate(parts, dtype=np.float32)
