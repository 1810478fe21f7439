"""What a learner says about each of its parameters."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Parameter:
    """A parameter: type, default, valid values; `packable` if members of a pack may differ in it.

    One whose default is `None` need not be given.
    """

    kind: type
    default: Any
    low: float | None = None
    high: float | None = None
    choices: tuple[Any, ...] | None = None
    packable: bool = False

    def check(self, name: str, value: Any) -> None:
        """Raises ValueError with rule, value and valid choices where `value` is not valid."""
        if value is None and self.default is None:
            return
        if not self._has_kind(value):
            raise ValueError(f"{name} must be {self._kind_name()}, got {value!r}")
        if self.choices is not None and value not in self.choices:
            valid = ", ".join(str(choice) for choice in self.choices)
            raise ValueError(f"{name} must be one of {valid}, got {value!r}")
        if self.kind not in (int, float):
            return
        if self.low is not None and value < self.low:
            raise ValueError(f"{name} must be at least {self.low:g}, got {value!r}")
        if self.high is not None and value > self.high:
            raise ValueError(f"{name} must be at most {self.high:g}, got {value!r}")

    def _has_kind(self, value: Any) -> bool:
        if self.kind is tuple:
            return isinstance(value, (tuple, list))
        if isinstance(value, bool) or self.kind is bool:
            return self.kind is bool and isinstance(value, bool)
        if self.kind is float:
            return isinstance(value, (int, float)) and math.isfinite(value)
        return isinstance(value, self.kind)

    def _kind_name(self) -> str:
        names = {
            int: "a whole number",
            float: "a finite number",
            bool: "true or false",
            tuple: "a list",
            str: "a word",
        }
        return names[self.kind]
