"""Wrappers of Gymnasium environments; Gymnasium is imported with this file."""

from __future__ import annotations

import inspect
from typing import Any

import gymnasium

from agents import lookup
from agents.envs.gymnasium_spaces import reward_of
from agents.envs.settings import Settings


class Recorder(gymnasium.Wrapper):
    """Adds up rewards and counts steps, below all that changes them."""

    def __init__(self, env: Any, title: str) -> None:
        super().__init__(env)
        self._title = title
        self._reward, self._steps = 0.0, 0

    def step(self, action: Any) -> Any:
        """Acts once."""
        outcome = self.env.step(action)
        self._reward += reward_of(outcome[1], self._title)
        self._steps += 1
        return outcome

    def taken(self) -> tuple[float, int]:
        """Returns the sum of rewards and the number of steps since the last time."""
        found = self._reward, self._steps
        self._reward, self._steps = 0.0, 0
        return found


class Repeat(gymnasium.Wrapper):
    """Repeats every action `times` times, fewer where the episode ends; rewards are added up."""

    def __init__(self, env: Any, times: int, title: str) -> None:
        super().__init__(env)
        self._times, self._title = times, title

    def step(self, action: Any) -> Any:
        """Acts as often, and returns the last observation."""
        total = 0.0
        for _ in range(self._times):
            observation, reward, terminated, truncated, info = self.env.step(action)
            total += reward_of(reward, self._title)
            if terminated or truncated:
                break
        return observation, total, terminated, truncated, info


def wrapped(env: Any, settings: Settings, training: bool) -> Any:
    """Returns `env` in the wrappers that the settings name.

    One with an argument called `training` is told whether the environment trains. Raises ValueError
    where there is no such wrapper, or it raises.
    """
    for name, arguments in settings.wrapped_by:
        wrapper = _found(name)
        try:
            if "training" in inspect.signature(wrapper).parameters:
                arguments = {"training": training, **arguments}
            env = wrapper(env, **arguments)
        except Exception as error:
            said = f"{type(error).__name__}: {error}"
            raise ValueError(f"env.wrappers: {name!r} cannot wrap {env}: {said}") from error
        if not isinstance(env, gymnasium.Env):
            kind = type(env).__name__
            raise ValueError(f"env.wrappers: {name!r} must give an environment, but gave a {kind}")
    return env


def _found(name: str) -> Any:
    if ".py:" in name:
        try:
            return lookup.find("envs", name)
        except Exception as error:
            problem = error if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"
            raise ValueError(f"env.wrappers: {name!r} does not load: {problem}") from error
    valid = [one for one in gymnasium.wrappers.__all__ if one[0].isupper()]
    if name not in valid:
        raise ValueError(
            f"env.wrappers: {lookup.unknown('wrapper', name, valid)}, or path/file.py:Name"
        )
    return getattr(gymnasium.wrappers, name)
