"""Gymnasium environments with bounded actions, as our packs step them, and what they share."""

from __future__ import annotations

import logging
import sys
import warnings
from typing import Any

import numpy as np

_USUAL_PACE = 30.0


class GymnasiumEnvironment:
    """One environment of the registered `name`; actions in [-1, 1] are scaled to its bounds.

    It truncates where Gymnasium's registration says so. Wrappers are left out: they cost as much
    as a step of a small robot.
    """

    def __init__(self, name: str, **options: Any) -> None:
        import gymnasium

        wrapped = make(gymnasium.registry[name], options)
        self._environment = wrapped.unwrapped
        self._most = int(wrapped.spec.max_episode_steps)
        self._middle, self._half = bounds(self._environment.action_space, name)
        self._observation = np.zeros(self._environment.observation_space.shape, np.float32)
        self._steps = 0
        self._unstable = unstable()

    def reset(self, seed: int) -> None:
        """Begins an episode whose randomness all comes from `seed` (32 bits)."""
        self._steps = 0
        renew_world(self._environment)
        self._observation, _ = self._environment.reset(seed=seed)

    def step(self, action: np.ndarray) -> tuple[float, bool, bool]:
        """Acts once; returns reward, whether the episode terminated, whether it was truncated.

        Raises `FloatingPointError` where the simulator diverged.
        """
        try:
            self._observation, reward, terminated, _, _ = self._environment.step(
                self._middle + self._half * action
            )
        except self._unstable as error:
            raise FloatingPointError(str(error)) from error
        self._steps += 1
        return float(reward), bool(terminated), self._steps >= self._most

    def observe(self) -> np.ndarray:
        """Returns the current observation, float32."""
        return np.asarray(self._observation, np.float32)

    @property
    def pictures_per_s(self) -> float | None:
        """How many of its pictures pass in a second; `None` where it has none."""
        return pictures_per_s(self._environment)

    def render(self) -> np.ndarray:
        """Returns what can be seen of it, uint8 [H, W, 3]."""
        return picture(self._environment)


def make(registered: Any, options: dict[str, Any]) -> Any:
    """Returns a new environment of a registration, in the wrappers that that names.

    What MuJoCo warns of is logged; by itself it writes a file where the process happens to be.
    """
    import gymnasium

    if str(registered.entry_point).startswith("gymnasium.envs.mujoco."):
        import mujoco

        mujoco.set_mju_user_warning(lambda text: None)  # the models are old, and say so
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # -v4 is out of date on purpose
        made = gymnasium.make(registered, disable_env_checker=True, **options)
    if "mujoco" in sys.modules:
        sys.modules["mujoco"].set_mju_user_warning(logging.getLogger("mujoco").warning)
    return made


def pictures_per_s(environment: Any) -> float | None:
    """Returns how many pictures of an environment pass in a second; `None` where it has none."""
    known = environment.metadata
    seen = "rgb_array" in known.get("render_modes", ())
    return float(known.get("render_fps", _USUAL_PACE)) if seen else None


def picture(environment: Any) -> np.ndarray:
    """Returns what can be seen of an environment, uint8 [H, W, 3].

    Environments are made without a mode of rendering, as those that train need none.
    """
    environment.unwrapped.render_mode = "rgb_array"
    return np.asarray(environment.render(), np.uint8)


def unstable() -> tuple[type[Exception], ...]:
    """Returns the errors by which simulators that are imported say that they diverged."""
    return (sys.modules["mujoco"].FatalError,) if "mujoco" in sys.modules else ()


def bounds(space: Any, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Returns middle and half width of actions; raises ValueError where they have no bounds."""
    import gymnasium

    if not (isinstance(space, gymnasium.spaces.Box) and space.is_bounded()):
        raise ValueError(f"actions of {name} must be a box with bounds, but are {space}")
    low, high = (bound.astype(np.float64) for bound in (space.low, space.high))
    return (low + high) / 2, (high - low) / 2


def renew_world(environment: Any) -> None:
    """Gives one of Gymnasium's Box2D environments a new world: an old one resolves contacts in
    another order."""
    if type(environment).__module__.startswith("gymnasium.envs.box2d."):
        environment._destroy()
        environment.world = type(environment.world)(gravity=environment.world.gravity)
