"""The command `sweeper table`, which shows a study's results as a table."""

from __future__ import annotations

from pathlib import Path

import typer

from sweeper.cli.app import STUDY_OPTIONS, Words, command, parsed, study_of
from sweeper.cli.figures import FIGURE_OPTIONS
from sweeper.errors import SweeperError, choices, shown
from sweeper.files.atomic import check_out, write_durably

TABLE_OPTIONS = {
    **STUDY_OPTIONS,
    "format": "markdown (default), latex or csv",
    "x": "the axis along the columns (default: task)",
    "y": "the axis of the rows, or several: lr,eps (default: all that vary)",
    "metric": "a reported metric to show in its own unit instead of the score",
    "at": FIGURE_OPTIONS["at"],
    "out": "the file to write instead of showing it: .md, .tex or .csv",
}

SUFFIXES = {"markdown": ".md", "latex": ".tex", "csv": ".csv"}


@command(TABLE_OPTIONS)
def table(words: Words = None) -> None:
    """Show a study's results as a table: values with intervals, the best in bold."""
    from sweeper.results.data import Data
    from sweeper.results.tables import table as results
    from sweeper.results.tables import table_text

    given = parsed(words, list(TABLE_OPTIONS))
    out = Path(given["out"]) if "out" in given else None
    form = _form(given.get("format"), out)
    y = [name.strip() for name in given["y"].strip("[]").split(",")] if "y" in given else []
    chosen = {key: given.get(key) for key in ("x", "metric", "at")}
    found = results.results(Data.of(study_of(given)), y=y, **chosen)
    if form == "csv":
        text = results.tidy(found).to_csv(index=False)
    else:
        text = table_text.latex(found) if form == "latex" else table_text.markdown(found)
    if out is None:
        typer.echo(text, nl=False)
        return
    write_durably(out, text.encode())
    typer.echo(out)


def _form(asked: str | None, out: Path | None) -> str:
    """The format: what is asked for, or what the file's name ends in."""
    if asked is not None and asked not in SUFFIXES:
        raise SweeperError(f"unknown format {shown(asked)}{choices(asked, SUFFIXES)}")
    if out is None:
        return asked or "markdown"
    check_out(out, [SUFFIXES[asked]] if asked else list(SUFFIXES.values()))
    return next(form for form, suffix in SUFFIXES.items() if suffix == out.suffix)
