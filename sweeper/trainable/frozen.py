"""What a trainable said when its study began: enough to plan and to look, without its code."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

from sweeper.trainable.contract import (
    Parameter,
    Parametrised,
    Trainable,
    counted_by,
    listed_of,
    only_of,
)

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
    only: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    listed: bool = False
    counted_by: str | None = None

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
            {name: tuple(values) for name, values in only_of(parameter).items()},
            listed_of(parameter),
            counted_by(parameter),
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
            {name: tuple(values) for name, values in body.get("only", {}).items()},
            bool(body.get("listed")),
            body.get("counted_by"),
        )

    def to_json(self) -> dict[str, Any]:
        """The parameter as plain data, without what is `None` or false but for its default."""
        optional = {
            "low": self.low,
            "high": self.high,
            "choices": self.choices,
            "packable": self.packable or None,
            "only": self.only or None,
            "listed": self.listed or None,
            "counted_by": self.counted_by,
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
    by_agent: Mapping[str, Mapping[str, FrozenParameter]] = field(default_factory=dict)
    """Of several agents the parameters of each."""

    @classmethod
    def of(
        cls,
        trainable: Trainable,
        planned: Parametrised,
        refused: frozenset[str] = frozenset(),
    ) -> Self:
        """What `trainable` says, with the parameters of `planned` and digests of the `refused`."""
        agents = getattr(planned, "by_agent", {}).items()
        return cls(
            _frozen(planned.parameters),
            bool(trainable.packs),
            refused,
            {agent: _frozen(parameters) for agent, parameters in agents},
        )

    @classmethod
    def of_json(cls, body: Mapping[str, Any]) -> Self:
        """What `to_json` gave."""
        agents = body.get("by_agent", {}).items()
        return cls(
            _thawed(body["parameters"]),
            bool(body["packs"]),
            frozenset(body["refused"]),
            {agent: _thawed(parameters) for agent, parameters in agents},
        )

    def to_json(self) -> dict[str, Any]:
        """All of it as plain data."""
        agents = {agent: _plain(parameters) for agent, parameters in self.by_agent.items()}
        return {
            "parameters": _plain(self.parameters),
            "packs": self.packs,
            "refused": sorted(self.refused),
            **({"by_agent": agents} if agents else {}),
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

    frozen: Parametrised
    trainable: Parametrised

    @property
    def parameters(self) -> Mapping[str, Parameter]:
        """The parameters that the study began with."""
        return self.frozen.parameters

    @property
    def by_agent(self) -> Mapping[str, Mapping[str, Parameter]]:
        """Of several agents the parameters of each."""
        found: Mapping[str, Mapping[str, Parameter]] = getattr(self.frozen, "by_agent", {})
        return found

    def check(self, params: Mapping[str, Any], task: str) -> None:
        """Raises `ValueError` where the trainable now refuses these parameters on this task."""
        self.trainable.check(params, task)


def _frozen(parameters: Mapping[str, Parameter]) -> dict[str, FrozenParameter]:
    return {name: FrozenParameter.of(one) for name, one in parameters.items()}


def _thawed(body: Mapping[str, Any]) -> dict[str, FrozenParameter]:
    return {name: FrozenParameter.of_json(one) for name, one in body.items()}


def _plain(parameters: Mapping[str, FrozenParameter]) -> dict[str, Any]:
    return {name: one.to_json() for name, one in parameters.items()}


def text_of(params: Mapping[str, Any]) -> str:
    """The canonical JSON of the parameters of a configuration."""
    return json.dumps(params, sort_keys=True, separators=(",", ":"))


def digest_of(text: str) -> str:
    """A digest of a configuration, given as the `text_of` its parameters."""
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]


def tuples(value: Any) -> Any:
    """`value` with tuples for lists, as parameters have them."""
    return tuple(map(tuples, value)) if isinstance(value, list | tuple) else value
