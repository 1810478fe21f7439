"""The options of figures: the keyword arguments of each `draw`, read without importing it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sweeper import lookup
from sweeper.errors import Invalid, Mistakes, SweeperError, dotted, shown
from sweeper.space.figure_rules import RULES, WIDTHS

MOST = {"hue": 8, "facet": 12, "metric": 4}
"""The most values of an axis that can be told apart, or the most metrics, by option."""

MOST_METRICS: Mapping[str, int] = {"scatter": 2}
"""The most metrics of figures that take other than `MOST` says."""


AXES = ("x", "y", "hue", "facet")
"""The options that name an axis."""


CLOCKS: Mapping[str, str] = {"updates": "updates", "env_steps": "environment steps"}
"""The metrics that curves may have along x in the place of steps, with their labels."""


SCORE = "score"
"""What curves call the score's metric between the ends of each task, unless a metric is called so.
"""


SHARED = (*AXES, "metric", "at")
"""The options that mean the same in all figures; a user's own figure may have others."""


WHOLE = ("claims", "curves", "pareto", "schedule")
"""Figures of whole learning curves, or of several scores or claims each with an `at`: they take
none."""


_ALL = "needs all configurations"
UNFIT: Mapping[str, Mapping[str, str]] = {
    "claims": dict.fromkeys(
        ("where", "trial", "top", "pool"), "shows claims, each of which says what it is about"
    ),
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

PRINTED = ("claims", "ratios")
"""The figures whose text `sweeper run` prints, too: it is a table."""

BANDED = ("curves", "scaling", "sensitivity")
"""The figures whose points have bands, and beside them single runs where these are asked for."""

DIVIDED = ("curves", "scaling")
"""The figures whose y axes may be logarithmic."""

LEAST_IN: Mapping[str, float] = {"claims": 5.0, "pairs": WIDTHS["column"]}
"""The least widths of figures that need more than others."""


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
        found["runs"] = "has no lines that average runs"
    if name not in DIVIDED:
        found["yscale"] = "has no y axis that may be logarithmic"
    for option in ("xlim", "ylim"):
        if option not in LIMITED.get(name, ()):
            found[option] = f"has no axis of numbers with limits along {option[0]}"
    return found


def axes_of(name: str) -> tuple[str, ...]:
    """The options that name an axis in the figure called `name`: along x of curves are steps."""
    return AXES[1:] if name == "curves" else AXES


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
