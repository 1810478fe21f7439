"""What a learner says about each of its parameters."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from agents import lookup

OPEN = ".*"
"""The end of a name that stands for all names with its beginning."""


@dataclass(frozen=True)
class Parameter:
    """A parameter: type, default, valid values; `packable` if members of a pack may differ in it.

    One whose default is `None` need not be given. Kind `tuple` is a list, or one of the words in
    `choices`; kind `list` is of names, each alone or as `{name: {argument: value}}`; kind `object`
    takes any value. `listed` numbers may also be lists of such numbers, as many as the parameter
    `counted_by` says where it is given. `only` names other parameters, each with the values beside
    which there is this one; a file of one's own goes beside all.
    """

    kind: type
    default: Any
    low: float | None = None
    high: float | None = None
    choices: tuple[Any, ...] | None = None
    packable: bool = False
    listed: bool = False
    counted_by: str | None = None
    only: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)

    def check(self, name: str, value: Any) -> None:
        """Raises ValueError with rule, value and valid choices where `value` is not valid."""
        if value is None and self.default is None:
            return
        if self.listed and isinstance(value, (tuple, list)):
            self._check_list(name, value)
            return
        if not self._has_kind(value):
            raise ValueError(f"{name} must be {self._kind_name()}, got {value!r}")
        if self.kind is not tuple and self.choices is not None and value not in self.choices:
            valid = ", ".join(str(choice) for choice in self.choices)
            raise ValueError(f"{name} must be one of {valid}, got {value!r}")
        if self.kind not in (int, float):
            return
        if self.low is not None and value < self.low:
            raise ValueError(f"{name} must be at least {self.low:g}, got {value!r}")
        if self.high is not None and value > self.high:
            raise ValueError(f"{name} must be at most {self.high:g}, got {value!r}")

    def _check_list(self, name: str, values: Sequence[Any]) -> None:
        if not values:
            raise ValueError(f"{name} must be {self._kind_name()}, got an empty list")
        one = replace(self, listed=False)
        for place, value in enumerate(values, start=1):
            one.check(f"{name}, number {place} of {list(values)},", value)

    def belongs(self, params: Mapping[str, Any]) -> bool:
        """Returns whether there is this parameter beside the others, which are complete."""
        if not self.only:  # as of most, which are asked for every configuration of a grid
            return True
        return all(
            params.get(name) in valid or lookup.is_file(params.get(name))
            for name, valid in self.only.items()
        )

    def check_belongs(self, name: str, params: Mapping[str, Any]) -> None:
        """Raises ValueError that says what this parameter belongs to, where that is not there."""
        if not self.belongs(params):
            of = " and ".join(f"{n}={' or '.join(map(str, v))}" for n, v in self.only.items())
            here = " and ".join(f"{other} is {params.get(other)}" for other in self.only)
            raise ValueError(f"{name} is a parameter of {of}, and {here} here")

    def _has_kind(self, value: Any) -> bool:
        if self.kind is object:
            return True
        if self.kind is tuple:
            words = self.choices or ()
            return isinstance(value, (tuple, list)) or (isinstance(value, str) and value in words)
        if self.kind is list:
            return isinstance(value, (tuple, list)) and all(map(_is_call, value))
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
            tuple: " or ".join(["a list", *map(str, self.choices or ())]),
            str: "a word",
            list: "a list of names, each alone or as {name: {argument: value}}",
        }
        return f"{names[self.kind]}{' or a list of them' if self.listed else ''}"


def _is_call(value: Any) -> bool:
    """Whether it is a name, or a name with its keyword arguments."""
    if isinstance(value, str):
        return True
    one = isinstance(value, Mapping) and len(value) == 1
    return one and isinstance(next(iter(value.values())), Mapping)


def find(parameters: Mapping[str, Parameter], name: str) -> Parameter | None:
    """Returns the parameter called `name`, which may stand for many; `None` where there is none."""
    if name in parameters:
        return parameters[name]
    fits = (p for n, p in parameters.items() if n.endswith(OPEN) and name.startswith(n[:-1]))
    return next(fits, None)


def of_kinds(key: str, own: Mapping[str, Mapping[str, Parameter]]) -> dict[str, Parameter]:
    """Returns the parameters that each kind has, by whole names, which belong to these alone.

    The parameter `key` says the kind.
    """
    found: dict[str, Parameter] = {}
    for theirs in own.values():
        for name, known in theirs.items():
            takers = tuple(kind for kind, others in own.items() if name in others)
            found[name] = replace(known, only={**known.only, key: takers})
    return found
