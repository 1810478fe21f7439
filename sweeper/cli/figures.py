"""Commands that draw: one for every figure there is."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

import typer

from sweeper import figures, lookup
from sweeper.cli.app import STUDY_OPTIONS, Words, command, parsed, studies_of
from sweeper.space import figure_options
from sweeper.space.figure_rules import RULES

PART_OPTIONS = {
    "where": "a part: optimizer.lr=1e-5..1e-3,task=minatar/breakout,seed=0..4 (commas, or again)",
    "trial": "these trials alone: 17, 3,17 or 0..4",
    "top": "the best so many configurations of that part, as `sweeper best` ranks them",
    "pool": "best: of axes that are not shown the best configuration of each point (default: all)",
}
"""The options that choose a part of a study."""

FIGURE_OPTIONS = {
    "x": "the axis along x; of curves updates or env_steps, which runs report, instead of steps",
    "y": "the axis along y, or the colour's where a figure has no second axis",
    "hue": "the axis that lines differ in",
    "facet": "the axis that panels differ in",
    "metric": "a metric instead of the score (curves, ratios: several; scatter: two): return,loss",
    "at": "a run's value: the final, max (best) or auc of its curve (default: as the space scores)",
    **PART_OPTIONS,
    "band": "what bands show: interval (95 %, the default), percentile (the same, not widened for "
    "few seeds), se or sd: ± standard error, deviation",
    "runs": "true: the single runs, too, dashed in curves (default: where intervals are unknown)",
    "caption": "false: no text below the figure; it stands in the .txt beside it (default: true)",
    "title": "a text above the figure",
    "width": "inches, as in 3.25, or column (3.4) or page (6.9)",
    "xlim": "the ends of the x axis: 0..1e6",
    "ylim": "the ends of the y axis: 0..1",
    "yscale": "linear (the default), log where all values are above 0, or symlog: beyond -1 and 1",
    "out": "the file to write instead of the study's figures/: .pdf, .png or .svg",
}


CLAIMS = "claims"
"""The figure that a command of `results` draws, too."""


def _figure_command(name: str, about: str, takes: Collection[str]) -> None:
    """Registers the figure `name`, whose `draw` takes the options `takes`."""
    options = {key: text for key, text in FIGURE_OPTIONS.items() if key in takes}
    options = {**STUDY_OPTIONS, **options, "out": FIGURE_OPTIONS["out"]}

    def draw(words: Words = None) -> None:
        figure_options.check_fit(name, words or ())
        given = parsed(words, list(options))
        study, others = studies_of(given)
        out = given.pop("out", None)
        chosen = {
            key: text if key in RULES else _value(text)
            for key, text in given.items()
            if key not in STUDY_OPTIONS
        } | others
        for file in figures.render(study, name, chosen, Path(out) if out else None):
            typer.echo(file)
            if file.suffix == ".txt":
                typer.echo(file.read_text(encoding="utf-8"), nl=False)

    draw.__name__, draw.__doc__ = name, about
    command(options)(draw)


def _value(text: str) -> Any:
    """A list where commas separate several values, with or without brackets."""
    inner = text[1:-1] if text.startswith("[") and text.endswith("]") else text
    return [part.strip() for part in inner.split(",")] if "," in inner else inner


for _name in lookup.names("sweeper.figures"):
    if _name != CLAIMS:
        _figure_command(
            _name,
            lookup.about("sweeper.figures", _name),
            figure_options.takes(_name),
        )
