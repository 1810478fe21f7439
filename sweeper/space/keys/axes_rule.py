"""The rule of the key `axes`: each axis checked by its kind, and none called like another."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationInfo

from sweeper import lookup
from sweeper.errors import Invalid, Mistakes, choices, closest, cut, shown
from sweeper.schema.base_model import validated
from sweeper.schema.rules import mapping, text
from sweeper.space.axes import AxisKind, AxisModel
from sweeper.space.axes._frozen import FrozenAxis

COLUMNS = (
    *("run", "trial", "task", "seed", "state", "score", "value", "step"),
    *("attempts", "seconds", "worker", "low", "high", "n", "nan", "failed", "pruned", "missing"),
    *("point", "planned", "scored", "usable", "bold"),
)
"""The columns of every table; no axis may be called like one."""


_LOG_NORMAL = ("log_normal", "lognormal", "q_log_normal", "qlognormal")
_LOGARITHM = (
    ": draw the logarithm, as in log_lr: {kind: normal, mean: -7, sd: 1, helper: true}, and derive "
    "the number, as in derived: {lr: 2.718281828459045 ** log_lr}"
)
"""How numbers are said whose logarithms are normal."""


@dataclass(frozen=True)
class Context:
    """What the rules of a space need besides its data."""

    folder: Path | None = None
    """The folder that paths of files are relative to; `None` where all are absolute."""
    frozen: Mapping[str, Mapping[str, Any]] | None = None
    """What axes of users' own kinds are, by axis: no file is imported, whether it stands here or
    not; `None` where the files are imported."""


def axes_rule(value: Any, info: ValidationInfo) -> dict[str, AxisKind]:
    """Named axes, each checked by its kind, none called like another."""
    axes: dict[str, AxisKind] = {}
    context = info.context or Context()
    mistakes = Mistakes()
    for name, keys in mapping(value).items():
        with mistakes.under(name):
            axes[name] = _axis(name, keys, context)
    called = {"task": "task", **{name: axis.title or name for name, axis in axes.items()}}
    for name, axis in axes.items():
        others = [other for other, title in called.items() if axis.title in (other, title)]
        others = [other for other in others if other != name]
        if others:
            rule = f"must not be what {cut(others[0])} is called, but got {shown(axis.title)}"
            mistakes.add(Invalid(rule, (name, "title")))
    mistakes.check()
    return axes


def _axis(name: str, keys: Any, context: Context) -> AxisKind:
    mistakes = Mistakes()
    with mistakes.under():
        _check_name(name)
    with mistakes.under():
        found = _kept(name, keys, context)
    mistakes.check()
    return found


def _check_name(name: str) -> None:
    if name in COLUMNS or not name or name != name.strip():
        where = "; the seeds are said by seeds: [10, 11]" if name == "seed" else ""
        raise Invalid(f"is no name for an axis{where}; taken: {', '.join(COLUMNS)}")


def _kept(name: str, keys: Any, context: Context) -> AxisKind:
    """The axis of these keys, as its kind has it."""
    if not isinstance(keys, dict):
        raise Invalid(f"must be an axis, like {{kind: float, values: […]}}, but got {shown(keys)}")
    valid = lookup.names("sweeper.space.axes")
    kind = keys.get("kind")
    if kind is None:
        missing = Invalid(f"needs the key 'kind'; valid kinds: {', '.join(valid)}")
        raise _with_unknown_keys(missing, keys, valid)
    if context.frozen is not None and isinstance(kind, str) and lookup.is_file(kind):
        held: Any = FrozenAxis.of(keys, context.frozen.get(name))
        return held  # type: ignore[no-any-return]
    try:
        kind = lookup.located("sweeper.space.axes", text(kind), context.folder)
    except Invalid as error:
        logarithm = f"is none of {', '.join(valid)}, but got {shown(kind)}{_LOGARITHM}"
        wrong = Invalid(logarithm) if str(kind).lower() in _LOG_NORMAL else error
        raise _with_unknown_keys(wrong.under("kind"), keys, valid) from error
    found = lookup.find("sweeper.space.axes", kind)
    if not (isinstance(found, type) and issubclass(found, AxisModel)):
        raise Invalid("must name a class derived from sweeper.space.axes.AxisModel", ("kind",))
    axis: Any = validated(found, {**keys, "kind": kind})
    checked: AxisKind = axis
    return checked


def _with_unknown_keys(error: Invalid, keys: Mapping[str, Any], kinds: Iterable[str]) -> Invalid:
    """The mistake about an axis's kind, and those about keys that no kind of axis has."""
    models = [lookup.find("sweeper.space.axes", kind) for kind in kinds]
    valid = list(dict.fromkeys(key for model in models for key in model.model_fields))
    mistakes = Mistakes()
    if error.path or not any(closest(key, valid) == "kind" for key in keys if key not in valid):
        mistakes.add(error)
    with mistakes.under():
        known_keys(keys, valid)
    first, *others = mistakes.found
    return Invalid(first.message, first.path, others)


def known_keys(value: Mapping[str, Any], valid: Sequence[str]) -> dict[str, Any]:
    """The mapping, which must have no other keys than `valid`."""
    mistakes = Mistakes()
    for key in value:
        if key not in valid:
            mistakes.add(Invalid(f"is an unknown key{choices(key, valid)}", (key,)))
    mistakes.check()
    return dict(value)
