"""Spaces of Gymnasium environments: actions as agents take them, observations as arrays."""

from __future__ import annotations

import math
import operator
import reprlib
import textwrap
from typing import Any

import numpy as np

from agents.envs import gymnasium_env
from agents.envs.outcome import Misfit
from agents.shape import Shape

_BRIGHTEST = 255.0
_OWN_WRAPPER = 'env.wrappers: ["path/file.py:Name"]'


class Actions:
    """The actions of a space: choices, or numbers in [-1, 1] that are scaled to its bounds."""

    def __init__(self, env: Any, title: str) -> None:
        from gymnasium import spaces

        space = _declared(env, "action_space", title)
        self.continuous = not isinstance(space, spaces.Discrete)
        if not self.continuous:
            self.count, self._start = int(space.n), int(space.start)
            return
        numbers = isinstance(space, spaces.Box) and np.issubdtype(space.dtype, np.floating)
        if not (numbers and space.is_bounded()):
            raise Misfit(
                f"actions of {title!r} must be choices (Discrete) or a box of floats with finite "
                f"bounds, but are {space}; a wrapper of your own may make them so ({_OWN_WRAPPER})"
            )
        self._middle, self._half = gymnasium_env.bounds(space, title)
        self.count, self._space = math.prod(space.shape), space

    def of(self, action: Any) -> Any:
        """Returns the action that the environment takes."""
        if not self.continuous:
            return self._start + int(action)
        scaled = self._middle + self._half * np.reshape(action, self._space.shape)
        return np.clip(scaled.astype(self._space.dtype), self._space.low, self._space.high)


class Encoding:
    """How observations of a space become arrays; what would become something else is refused.

    Refused are choices outside a `Discrete` space, arrays of another shape than declared, what is
    no number, and what a box of bytes or bits cannot hold, as a float in [0, 1]. Floats may leave
    the bounds of their box, as those of LunarLander do, and may have another precision: they are
    read as they are.
    """

    def __init__(self, env: Any, title: str) -> None:
        from gymnasium import spaces

        space = _declared(env, "observation_space", title)
        self._space, self._title = space, title
        self._start = int(space.start) if isinstance(space, spaces.Discrete) else None
        self._seen: tuple[int, ...] = tuple(space.shape or ())
        if isinstance(space, spaces.Discrete):
            self._shape: tuple[int, ...] = (int(space.n),)
            self._dtype: np.dtype[Any] = np.dtype(bool)
        elif isinstance(space, spaces.MultiBinary):
            self._shape, self._dtype = (math.prod(space.shape),), np.dtype(bool)
        elif isinstance(space, spaces.Box):
            self._dtype = np.dtype(np.uint8 if space.dtype == np.uint8 else np.float32)
            grey = self._dtype == np.uint8 and len(space.shape) == 2
            self._shape = (*space.shape, 1) if grey else (space.shape or (1,))
        else:
            raise Misfit(
                f"observations of {title!r} must be a box, MultiBinary or choices (Discrete), but "
                f"are {space}; a wrapper may make them so (env.wrappers: [FlattenObservation])"
            )

    def encode(self, observation: Any) -> np.ndarray:
        """Returns an observation as an array of its own; raises `Misfit` where it does not fit."""
        if self._start is not None:
            return self._one_hot(observation, self._start)
        array = type(observation) is np.ndarray and observation.dtype is self._dtype
        if array and observation.shape == self._shape == self._seen:
            return np.array(observation)
        return self._converted(observation)

    def _converted(self, observation: Any) -> np.ndarray:
        try:
            seen = np.asarray(observation)
        except ValueError:
            raise self._misfit(observation, "that is no array") from None
        if seen.shape != self._seen:
            raise self._misfit(observation, f"of shape {seen.shape}")
        if seen.dtype.kind not in "fiub":
            raise self._misfit(observation, f"of the type {seen.dtype}")
        if self._dtype == np.float32:
            return seen.astype(self._dtype).reshape(self._shape)
        with np.errstate(invalid="ignore"):
            made = seen.astype(self._dtype)
        if not np.array_equal(made, seen):
            raise self._misfit(observation, f"of {seen.dtype} that is no {self._dtype}")
        return made.reshape(self._shape)

    def _one_hot(self, observation: Any, start: int) -> np.ndarray:
        try:
            place = operator.index(observation) - start
        except TypeError:
            raise self._misfit(observation, "that is no whole number") from None
        if not 0 <= place < self._shape[0]:
            raise self._misfit(observation, "outside its choices")
        one_hot = np.zeros(self._shape, bool)
        one_hot[place] = True
        return one_hot

    def _misfit(self, observation: Any, what: str) -> Misfit:
        listed = observation.tolist() if hasattr(observation, "tolist") else observation
        seen = textwrap.shorten(reprlib.repr(listed), 100, placeholder=" …")
        return Misfit(
            f"{self._title!r} gave an observation {what}, {seen}, but declares {self._space}; "
            f"mend the environment, or give it a wrapper ({_OWN_WRAPPER})"
        )

    def shape(self, stack: int, actions: Actions) -> Shape:
        """Returns the shape of `stack` observations along the last axis, and of actions."""
        whole = (*self._shape[:-1], self._shape[-1] * stack)
        high = _BRIGHTEST if self._dtype == np.uint8 else 1.0
        return Shape(whole, self._dtype.name, actions.count, actions.continuous, high)


def reward_of(reward: Any, title: str) -> float:
    """Returns a reward as a number, also from an array of one; raises `Misfit` for others."""
    if isinstance(reward, (float, int)):
        return float(reward)
    found = np.asarray(reward)
    if found.size != 1 or found.dtype.kind not in "fiub":
        raise Misfit(
            f"rewards of {title!r} must be numbers, but one is {reprlib.repr(reward)}; "
            f"mend the environment, or give it a wrapper ({_OWN_WRAPPER})"
        )
    return float(found.reshape(-1)[0])


def _declared(env: Any, name: str, title: str) -> Any:
    """The space `name` of an environment."""
    from gymnasium import spaces

    space = getattr(env, name, None)
    if not isinstance(space, spaces.Space):
        has = "none" if space is None else f"{space} of the type {type(space).__module__}"
        raise Misfit(
            f"{title!r} must declare a space of gymnasium.spaces as its {name}, but has {has}; set "
            f"self.{name} in its __init__, or give it a wrapper that has one ({_OWN_WRAPPER})"
        )
    return space
