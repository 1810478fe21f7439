"""The reference of figures: what each shows, and its options."""

from __future__ import annotations

from docs.generators.markdown import docstring, head, joined, table
from sweeper import lookup
from sweeper.cli.figures import FIGURE_OPTIONS
from sweeper.space import figure_options

_PACKAGE = "sweeper.figures"


def page() -> str:
    """The whole page, in Markdown."""
    intro = (
        "Each figure is a command, as in `sweeper heatmap study=NAME x=optimizer.lr`, an entry of "
        "the space's `figures`, as in `figures: [{heatmap: {x: optimizer.lr}}]`, and "
        '`study.figure("heatmap", x="optimizer.lr")` in Python. All options may be left out. '
        "[How to read a figure](../explanations/figures.md) says what all of them have in common."
    )
    parts = [head("Figures", intro), "## Options", _options()]
    for name in lookup.names(_PACKAGE):
        takes = figure_options.takes(name)
        options = ", ".join(f"`{option}`" for option in FIGURE_OPTIONS if option in takes)
        parts += [f"## `{name}`", lookup.about(_PACKAGE, name)]
        parts += [docstring(lookup.find(_PACKAGE, name)), f"Options: {options}."]
    return joined(parts)


def _options() -> str:
    rows = []
    for option, text in FIGURE_OPTIONS.items():
        without = [
            f"`{name}`"
            for name in lookup.names(_PACKAGE)
            if option not in figure_options.takes(name) and option != "out"
        ]
        known = len(lookup.names(_PACKAGE)) - len(without)
        taken = "all" if not without else f"all but {', '.join(without)}"
        if known < len(without):
            taken = ", ".join(
                f"`{name}`"
                for name in lookup.names(_PACKAGE)
                if option in figure_options.takes(name)
            )
        rows.append((f"`{option}`", text, taken))
    return table(("option", "what it says", "figures that take it"), rows)
