"""What a trainable said when its study began: enough to plan and to look, without its code."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

from sweeper.trainable.contract import Parameter, Parametrised, Trainable

_KINDS: dict[str, type] = {
    kind.__name__: kind for kind in (bool, int, float, str, tuple, list, object)
}
_DIGITS = 16


@dataclass(frozen=True)
class FrozenParameter:
    """Satisfies `sweeper.trainable.contract.Parameter`."""

    kind: type
    default: Any
    low: float | None
    high: float | None
    choices: tuple[Any, ...] | None
    packable: bool

    @classmethod
    def of(cls, parameter: Parameter) -> Self:
        """What `parameter` says of itself."""
        valid = parameter.choices
        return cls(
            parameter.kind,
            tuples(parameter.default),
            parameter.low,
            parameter.high,
            None if valid is None else tuple(map(tuples, valid)),
            parameter.packable,
        )

    @classmethod
    def of_json(cls, body: Mapping[str, Any]) -> Self:
        """The parameter that `to_json` gave."""
        valid = body.get("choices")
        return cls(
            _KINDS[body["kind"]],
            tuples(body["default"]),
            body.get("low"),
            body.get("high"),
            None if valid is None else tuple(map(tuples, valid)),
            bool(body.get("packable")),
        )

    def to_json(self) -> dict[str, Any]:
        """The parameter as plain data, without what is `None` or false but for its default."""
        optional = {
            "low": self.low,
            "high": self.high,
            "choices": self.choices,
            "packable": self.packable or None,
        }
        given = {name: value for name, value in optional.items() if value is not None}
        return {"kind": self.kind.__name__, "default": self.default, **given}


@dataclass(frozen=True)
class Frozen:
    """A trainable as its study's plan has it: it can be asked all that planning and looking ask."""

    parameters: Mapping[str, FrozenParameter]
    packs: bool
    refused: frozenset[str] = frozenset()
    """Digests of the configurations that it refused."""

    @classmethod
    def of(
        cls,
        trainable: Trainable,
        parameters: Mapping[str, Parameter],
        refused: frozenset[str] = frozenset(),
    ) -> Self:
        """What `trainable` says, with these parameters and the digests of what it `refused`."""
        known = {name: FrozenParameter.of(one) for name, one in parameters.items()}
        return cls(known, bool(trainable.packs), refused)

    @classmethod
    def of_json(cls, body: Mapping[str, Any]) -> Self:
        """What `to_json` gave."""
        known = body["parameters"].items()
        parameters = {name: FrozenParameter.of_json(one) for name, one in known}
        return cls(parameters, bool(body["packs"]), frozenset(body["refused"]))

    def to_json(self) -> dict[str, Any]:
        """All of it as plain data."""
        return {
            "parameters": {name: one.to_json() for name, one in self.parameters.items()},
            "packs": self.packs,
            "refused": sorted(self.refused),
        }

    def with_refused(self, more: frozenset[str]) -> Self:
        """The same, which refuses `more` configurations."""
        return self if more <= self.refused else replace(self, refused=self.refused | more)

    def check(self, params: Mapping[str, Any], task: str) -> None:
        """Raises `ValueError` where it refused these parameters, on whatever task."""
        if self.refused and digest_of(text_of(params)) in self.refused:
            raise ValueError("was refused when the study began")


@dataclass(frozen=True)
class Pinned:
    """The parameters that a study began with, and checks by the trainable as it is now.

    New trials of a study are drawn with it: they have the same parameters as those before.
    """

    parameters: Mapping[str, Parameter]
    trainable: Parametrised

    def check(self, params: Mapping[str, Any], task: str) -> None:
        """Raises `ValueError` where the trainable now refuses these parameters on this task."""
        self.trainable.check(params, task)


def text_of(params: Mapping[str, Any]) -> str:
    """The canonical JSON of the parameters of a configuration."""
    return json.dumps(params, sort_keys=True, separators=(",", ":"))


def digest_of(text: str) -> str:
    """A digest of a configuration, given as the `text_of` its parameters."""
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]


def tuples(value: Any) -> Any:
    """`value` with tuples for lists, as parameters have them."""
    return tuple(map(tuples, value)) if isinstance(value, list | tuple) else value
