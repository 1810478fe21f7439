"""The rules of options that all figures share: one function an option, which checks its value."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from sweeper.errors import Invalid, shown
from sweeper.schema.rules import no_flag
from sweeper.space.axes._labels import compared
from sweeper.text import canonical

INTERVAL, PERCENTILE, SE, SD = "interval", "percentile", "se", "sd"
BANDS = (INTERVAL, PERCENTILE, SE, SD)
"""What a band shows: the 95 % interval, the same not widened for few seeds, as a plain percentile
bootstrap has it, the standard error, or the standard deviation."""

WIDTHS = {"column": 3.4, "page": 6.9}
"""The widths of a journal's column and of its page, in inches."""

SCALES = ("linear", "log", "symlog")
"""How a y axis is divided; the last is linear from -1 to 1 and logarithmic beyond."""

_NARROWEST, _WIDEST = 2.0, 20.0
_MOST_TRIALS = 10_000


def conditions(value: Any) -> list[str]:
    """Conditions on runs, as in `optimizer.lr=1e-3`: one text, several, or a mapping."""
    if isinstance(value, Mapping):
        value = [f"{name}={_several(values)}" for name, values in value.items()]
    found = [value] if isinstance(value, str) else value
    if not isinstance(found, list | tuple) or not found:
        raise Invalid(f"must be conditions, as in optimizer.lr=1e-3, but got {shown(value)}")
    for one in found:
        other = compared(one) if isinstance(one, str) else None
        if other is not None:
            raise Invalid(other[1].removeprefix("where "))
        if not isinstance(one, str) or not all(map(str.strip, one.partition("="))):
            raise Invalid(f"must be conditions, as in optimizer.lr=1e-3, but got {shown(one)}")
    return [one.strip() for one in found]


def _several(values: Any) -> str:
    several = isinstance(values, list | tuple)
    return ",".join(map(canonical, values)) if several else canonical(values)


def count(value: Any) -> int:
    """A whole number from 1."""
    found = _whole(value)
    if found is None or found < 1 or isinstance(value, bool):
        raise Invalid(f"must be a whole number from 1, but got {shown(value)}")
    return found


def numbers(value: Any) -> list[int]:
    """Whole numbers from 0, ascending: `17`, `3,17` or `0..4`."""
    given = value.split(",") if isinstance(value, str) else value
    given = given if isinstance(given, list | tuple) else [given]
    found: set[int] = set()
    for part in given:
        first, dots, last = str(part).partition("..")
        ends = _whole(first), _whole(last if dots else first)
        if None in ends or isinstance(part, bool):
            raise Invalid(
                f"must be numbers of trials, as in 17, 3,17 or 0..4, but got {shown(part)}"
            )
        low, high = ends[0] or 0, ends[1] or 0
        if not 0 <= low <= high or high - low >= _MOST_TRIALS:
            raise Invalid(f"must be numbers of trials, low..high, but got {shown(part)}")
        found |= set(range(low, high + 1))
    if not found:
        raise Invalid("must be numbers of trials, as in 17, 3,17 or 0..4, but got none")
    return sorted(found)


def names(value: Any) -> list[str]:
    """The names of further studies."""
    found = [value] if isinstance(value, str) else value
    if not isinstance(found, list | tuple) or not all(isinstance(one, str) for one in found):
        raise Invalid(f"must be names of studies, but got {shown(value)}")
    return list(found)


def _whole(value: Any) -> int | None:
    text = str(value).strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def pooling(value: Any) -> str:
    """What a point shows of axes that are not shown: `all`, or `best`."""
    if value not in ("all", "best"):
        raise Invalid(f"must be all or best, but got {shown(value)}")
    return str(value)


def band(value: Any) -> str:
    """What bands show: one of `BANDS`."""
    if value not in BANDS:
        raise Invalid(f"must be one of {', '.join(BANDS)}, but got {shown(value)}")
    return str(value)


def yscale(value: Any) -> str:
    """How a y axis is divided: one of `SCALES`."""
    if value not in SCALES:
        raise Invalid(f"must be one of {', '.join(SCALES)}, but got {shown(value)}")
    return str(value)


def check_band(chosen: str, how: str) -> None:
    """Raises `Invalid` where a standard error or deviation is asked for beside a median."""
    if chosen in (SE, SD) and how not in ("mean", "iqm"):
        rule = f"{chosen} goes with score.aggregate mean or iqm"
        raise Invalid(f"{rule}, but got {how}, which no deviation belongs to", ("band",))


def truth(value: Any) -> bool:
    """`true` or `false`."""
    if str(value).lower() not in ("true", "false"):
        raise Invalid(no_flag(value))
    return str(value).lower() == "true"


def title(value: Any) -> str:
    """A text that is not empty, on one line."""
    found = " ".join(str(value).split()) if isinstance(value, str | int | float) else ""
    if not found:
        raise Invalid(f"must be text, but got {shown(value)}")
    return found


def inches(value: Any) -> float:
    """A width in inches; `column` and `page` are those of a journal."""
    if value in WIDTHS:
        return WIDTHS[value]
    found = _number(value)
    if found is None or not _NARROWEST <= found <= _WIDEST:
        raise Invalid(
            f"must be {', '.join(WIDTHS)} or {_NARROWEST:g} to {_WIDEST:g} inches, as in 3.25, but "
            f"got {shown(value)}"
        )
    return found


def limits(value: Any) -> list[float]:
    """The two ends of an axis: `0..1`."""
    ends = value.split("..") if isinstance(value, str) else value
    found = [_number(end) for end in ends] if isinstance(ends, list | tuple) else []
    low, high = found if len(found) == 2 else (None, None)
    if low is None or high is None or not low < high:
        raise Invalid(f"must be low..high, as in 0..1, but got {shown(value)}")
    return [low, high]


def _number(value: Any) -> float | None:
    try:
        found = float(value)
    except (TypeError, ValueError):
        return None
    return found if math.isfinite(found) and not isinstance(value, bool) else None


RULES: Mapping[str, Callable[[Any], Any]] = {
    "where": conditions,
    "top": count,
    "trial": numbers,
    "study": names,
    "pool": pooling,
    "band": band,
    "runs": truth,
    "caption": truth,
    "title": title,
    "width": inches,
    "xlim": limits,
    "ylim": limits,
    "yscale": yscale,
}
"""The options that all figures have but those of `UNFIT`, each with what checks its value."""
