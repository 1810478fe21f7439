"""Formulas of a space: derived parameters, and constraints that combinations must satisfy."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from sweeper.errors import Invalid, Mistakes, Path, choices, shown
from sweeper.planning.parameters import fitted
from sweeper.schema.expression import Absent, Expression, parse
from sweeper.schema.rules import nullable
from sweeper.space.space import Space
from sweeper.text import Labels, canonical, labels_text
from sweeper.trainable.contract import Parametrised, named

_OF_RUNS = ("seed", "task", "steps", "trial")
"""What formulas cannot read."""

_NONE: Mapping[str, str] = MappingProxyType({})


class Rejected(Invalid):
    """A constraint or what is trained refuses a combination; `invalid: drop` leaves it out."""


class Formulas:
    """The expressions of a space, bound to the names that there are.

    A name stands for the parameter's value, or else for the axis's label. It has no value where its
    axis is inactive and the parameter has no default.
    """

    def __init__(self, space: Space, trainable: Parametrised, owners: Mapping[str, str]) -> None:
        """`owners` holds the key of the space that sets a parameter; raises `Invalid`."""
        self._space, self._trainable = space, trainable
        self._nulls = dict.fromkeys(name for name, value in space.fixed.items() if value is None)
        self._derived = {name: parse(text) for name, text in space.derived.items()}
        self._constraints = [parse(text) for text in space.constraints]
        valid, mistakes = trainable.parameters, Mistakes()
        for name in self._derived:
            if valid and named(valid, name) is None:
                message = f"is no parameter of {space.identity}{choices(name, valid)}"
                mistakes.add(Invalid(message, ("derived", name)))
            elif name in owners:
                said = f"is a parameter that {owners[name]} sets too"
                mistakes.add(Invalid(said, ("derived", name)))
        by_task = [name for own in space.by_task.values() for name in own]
        known = dict.fromkeys([*valid, *space.axes, *owners, *self._derived, *by_task])
        for name, expression in self._derived.items():
            _check_names(expression, known, ("derived", name), mistakes)
        for index, expression in enumerate(self._constraints):
            _check_names(expression, known, ("constraints", index), mistakes)
        mistakes.check()
        _check_order(self._derived)

    def complete(
        self, params: dict[str, Any], labels: Labels, more: Mapping[str, Any]
    ) -> Mapping[str, str]:
        """Adds derived parameters to `params` and checks the constraints.

        A parameter that is null has no value, unless `fixed` says so, or `more` holds it: an axis
        chose null. `more` also holds what helper axes set.
        Returns the formulas that a name without a value leaves unset or unchecked, each with that
        name. Raises `Rejected` where the combination is not valid, `Invalid` where an expression
        has no value.
        """
        if not self._derived and not self._constraints:
            return _NONE
        known = {name: value for name, value in params.items() if value is not None}
        scope = {**labels, **known, **self._nulls, **more}
        unset: dict[str, str] = {}
        for name, expression in self._derived.items():
            try:
                params[name] = scope[name] = self._computed(name, expression, scope, labels)
            except Absent as absent:
                unset[f"derived.{name}"] = absent.name
        for index, expression in enumerate(self._constraints):
            try:
                self._check(("constraints", index), expression, scope, labels)
            except Absent as absent:
                unset[f"constraints[{index}]"] = absent.name
        return unset or _NONE

    def _computed(
        self, name: str, expression: Expression, scope: Mapping[str, Any], labels: Labels
    ) -> Any:
        here: Path = ("derived", name)
        try:
            value = nullable(expression.value(scope))
        except Invalid as error:
            raise Invalid(f"{error.message}, for {labels_text(labels)}", here) from error
        try:
            return fitted(self._space, self._trainable, name, value, here)
        except Invalid as error:
            raise Rejected(f"{error.message}, for {labels_text(labels)}", here) from error

    def _check(
        self, here: Path, expression: Expression, scope: Mapping[str, Any], labels: Labels
    ) -> None:
        try:
            holds = expression.value(scope)
        except Invalid as error:
            raise Invalid(f"{error.message}, for {labels_text(labels)}", here) from error
        if not isinstance(holds, bool):
            raise Invalid(
                f"must be true or false, but is {canonical(holds)} for {labels_text(labels)}: "
                f"{expression.text}",
                here,
            )
        if not holds:
            known = ", ".join(
                f"{name} is {canonical(scope[name])}" for name in expression.names if name in scope
            )
            raise Rejected(
                f"does not hold for {labels_text(labels)}: {expression.text}"
                + (f", where {known}" if known else ""),
                here,
            )


def check_by_task(space: Space, owners: Mapping[str, str]) -> None:
    """Raises `Invalid` for a parameter by task that an axis or a formula knows of.

    `owners` holds the key of the space that sets a parameter.
    """
    formulas = {f"derived.{name}": (name, text) for name, text in space.derived.items()}
    formulas |= {f"constraints[{n}]": ("", text) for n, text in enumerate(space.constraints)}
    mistakes = Mistakes()
    for task, params in space.by_task.items():
        for name in params:
            here = ("by_task", task, name)
            if owners.get(name, "fixed") != "fixed":
                mistakes.add(Invalid(f"is a parameter that {owners[name]} sets too", here))
                continue
            for where, (sets, text) in formulas.items():
                if name == sets or name in parse(text).names:
                    said = f"is a parameter that {where} has one value of for all tasks"
                    said += f"; set {sets} by task" if sets and sets != name else ""
                    mistakes.add(Invalid(said, here))
                    break
    mistakes.check()


def check_helpers(space: Space) -> None:
    """Raises `Invalid` for a helper axis that no formula and no condition names."""
    named = {
        name for text in (*space.derived.values(), *space.constraints) for name in parse(text).names
    }
    named |= {target for axis in space.axes.values() for target in axis.when or ()}
    mistakes = Mistakes()
    for name, axis in space.axes.items():
        if axis.helper and not any(one == name or one.startswith(f"{name}.") for one in named):
            said = f"must be read by derived, constraints or a when, but none of them names {name}"
            mistakes.add(Invalid(said, ("axes", name, "helper")))
            with mistakes.under("axes", name):
                _ = axis.points(name) if space.sampler.name == "grid" else ()
    mistakes.check()


def _check_names(
    expression: Expression, known: Mapping[str, Any], here: Path, mistakes: Mistakes
) -> None:
    for name in expression.names:
        if name not in known:
            lacks = "is of a run and not of a configuration" if name in _OF_RUNS else "there is not"
            said = f"names {shown(name)}, which {lacks}{choices(name, known)}"
            mistakes.add(Invalid(said, here))


def _check_order(derived: Mapping[str, Expression]) -> None:
    """Raises `Invalid` where a derived parameter needs itself or one that is derived after it."""
    order = list(derived)
    for number, name in enumerate(order):
        later = [other for other in derived[name].names if other in order[number:]]
        if not later:
            continue
        circle = _circle(derived, [name])
        if circle:
            raise Invalid(f"depends on itself in a circle: {' → '.join(circle)}", ("derived", name))
        raise Invalid(
            f"needs {later[0]}, which is derived after it: put it first", ("derived", name)
        )


def _circle(derived: Mapping[str, Expression], path: list[str]) -> list[str]:
    """The way from the first of `path` back to it, where there is one."""
    for name in derived[path[-1]].names:
        if name == path[0]:
            return [*path, name]
        if name in derived and name not in path:
            found = _circle(derived, [*path, name])
            if found:
                return found
    return []
