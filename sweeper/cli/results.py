"""Commands that show or write a study's results, and what weights do that are kept."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import typer

from sweeper import lookup
from sweeper.cli.app import STUDY_OPTIONS, Words, command, count_of, parsed, studies_of, study_of
from sweeper.cli.figures import CLAIMS, FIGURE_OPTIONS, PART_OPTIONS
from sweeper.errors import NothingToShow, SweeperError, choices, shown
from sweeper.files.atomic import check_out, write_durably
from sweeper.space import figure_options

TABLE_OPTIONS = {
    **STUDY_OPTIONS,
    "format": "markdown (default), latex or csv",
    "x": "the axis along the columns (default: task)",
    "y": "the axis of the rows, or several: lr,eps (default: all that vary)",
    "metric": "a reported metric to show in its own unit instead of the score",
    "at": FIGURE_OPTIONS["at"],
    **PART_OPTIONS,
    "out": "the file to write instead of showing it: .md, .tex or .csv",
}

EXPORT_OPTIONS = {
    **STUDY_OPTIONS,
    "table": "runs, trials or reports",
    **{name: about for name, about in PART_OPTIONS.items() if name != "pool"},
    "out": "the file to write: .csv or .parquet",
}

SYNC_OPTIONS = {
    **STUDY_OPTIONS,
    "to": "tensorboard, wandb, mlflow, or path/file.py:Tracker (each an extra of that name)",
    "out": "the folder to write to, or for mlflow also a tracking server's address (default: "
    "trackers/ in the study's folder)",
    "watch": "true: go on until all runs have ended, or Ctrl-C (default: false)",
}

SUFFIXES = {"markdown": ".md", "latex": ".tex", "csv": ".csv"}


@command(TABLE_OPTIONS)
def table(words: Words = None) -> None:
    """Show a study's results as a table: values with intervals, the best in bold."""
    from sweeper.results.data import Data
    from sweeper.results.slices.joined import joined
    from sweeper.results.slices.part import Part
    from sweeper.results.tables import table as results
    from sweeper.results.tables import table_text
    from sweeper.study import studies

    figure_options.check_fit("table", words or ())
    given = parsed(words, list(TABLE_OPTIONS))
    out = Path(given["out"]) if "out" in given else None
    form = _form(given.get("format"), out)
    y = [name.strip() for name in given["y"].strip("[]").split(",")] if "y" in given else []
    chosen = {key: given.get(key) for key in ("x", "metric")}
    study, others = studies_of(given)
    asked = figure_options.options("table", {**given, "study": others.get("study", [])})
    every = [study, *(studies.find(name, study.folder.parent) for name in asked["study"])]
    parts = [Part.of(one, asked) for one in every]
    pairs = zip(every, parts, strict=True)
    data = joined([part.data(Data.of(one), given.get("at")) for one, part in pairs])
    found = results.results(data, y=y, **chosen)
    if form == "csv":
        text = results.tidy(found).to_csv(index=False)
    else:
        text = table_text.latex(found) if form == "latex" else table_text.markdown(found)
    if out is None:
        typer.echo(text, nl=False)
        return
    write_durably(out, text.encode())
    typer.echo(out)


CLAIMS_OPTIONS = {
    **STUDY_OPTIONS,
    "claim": "a statement to judge beside those of the space, as an exploratory one: "
    "score(lr=1e-3) > score(lr=1e-4)",
    "format": "markdown (default), latex or csv",
    **{name: FIGURE_OPTIONS[name] for name in ("caption", "title", "width")},
    "out": "the file to write instead of showing it: .md, .tex or .csv, or a figure: .pdf, .png "
    "or .svg",
}


@command(CLAIMS_OPTIONS)
def claims(words: Words = None) -> None:
    """Say which claims of a study's space are supported, refuted or undecided."""
    from sweeper import figures
    from sweeper.results.verdicts import verdict_text
    from sweeper.results.verdicts.verdicts import asked, verdicts

    figure_options.check_fit(CLAIMS, words or ())
    given = parsed(words, list(CLAIMS_OPTIONS))
    out, study = Path(given["out"]) if "out" in given else None, study_of(given)
    drawn = out is not None and out.suffix in figures.FORMATS
    look = {name: text for name, text in given.items() if name in figure_options.takes(CLAIMS)}
    for one in ("claim", "format") if drawn else look:
        if one in given:
            ending = f"out={out}" if out is not None else "out= of a figure, as in out=claims.pdf"
            rule = f"goes with a table, but {ending} is a figure" if drawn else f"needs {ending}"
            raise SweeperError(f"{one}= {rule}")
    if drawn:
        for file in figures.render(study, CLAIMS, look, out):
            typer.echo(file)
        return
    form = _form(given.get("format"), out, figures.FORMATS)
    found = verdicts(
        study, more=asked(given["claim"], study.space.claims) if "claim" in given else {}
    )
    if not found:
        raise NothingToShow(
            f"the space of {study.name} makes no claims: write some under its key claims, or "
            "name one, as in claim='score(lr=1e-3) > score(lr=1e-4)'"
        )
    if form == "csv":
        text = verdict_text.frame(found).to_csv(index=False)
    else:
        text = {"latex": verdict_text.latex, "markdown": verdict_text.markdown}[form](
            study.name, found
        )
    if out is None:
        typer.echo(text, nl=False)
        return
    write_durably(out, text.encode())
    typer.echo(out)


@command(EXPORT_OPTIONS)
def export(words: Words = None) -> None:
    """Write a study's runs, trials or reports as one tidy table."""
    from sweeper.results.export import tidy_tables

    figure_options.check_fit("export", words or ())
    options = parsed(words, list(EXPORT_OPTIONS))
    asked = figure_options.options("export", {k: options[k] for k in PART_OPTIONS if k in options})
    for name in ("table", "out"):
        if name not in options:
            raise SweeperError(f"{name}= is needed, as in: sweeper export table=runs out=x.csv")
    out = Path(options["out"])
    typer.echo(tidy_tables.write(study_of(options), options["table"], out, asked))


PLAY_OPTIONS = {
    **STUDY_OPTIONS,
    "run": "the run's id, or the beginning of it",
    "episodes": "how many (default: as the space evaluates)",
    "video": "false: none (default: true, of the first episode, where the task can be seen)",
    "seconds": "the video's length at most (default: 30)",
    "out": "the video's file, .gif or .mp4 (default: videos/ID.gif in the study's folder)",
}


@command(PLAY_OPTIONS)
def play(words: Words = None) -> None:
    """Evaluate the weights that are kept of a run again, and film an episode."""
    from sweeper.cli.commands import play
    from sweeper.cli.commands.retry import list_runs
    from sweeper.space.overrides import truth

    options = parsed(words, list(PLAY_OPTIONS))
    study = study_of(options)
    if "run" not in options:
        raise SweeperError(f"run= is needed: {list_runs(study)}")
    numbers = {
        key: count_of(key, options[key]) for key in ("episodes", "seconds") if key in options
    }
    film, out = "video" not in options or truth("video", options), options.get("out")
    if out and not film:
        raise SweeperError("out= is the video's file, which video=false leaves out: give one")
    for line in play.play(
        study, options["run"], film=film, out=Path(out) if out else None, **numbers
    ):
        typer.echo(line)


@command(SYNC_OPTIONS)
def sync(words: Words = None) -> None:
    """Show a study's runs in TensorBoard, Weights & Biases or MLflow; again only what is new."""
    from sweeper.space.overrides import truth
    from sweeper.trackers.sync import sync

    options = parsed(words, list(SYNC_OPTIONS))
    if "to" not in options:
        names = ", ".join(lookup.names("sweeper.trackers"))
        raise SweeperError(
            f"to= is needed, one of {names} or path/file.py:Tracker, as in: sweeper sync "
            "to=tensorboard"
        )
    watch = truth("watch", options)
    sync(study_of(options), options["to"], options.get("out"), watch=watch, say=typer.echo)


def _form(asked: str | None, out: Path | None, further: Sequence[str] = ()) -> str:
    """The format: what is asked for, or what the file's name ends in.

    `further` endings are valid, too, which stand for no table.
    """
    if asked is not None and asked not in SUFFIXES:
        raise SweeperError(f"unknown format {shown(asked)}{choices(asked, SUFFIXES)}")
    if out is None:
        return asked or "markdown"
    check_out(out, [SUFFIXES[asked]] if asked else [*SUFFIXES.values(), *further])
    return next(form for form, suffix in SUFFIXES.items() if suffix == out.suffix)
