"""Settings of environments: the parameters `env.*`, which belong to a run's signature."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agents.parameter import OPEN, Parameter

_KWARGS = "env.kwargs"
PARAMETERS: Mapping[str, Parameter] = {
    "env.wrappers": Parameter(list, ()),
    "env.stack": Parameter(int, 1, low=1),
    "env.repeat": Parameter(int, 1, low=1),
    "env.size": Parameter(int, None, low=8, high=512),
    "env.camera": Parameter(int, None, low=0),
    "env.quality": Parameter(str, None, choices=("near", "lean")),
    f"{_KWARGS}{OPEN}": Parameter(object, None),
}
"""Of every learner: wrappers by name, observations that are stacked, steps that an action is
repeated for, pictures' side, camera and quality where an environment draws them, and keyword
arguments of the environment, each by its name."""


@dataclass(frozen=True)
class Settings:
    """The settings of an environment; wrappers and keyword arguments are JSON, to be hashable.

    Those that are `None` leave it to the environment.
    """

    wrappers: str = "[]"
    stack: int = 1
    repeat: int = 1
    kwargs: str = "{}"
    size: int | None = None
    camera: int | None = None
    quality: str | None = None

    @classmethod
    def of(cls, params: Mapping[str, Any]) -> Settings:
        """Returns the `env.*` of a run's parameters."""
        prefix = f"{_KWARGS}."
        kwargs = {n.removeprefix(prefix): v for n, v in params.items() if n.startswith(prefix)}
        kwargs.pop(OPEN.removeprefix("."), None)
        return cls(
            json.dumps(params.get("env.wrappers", ())),
            int(params.get("env.stack", 1)),
            int(params.get("env.repeat", 1)),
            json.dumps(kwargs, sort_keys=True),
            *(params.get(f"env.{name}") for name in ("size", "camera", "quality")),
        )

    @property
    def given(self) -> tuple[str, ...]:
        """The names of the settings that are not the defaults."""
        plain = Settings()
        changed = [name for name in vars(plain) if getattr(self, name) != getattr(plain, name)]
        return tuple(f"env.{name}" for name in changed)

    @property
    def text(self) -> str:
        """Those that are given, in words, each under the name of its parameter."""
        kwargs = [f"{_KWARGS}.{name}={value!r}" for name, value in self.arguments.items()]
        others = [name for name in self.given if name != _KWARGS]
        return ", ".join(kwargs + [f"{n}={getattr(self, n.removeprefix('env.'))}" for n in others])

    @property
    def counts_steps(self) -> bool:
        """Whether a step of an agent may be several of its environment."""
        return self.repeat > 1 or self.wrappers != "[]"

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
