"""Words and numbers as messages, figures and tables write them."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

ALIKE = 1e-9
"""Numbers that differ by so small a share are equal up to rounding."""


def canonical(value: Any, written: Callable[[Any], str] = str) -> str:
    """One text for each value, whatever way it was written: 1 and 1.0 are `1`.

    `written` says how a text looks in it.
    """
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, float) and math.isfinite(value):
        whole_number = value == int(value) and abs(value) < 1e15
        return str(int(value)) if whole_number else re.sub(r"e([-+])0+", r"e\1", repr(value))
    if isinstance(value, list | tuple):
        return f"[{','.join(canonical(item, written) for item in value)}]"
    if isinstance(value, dict):
        inside = ",".join(f"{key}:{canonical(value[key], written)}" for key in sorted(value))
        return f"{{{inside}}}"
    return written(value)


def brief(value: Any) -> str:
    """`canonical`, of a number that was drawn no more than six digits: for people."""
    return canonical(float(f"{value:.6g}") if isinstance(value, float) else value)


def few(names: Sequence[str], most: int = 3) -> str:
    """`a, b, c and 4 more`: the first of `names`, and how many others there are."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def counted(number: int, noun: str, form: str = "") -> str:
    """`1 run`, `2 runs`; `2,000 runs` with the format `,`."""
    return f"{number:{form}} {agreed(number, noun, noun + 's')}"


def agreed(number: int, one: str, many: str) -> str:
    """The word for so many: `is` of one, `are` of none or several."""
    return one if number == 1 else many


def further(number: int) -> str:
    """What is said where a sampler found fewer configurations than were asked for."""
    asked = f"{number} more {agreed(number, 'was', 'were')} asked for"
    return f"{asked}: no further configuration was found"


def short(number: int) -> str:
    """A count of steps as axes write it: `400`, `35k`, `1.5M`; all its digits where they matter."""
    for size, unit in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
        text = f"{number / size:.3g}"
        if number >= size and float(text) * size == number:
            return f"{text}{unit}"
    return f"{number:,}"


def ranges(numbers: Iterable[int]) -> str:
    """Ascending whole numbers: `0, 1, 5 to 9`."""
    parts: list[list[int]] = []
    for number in numbers:
        if parts and number == parts[-1][-1] + 1:
            parts[-1].append(number)
        else:
            parts.append([number])
    return ", ".join(
        f"{part[0]} to {part[-1]}" if len(part) > 2 else ", ".join(map(str, part)) for part in parts
    )


def hours(number: float) -> str:
    """Hours to two digits, as accounts of clusters have them: `9,500`, `0.12`."""
    return f"{float(f'{number:.2g}'):,.10g}" if number >= 0.001 else "less than 0.001"


def size(number: float, unit: str = "bytes") -> str:
    """A number of bytes to three digits: `512 bytes`, `1.5 MB`; `unit` is what one is called."""
    for larger in ("kB", "MB", "GB", "TB"):
        if number < 1000:
            break
        number, unit = number / 1000, larger
    return f"{number:,.3g} {unit}"


def duration(seconds: float) -> str:
    """`412 days`, `3 days 4 h`, `2 h 05 min`, `3 min 07 s`, `9 s` or `less than 1 s`."""
    if seconds < 1:
        return "less than 1 s"
    minutes, rest = divmod(round(seconds), 60)
    whole_hours, minutes = divmod(minutes, 60)
    days, more_hours = divmod(whole_hours, 24)
    if days >= 10:
        return f"{round(seconds / 86400):,} days"
    if days:
        return f"{counted(days, 'day')} {more_hours} h"
    if whole_hours:
        return f"{whole_hours} h {minutes:02d} min"
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"


def about(seconds: float) -> str:
    """`about 2 h 05 min`, but `less than 1 s`."""
    return duration(seconds) if seconds < 1 else f"about {duration(seconds)}"


def rough_duration(seconds: float) -> str:
    """Seconds below ten minutes, else minutes: `540 s`, `12 min`."""
    return f"{seconds:.0f} s" if seconds < 600 else f"{seconds / 60:.0f} min"


Labels = Mapping[str, str | int | float]


def labels_text(labels: Labels) -> str:
    """A combination as messages name it: `optimizer.lr=1e-5, sn.layers=none`."""
    return ", ".join(f"{name}={brief(label)}" for name, label in labels.items()) or "no axis"


def is_number(value: Any) -> bool:
    """Whether a value is a number, which true and false are not."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def united(values: Sequence[Any]) -> list[Any]:
    """`values` with one number for all that are equal up to rounding, that of fewest digits."""
    groups: list[list[Any]] = []
    for number in sorted({one for one in values if is_number(one) and math.isfinite(one)}):
        if groups and alike(groups[-1][-1], number):
            groups[-1].append(number)
        else:
            groups.append([number])
    one = {a: min(group, key=lambda b: len(repr(b))) for group in groups for a in group}
    return [one.get(value, value) if is_number(value) else value for value in values]


def alike(one: float, other: float) -> bool:
    """Whether two numbers are equal up to rounding; whole ones must be equal."""
    if any(isinstance(number, int) for number in (one, other)) and all(
        float(number).is_integer() for number in (one, other)
    ):
        return one == other
    return math.isclose(one, other, rel_tol=ALIKE)


_KINDS = {
    bool: "true or false",
    int: "whole number",
    float: "number",
    tuple: "list",
    list: "list of names, each alone or as {name: {argument: value}}",
    object: "anything",
}


def valid_values(
    kind: type,
    low: float | None,
    high: float | None,
    choices: Sequence[Any] | None,
    only: Mapping[str, Sequence[Any]],
    listed: bool = False,
) -> str:
    """What a parameter may be, as in `whole number from 1` or `adam, sgd`.

    A `listed` one may be a list of such numbers. One that there is `only` beside others' values
    says which: `number, with optimizer.kind=adam`.
    """
    beside = [f"with {name}={' or '.join(map(str, values))}" for name, values in only.items()]
    if choices is not None:
        lists = ["list"] if kind is tuple else []
        return ", ".join([*lists, *map(str, choices), *beside])
    bounds = [f"from {low:g}"] if low is not None else []
    bounds += [f"to {high:g}"] if high is not None else []
    bounds += ["or a list"] if listed else []
    return ", ".join([" ".join([_KINDS.get(kind, "text"), *bounds]), *beside])
