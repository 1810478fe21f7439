"""Hydra's overrides as axes, fixed parameters and words of a command.

They are read by Hydra's own parser (the extra `hydra`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from fnmatch import fnmatchcase
from itertools import pairwise
from typing import Any

from sweeper.converting.draft import Draft
from sweeper.converting.space_text import braced
from sweeper.errors import SweeperError, cut, shown
from sweeper.text import is_number

_LISTED = 20
"""The most numbers of a range that are listed one by one."""


def parsed(words: Sequence[str], name: str) -> list[Any]:
    """The overrides as Hydra reads them; `SweeperError` for what it refuses."""
    try:
        from hydra.core.override_parser.overrides_parser import OverridesParser
        from hydra.errors import HydraException
    except ImportError as error:
        raise SweeperError(
            "hydra-core, which reads overrides, is not installed: "
            "pip install -e '.[hydra]' in the checkout of sweeper"
        ) from error
    found, wrong, parser = [], [], OverridesParser.create()
    for word in words:
        try:
            found.append(parser.parse_override(word))
        except HydraException as error:
            why = " ".join(str(error).split())
            wrong.append(f"{name}: {shown(word)} is no override: {cut(why, 200)}")
        except RecursionError:
            wrong.append(f"{name}: {shown(word)} is nested too deep")
    if wrong:
        raise SweeperError("\n".join(wrong))
    return found


def newest(draft: Draft, found: Sequence[Any]) -> list[Any]:
    """The overrides, of several of one key the last alone, which is told."""
    kept: dict[str, Any] = {}
    for one in found:
        key = str(one.get_key_element()).lstrip("+")
        if key in kept:
            draft.lose(key, f"is there twice: {shown(str(kept.pop(key).input_line))} is left out")
        kept[key] = one
    return [*kept.values()]


def is_hydras(override: Any) -> bool:
    """Whether it is about Hydra itself, as `hydra/sweeper=optuna` is."""
    return str(override.key_or_group).startswith(("hydra.", "hydra/"))


def convert(
    draft: Draft,
    override: Any,
    options: Callable[[str], Sequence[str] | None],
    *,
    inclusive: bool = False,
) -> str:
    """Adds what an override sets to the draft; returns the word that hands it to the program.

    `options` lists the configurations of a group, where they are known. With `inclusive` ranges
    hold their stop, as those of the Optuna sweeper do.
    """
    key = str(override.get_key_element())
    if override.is_delete() or override.value_type is None:
        return braced(str(override.input_line))
    name = key.lstrip("+")
    kind = override.value_type.name
    if kind == "ELEMENT":
        value = _element(override._value)
        if not draft.seeds(name, [value]):
            draft.fix(name, value)
    elif kind == "INTERVAL_SWEEP":
        if not draft.seeds(name, None):
            _interval(draft, name, override.value())
    else:
        if kind == "GLOB_CHOICE_SWEEP":
            values = _globbed(draft, name, override, options)
        elif kind == "RANGE_SWEEP":
            values = _range(draft, name, override.value(), inclusive)
        else:
            values = [_element(one) for one in override._value.list]
        if getattr(override._value, "shuffle", False):
            draft.lose(name, "is not shuffled: the order of trials does not change their results")
        tags = [tag for tag in getattr(override._value, "tags", ()) if tag != "log"]
        if tags:
            draft.lose(name, f"its tags say nothing here: {', '.join(sorted(tags))}")
        if not draft.seeds(name, values):
            _of_values(draft, name, values)
    return f"{braced(key)}={{{draft.names[name]}}}"


def _of_values(draft: Draft, name: str, values: Sequence[Any]) -> None:
    """The axis of the values; of very many that are evenly spaced, their range."""
    if len(values) > _LISTED and all(is_number(value) for value in values):
        exact = [Decimal(str(value)) for value in values]
        steps = {b - a for a, b in pairwise(exact)}
        step = steps.pop()
        if not steps and step > 0:
            whole = all(isinstance(value, int) for value in values)
            keys: dict[str, Any] = {"kind": "int" if whole else "float"}
            keys |= {"low": values[0], "high": values[-1]}
            if not whole or step != 1:
                keys["step"] = int(step) if whole else float(step)
            draft.axis(name, keys)
            return
    draft.values(name, values)


def _element(value: Any) -> Any:
    """A number, truth value or null as it is; anything else as the text that Hydra reads."""
    from hydra.core.override_parser.types import Transformer

    finite = not isinstance(value, float) or value - value == 0
    if value is None or (isinstance(value, bool | int | float) and finite):
        return value
    if isinstance(value, str) and "${" in value:
        return value
    return str(Transformer.str(value))


def _interval(draft: Draft, name: str, sweep: Any) -> None:
    whole = isinstance(sweep.start, int) and isinstance(sweep.end, int)
    keys: dict[str, Any] = {"kind": "int" if whole else "float"}
    keys |= {"low": sweep.start, "high": sweep.end}
    if sweep.start > sweep.end:
        ends = f"{shown(sweep.start)} and {shown(sweep.end)}"
        raise SweeperError(f"{cut(name)}: an interval goes from low to high, but got {ends}")
    if "log" in sweep.tags:
        if sweep.start <= 0:
            raise SweeperError(f"{cut(name)}: an interval by ratio begins above 0")
        keys["log"] = True
    tags = sorted(tag for tag in sweep.tags if tag not in ("log", "int"))
    if tags:
        draft.lose(name, f"its tags say nothing here: {', '.join(tags)}")
    draft.range(name, keys)


def _range(draft: Draft, name: str, sweep: Any, inclusive: bool) -> list[Any]:
    """The numbers of a range, whose stop is not one of them but under the Optuna sweeper."""
    start, stop, step = (Decimal(str(one)) for one in (sweep.start, sweep.stop, sweep.step))
    if not step or (stop - start) / step > 100_000:
        raise SweeperError(f"{cut(name)}: a range holds at most 100000 numbers, by steps but 0")
    numbers = []
    while (start < stop) if step > 0 else (start > stop):
        numbers.append(start)
        start += step
    if inclusive and start == stop:
        draft.lose(name, f"holds {stop}, too, as ranges of the Optuna sweeper do")
        numbers.append(start)
    if not numbers:
        raise SweeperError(f"{cut(name)}: the range holds no number")
    whole = all(isinstance(one, int) for one in (sweep.start, sweep.stop, sweep.step))
    return [int(one) if whole else float(one) for one in numbers]


def _globbed(
    draft: Draft, name: str, override: Any, options: Callable[[str], Sequence[str] | None]
) -> list[Any]:
    """The configurations of a group that a glob picks."""
    glob = override._value
    there = options(str(override.key_or_group))
    if there is None:
        draft.lose(name, f"{override.get_value_string()} is unknown: no folder of that group found")
        return [*glob.include]
    picked = [
        one
        for one in there
        if any(fnmatchcase(one, pattern) for pattern in glob.include)
        and not any(fnmatchcase(one, pattern) for pattern in glob.exclude)
    ]
    if not picked:
        listed = ", ".join(there) or "none"
        what = override.get_value_string()
        raise SweeperError(f"{cut(name)}: {what} picks none of the group's options: {listed}")
    return picked
