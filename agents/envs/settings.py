"""Settings of environments: the parameters `env.*`, which belong to a run's signature."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from agents.parameter import OPEN, Parameter

_KWARGS = "env.kwargs"
PARAMETERS: Mapping[str, Parameter] = {
    "env.wrappers": Parameter(list, ()),
    "env.stack": Parameter(int, None, low=1),
    "env.repeat": Parameter(int, None, low=1),
    "env.size": Parameter(int, None, low=8, high=512),
    "env.camera": Parameter(int, None, low=0),
    "env.quality": Parameter(str, None, choices=("near", "lean")),
    "env.noops": Parameter(int, None, low=0),
    "env.sticky": Parameter(float, None, low=0.0, high=1.0),
    "env.actions": Parameter(str, None, choices=("minimal", "full")),
    "env.most_frames": Parameter(int, None, low=1, high=2_000_000_000),
    "env.clip_rewards": Parameter(bool, None),
    "env.life_ends": Parameter(bool, None),
    f"{_KWARGS}{OPEN}": Parameter(object, None),
}
"""Of every learner: wrappers by name, observations that are stacked, steps that an action is
repeated for, pictures' side, camera and quality where an environment draws them; of games how many
no-ops an episode begins with at most, how likely an action sticks, which actions there are, after
how many frames an episode is cut, and, in training, whether rewards are clipped and whether a lost
life ends an episode; and keyword arguments of the environment, each by its name."""

_ALONE = (
    *("size", "camera", "quality"),
    *("noops", "sticky", "actions", "most_frames", "clip_rewards", "life_ends"),
)


@dataclass(frozen=True)
class Settings:
    """The settings of an environment; wrappers and keyword arguments are JSON, to be hashable.

    Those that are `None` leave it to the environment. A family may say by its `defaults` what they
    are then; else a stack is of one frame, and an action is taken once.
    """

    wrappers: str = "[]"
    stack: int | None = None
    repeat: int | None = None
    kwargs: str = "{}"
    size: int | None = None
    camera: int | None = None
    quality: str | None = None
    noops: int | None = None
    sticky: float | None = None
    actions: str | None = None
    most_frames: int | None = None
    clip_rewards: bool | None = None
    life_ends: bool | None = None

    @classmethod
    def of(cls, params: Mapping[str, Any]) -> Settings:
        """Returns the `env.*` of a run's parameters."""
        prefix = f"{_KWARGS}."
        kwargs = {n.removeprefix(prefix): v for n, v in params.items() if n.startswith(prefix)}
        kwargs.pop(OPEN.removeprefix("."), None)
        wrappers = params.get("env.wrappers", ())
        return cls(
            json.dumps(wrappers) if wrappers else cls.wrappers,
            params.get("env.stack"),
            params.get("env.repeat"),
            json.dumps(kwargs, sort_keys=True) if kwargs else cls.kwargs,
            *(params.get(f"env.{name}") for name in _ALONE),
        )

    @property
    def given(self) -> tuple[str, ...]:
        """The names of the settings that are not the defaults; stacks and repetitions of 1 are."""
        plain, values = Settings(), vars(self)
        nothing = {"stack": (None, 1), "repeat": (None, 1)}
        changed = [
            name
            for name, default in vars(plain).items()
            if values[name] not in nothing.get(name, (default,))
        ]
        return tuple(f"env.{name}" for name in changed)

    @property
    def text(self) -> str:
        """Those that are given, in words, each under the name of its parameter."""
        kwargs = [f"{_KWARGS}.{name}={value!r}" for name, value in self.arguments.items()]
        others = [name for name in self.given if name != _KWARGS]
        return ", ".join(kwargs + [f"{n}={getattr(self, n.removeprefix('env.'))}" for n in others])

    def filled(self, defaults: Mapping[str, Any]) -> Settings:
        """Returns these settings, with a family's `defaults` in the place of those left to it."""
        every = {"stack": 1, "repeat": 1, **defaults}
        return replace(self, **{n: v for n, v in every.items() if getattr(self, n) is None})

    @property
    def counts_steps(self) -> bool:
        """Whether a step of an agent may be several of its environment."""
        return (self.repeat or 1) > 1 or self.wrappers != "[]"

    @property
    def arguments(self) -> dict[str, Any]:
        """The keyword arguments of the environment."""
        found: dict[str, Any] = json.loads(self.kwargs)
        return found

    @property
    def wrapped_by(self) -> list[tuple[str, dict[str, Any]]]:
        """Each wrapper's name and keyword arguments, the innermost first."""
        listed = json.loads(self.wrappers)
        return [
            (item, {}) if isinstance(item, str) else next(iter(item.items())) for item in listed
        ]


PLAIN = Settings()
"""The settings of who sets nothing."""
