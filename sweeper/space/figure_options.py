"""The options of figures: the keyword arguments of each `draw`, read without importing it."""

from __future__ import annotations

from sweeper import lookup

MOST = {"hue": 8, "facet": 12, "metric": 4}
"""The most values of an axis that can be told apart, or the most metrics, by option."""


AXES = ("x", "y", "hue", "facet")
"""The options that name an axis."""


SHARED = (*AXES, "metric", "at")
"""The options that mean the same in all figures; a user's own figure may have others."""


WHOLE = ("curves", "pareto")
"""Figures of whole learning curves, or of several scores each with an `at`: they take none."""


def takes(name: str) -> dict[str, str]:
    """The options of the figure called `name`, with their annotations: the keywords of its `draw`.

    And, but for `WHOLE` curves, `at`: which point of its curve a run's value is, as in a score.
    """
    own = lookup.keywords("sweeper.figures", name)
    return own if name in WHOLE else {**own, "at": "str | None"}


def takes_several(annotation: str) -> bool:
    """Whether an option whose keyword is annotated like that takes a list, too."""
    return not annotation or "list" in annotation
