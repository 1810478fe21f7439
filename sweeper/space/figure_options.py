"""The options of figures: the keyword arguments of each `draw`, read without importing it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from sweeper import lookup
from sweeper.errors import Invalid, Mistakes, SweeperError, dotted, shown
from sweeper.schema.rules import no_flag
from sweeper.space.axes._labels import compared
from sweeper.text import canonical

MOST = {"hue": 8, "facet": 12, "metric": 4}
"""The most values of an axis that can be told apart, or the most metrics, by option."""

MOST_METRICS: Mapping[str, int] = {"scatter": 2}
"""The most metrics of figures that take other than `MOST` says."""


AXES = ("x", "y", "hue", "facet")
"""The options that name an axis."""


SHARED = (*AXES, "metric", "at")
"""The options that mean the same in all figures; a user's own figure may have others."""


WHOLE = ("curves", "pareto")
"""Figures of whole learning curves, or of several scores each with an `at`: they take none."""


_ALL = "needs all configurations"
UNFIT: Mapping[str, Mapping[str, str]] = {
    "ablation": {
        "top": f"{_ALL}: a path leads from the reference, which need not be among the best",
        "trial": f"{_ALL}: a path leads over many of them",
    },
    "compare": {"top": "shows the configurations that were published, not the best ones"},
    "export": {"pool": "writes all runs of its part, and pools none"},
    "history": {"top": "shows all trials in their order, and which of them became the best"},
    "importance": {
        "top": f"{_ALL}: it tells what the best differ in from the others",
        "trial": f"{_ALL}: it tells what the best differ in from the others",
    },
    "pareto": {"top": "shows the best by several scores: those that no other beats"},
    "ratios": {"pool": "averages over all axes but its own"},
}
"""By figure and option why the figure does not take an option that others take."""

LIMITED: Mapping[str, tuple[str, ...]] = {
    "compare": ("ylim",),
    "curves": ("xlim", "ylim"),
    "distributions": ("xlim", "ylim"),
    "history": ("xlim", "ylim"),
    "scaling": ("xlim", "ylim"),
    "scatter": ("xlim", "ylim"),
    "sensitivity": ("xlim", "ylim"),
}
"""The figures whose axes take limits."""

POOLED = ("curves", "distributions", "heatmap", "scaling", "sensitivity", "table")
"""What pools axes that it does not show, and may show several studies."""

PRINTED = ("ratios",)
"""The figures whose text `sweeper run` prints, too: it is a table."""

BANDED = ("curves", "scaling", "sensitivity")
"""The figures whose points have bands."""

INTERVAL, SE, SD = "interval", "se", "sd"
BANDS = (INTERVAL, SE, SD)
"""What a band shows: the 95 % interval, the standard error, or the standard deviation."""

WIDTHS = {"column": 3.4, "page": 6.9}
"""The widths of a journal's column and of its page, in inches."""

LEAST_IN: Mapping[str, float] = {"pairs": WIDTHS["column"]}
"""The least widths of figures that need more than others."""

_NARROWEST, _WIDEST = 2.0, 20.0
_MOST_TRIALS = 10_000


def takes(name: str) -> dict[str, str]:
    """The options of the figure called `name`, with their annotations: the keywords of its `draw`.

    And, but for `WHOLE` curves, `at`: which point of its curve a run's value is, as in a score. And
    those of `RULES` that fit it.
    """
    own = lookup.keywords("sweeper.figures", name)
    own = own if name in WHOLE else {**own, "at": "str | None"}
    return {**own, **{option: "" for option in RULES if option not in {**own, **unfit(name)}}}


def unfit(name: str) -> dict[str, str]:
    """The options of `RULES` that do not go with the command `name`, each with the reason."""
    found = dict(UNFIT.get(name, {}))
    if name not in POOLED:
        found.setdefault("pool", "pools no axes")
        found["study"] = "shows one study"
    if name not in BANDED:
        found["band"] = "has no bands of lines"
    for option in ("xlim", "ylim"):
        if option not in LIMITED.get(name, ()):
            found[option] = f"has no axis of numbers with limits along {option[0]}"
    return found


def takes_several(annotation: str) -> bool:
    """Whether an option whose keyword is annotated like that takes a list, too."""
    return not annotation or "list" in annotation


def common(name: str, options: Iterable[str]) -> list[str]:
    """Those of `options` that `RULES` holds, but for those that the figure `name` has itself."""
    own = lookup.keywords("sweeper.figures", name)
    return [option for option in options if option in RULES and option not in own]


def checked(name: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """The options of the figure `name`, those of `RULES` in their one form.

    Raises `Invalid` for one that breaks its rule, or that does not fit the figure.
    """
    return {**options, **_ruled_options(name, options, common(name, options))}


def options(name: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Those of `RULES` that are given to the command `name`, in their one form.

    Raises `SweeperError` for one that breaks its rule, or that does not fit the command.
    """
    try:
        return _ruled_options(name, given, [option for option in given if option in RULES])
    except Invalid as error:
        raise SweeperError(f"{dotted(error.path)} {error.message}") from error


def check_fit(name: str, words: Iterable[str]) -> None:
    """Raises `SweeperError` with the reason where one of `key=value` words does not fit `name`."""
    for option in (word.partition("=")[0] for word in words):
        if option != "study" and option in (reasons := unfit(name)):
            raise SweeperError(f"{option} does not go with {name}, which {reasons[option]}")


def _ruled_options(name: str, given: Mapping[str, Any], ruled: Iterable[str]) -> dict[str, Any]:
    """The options `ruled` in their one form; raises `Invalid` where one breaks its rule."""
    reasons, found, mistakes = unfit(name), {}, Mistakes()
    for option in ruled:
        with mistakes.under(option):
            if option in reasons:
                raise Invalid(f"does not go with {name}, which {reasons[option]}")
            found[option] = RULES[option](given[option])
            least = LEAST_IN.get(name, 0.0) if option == "width" else 0.0
            if least and found[option] < least:
                rule = f"must be at least {least:g} inches for {name}"
                raise Invalid(f"{rule}, but got {shown(given[option])}")
    mistakes.check()
    return found


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
    """What bands show: `interval`, `se` or `sd`."""
    if value not in BANDS:
        raise Invalid(f"must be one of {', '.join(BANDS)}, but got {shown(value)}")
    return str(value)


def check_band(chosen: str, how: str) -> None:
    """Raises `Invalid` where a standard error or deviation is asked for beside a median."""
    if chosen != INTERVAL and how == "median":
        rule = f"{chosen} goes with score.aggregate mean or iqm"
        raise Invalid(f"{rule}, but got median, which no deviation belongs to", ("band",))


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
    "caption": truth,
    "title": title,
    "width": inches,
    "xlim": limits,
    "ylim": limits,
}
"""The options that all figures have but those of `UNFIT`, each with what checks its value."""
