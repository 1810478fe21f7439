"""The command line: `sweeper COMMAND [key=value ...]`.

Nothing heavy is imported before a command needs it: `sweeper --help` answers at once.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sweeper import lookup, paths
from sweeper.errors import SweeperError

if TYPE_CHECKING:
    from sweeper.study import Study

app = typer.Typer(
    help="Hyperparameter and architecture sweeps for deep reinforcement learning.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

Words = Annotated[list[str] | None, typer.Argument(metavar="[KEY=VALUE]...", show_default=False)]

RUN_OPTIONS = {
    "scale": "the space's scale: its default one is `laptop` where it has that",
    "name": "the study's name (default: the space's, with the scale where that is not the default)",
    "root": f"the folder of all studies (default: {paths.STUDIES})",
    "dispatch": "how workers are started: inline (this process), local (default) or slurm",
    "profile": "what a Slurm job asks for: slurm/default.yaml (default), or a file of your own",
    "watch": "true: stay and watch workers on Slurm, which need nobody (default: false)",
    "workers": "how many workers (default: one a processor core; on Slurm what the profile allows)",
    "pack": "how many runs train together in one worker, or auto (default)",
    "device": "where tensors live: cpu or cuda (default: cuda where the profile has GPUs)",
    "extend": "true: the study grows by more seeds, grid values or trials (default: false)",
    "group": "true: the study's files are open to your group (default: to you alone)",
}
STUDY_OPTIONS = {
    "study": "the study's name, as `sweeper studies` lists it",
    "root": RUN_OPTIONS["root"],
}
FIGURE_OPTIONS = {
    "x": "the axis along x",
    "y": "the axis along y, or the colour's where a figure has no second axis",
    "hue": "the axis that lines differ in",
    "facet": "the axis that panels differ in",
    "metric": "a reported metric to show instead of the score",
    "out": "the file to write instead of the study's figures/: .pdf or .png",
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the command line; exits with 2 for a mistake of the user's, 1 for a failure."""
    try:
        app(args=arguments, prog_name="sweeper")
    except SweeperError as error:
        print(f"sweeper: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except BrokenPipeError:
        sys.exit(1)
    except OSError as error:
        print(f"sweeper: {error.strerror}: {error.filename}", file=sys.stderr)
        sys.exit(1)
    finally:
        gc.enable()


def command(options: Mapping[str, str], note: str = "") -> Callable[..., Any]:
    """Registers a command whose help ends with the table of its `options`."""

    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        width = max(map(len, options), default=0)
        table = "\n".join(f"  {name + '=':{width + 1}}  {text}" for name, text in options.items())
        text = f"{function.__doc__}\n\n\b\nWords:\n{table}"
        app.command(name=function.__name__, help=f"{text}\n\n{note}" if note else text)(function)
        return function

    return register


@command(
    RUN_OPTIONS,
    "All other words change a key of the space: seeds=3, steps=1e5, "
    "axes.optimizer.lr.values=[1e-4,1e-3].",
)
def run(space: Annotated[str, typer.Argument(metavar="SPACE.yaml")], words: Words = None) -> None:
    """Plan a space, start workers and watch them; the same command again goes on."""
    from sweeper import overrides
    from sweeper.run import run

    options, changes = overrides.parse_words(words or [], list(RUN_OPTIONS))
    raise typer.Exit(run(space, options, changes))


@command({**STUDY_OPTIONS, **{name: RUN_OPTIONS[name] for name in ("pack", "device", "workers")}})
def work(words: Words = None) -> None:
    """Join a study as one more worker: on this machine, or as a job of your own."""
    from sweeper.run import options_of
    from sweeper.work import tend

    given = _options(words, [*STUDY_OPTIONS, "pack", "device", "workers"])
    options, study = options_of(given), _study(given)
    raise typer.Exit(
        tend(study.folder, options.pack, options.device or "cpu", options.workers or 1)
    )


@command(
    {
        **STUDY_OPTIONS,
        "format": "text (default) or json",
        "watch": "true: show it anew every few seconds, until all runs have ended (default: false)",
    }
)
def status(words: Words = None) -> None:
    """Say where a study stands (default: the one that was at work last)."""
    import json

    from sweeper import live
    from sweeper.summary import summarise, summary_lines

    options = _options(words, [*STUDY_OPTIONS, "format", "watch"])
    form = options.get("format", "text")
    if form not in ("text", "json"):
        raise SweeperError(f"format must be text or json, but got {form!r}")
    if _truth("watch", options):
        if form != "text":
            raise SweeperError("watch=true needs format=text, but got format=json")
        live.show(_study(options))
        return
    summary = summarise(_study(options))
    typer.echo(
        json.dumps(summary, indent=1) if form == "json" else "\n".join(summary_lines(summary))
    )


@command(
    {
        **STUDY_OPTIONS,
        "run": "the run's id, or the beginning of it (default: list all workers' logs)",
        "follow": "true: go on until the run has ended, whoever takes it over (default: false)",
    }
)
def logs(words: Words = None) -> None:
    """Show what the worker printed that holds, or held last, a run; or list all logs."""
    from sweeper import logs

    options = _options(words, [*STUDY_OPTIONS, "run", "follow"])
    follows = _truth("follow", options)
    if "run" not in options:
        if follows:
            raise SweeperError("follow=true needs run=, the run to follow")
        for line in logs.listed(_study(options)):
            typer.echo(line)
        return
    study, run = _study(options), options["run"]
    moved = lambda file: typer.echo(f"==> {file} <==", err=True)  # noqa: E731
    for data in logs.follow(study, run, moved) if follows else logs.of_run(study, run):
        typer.echo(data, nl=False)


@command(STUDY_OPTIONS)
def cancel(words: Words = None) -> None:
    """Stop the workers and jobs of a study; its runs stay open, and `sweeper run` goes on."""
    from sweeper.cancel import cancel

    for line in cancel(_study(_options(words, list(STUDY_OPTIONS)))):
        typer.echo(line)


@command({name: RUN_OPTIONS[name] for name in ("profile", "root")})
def doctor(words: Words = None) -> None:
    """Say whether workers are safe on this file system and cluster, and what to change."""
    from sweeper import doctor

    options = _options(words, ["profile", "root"])
    problems = 0
    for finding in doctor.examine(options.get("profile"), _root(options)):
        typer.echo(finding)
        problems += finding.level == "problem"
    raise typer.Exit(int(problems > 0))


@command({**STUDY_OPTIONS, "n": "how many (default: 5)"})
def best(words: Words = None) -> None:
    """Show the best trials of a study, with their intervals."""
    from sweeper import listing

    options = _options(words, [*STUDY_OPTIONS, "n"])
    number = _count("n", options.get("n", "5"))
    for line in listing.best(_study(options), number):
        typer.echo(line)


@command({**STUDY_OPTIONS, "trace": "true: the whole traceback of each (default: false)"})
def failed(words: Words = None) -> None:
    """List the runs that failed, and why."""
    from sweeper import listing

    options = _options(words, [*STUDY_OPTIONS, "trace"])
    for line in listing.failed(_study(options), trace=_truth("trace", options)):
        typer.echo(line)


@command(
    {
        **STUDY_OPTIONS,
        "state": "which of them: failed, oom, timeout, lost or nan (default: all but nan)",
    }
)
def retry(words: Words = None) -> None:
    """Open the failed runs of a study again."""
    from sweeper import listing, reopen
    from sweeper.fold import UNSCORED

    options = _options(words, [*STUDY_OPTIONS, "state"])
    study = _study(options)
    states = [options["state"]] if "state" in options else UNSCORED
    _reopened(len(reopen.retry(study, states)), listing.again(study))


@command({**STUDY_OPTIONS, "run": "the run's id, or the beginning of it"})
def rerun(words: Words = None) -> None:
    """Open one run of a study again, however it ended."""
    from sweeper import listing, reopen

    options = _options(words, [*STUDY_OPTIONS, "run"])
    if "run" not in options:
        raise SweeperError(f"run= is needed: {reopen.LIST_RUNS}")
    study = _study(options)
    _reopened(len(reopen.rerun(study, options["run"])), listing.again(study))


@command({**STUDY_OPTIONS, "storage": "an Optuna storage's URL (default: the study's journal)"})
def optuna(words: Words = None) -> None:
    """Write a study as an Optuna storage, for optuna.load_study and optuna-dashboard."""
    from sweeper import optuna_storage

    options = _options(words, [*STUDY_OPTIONS, "storage"])
    study = _study(options)
    typer.echo(optuna_storage.write(study, study.fold(), options.get("storage")))


PLAN_OPTIONS = {
    name: RUN_OPTIONS[name]
    for name in ("scale", "name", "root", "dispatch", "profile", "workers", "pack", "device")
}


@command(
    PLAN_OPTIONS,
    "All other words change a key of the space, as for run.",
)
def plan(space: Annotated[str, typer.Argument(metavar="SPACE.yaml")], words: Words = None) -> None:
    """Say what a space would train, and what that takes; start nothing."""
    from sweeper import overrides, preview
    from sweeper.run import options_of
    from sweeper.space import load
    from sweeper.study import check_name

    options, changes = overrides.parse_words(words or [], list(PLAN_OPTIONS), of_run=RUN_OPTIONS)
    dispatch = options.get("dispatch", "local")
    lookup.find("sweeper.dispatch", dispatch)
    workers = options_of(options)
    if dispatch != "slurm":
        workers.local_only(dispatch)
    loaded = load(Path(space), options.get("scale"), changes)
    folder = _root(options) / check_name(options.get("name", loaded.name))
    for line in preview.lines(loaded, folder, workers, slurm=dispatch == "slurm"):
        typer.echo(line)


@command({"root": RUN_OPTIONS["root"]})
def studies(words: Words = None) -> None:
    """List all studies and how far they are."""
    from sweeper import study
    from sweeper.summary import summarise, summary_lines

    root = _root(_options(words, ["root"]))
    names = study.names(root)
    for name in names:
        try:
            typer.echo(next(iter(summary_lines(summarise(study.find(name, root))))))
        except SweeperError as error:
            typer.echo(f"{name}: {error}")
    if not names:
        typer.echo(f"no studies under {root}")


@command({})
def spaces(words: Words = None) -> None:
    """List the spaces that come with sweeper, and those in ./spaces."""
    from sweeper import shipped

    _options(words, [])
    for path, about in shipped.spaces():
        typer.echo(f"{path}  {about}")


@command(
    {
        **STUDY_OPTIONS,
        "table": "runs, trials or reports",
        "out": "the file to write: .csv or .parquet",
    }
)
def export(words: Words = None) -> None:
    """Write a study's runs, trials or reports as one tidy table."""
    from sweeper import export

    options = _options(words, [*STUDY_OPTIONS, "table", "out"])
    for name in ("table", "out"):
        if name not in options:
            raise SweeperError(f"{name}= is needed, as in: sweeper export table=runs out=x.csv")
    typer.echo(export.write(_study(options), options["table"], Path(options["out"])))


def _figure_command(name: str, about: str, takes: list[str]) -> None:
    """Registers the figure `name`, whose `draw` takes the options `takes`."""
    options = {key: text for key, text in FIGURE_OPTIONS.items() if key in takes}
    options = {**STUDY_OPTIONS, **options, "out": FIGURE_OPTIONS["out"]}

    def draw(words: Words = None) -> None:
        from sweeper import figures

        given = _options(words, list(options))
        study = _study(given)
        out = given.pop("out", None)
        chosen = {key: given[key] for key in given if key not in STUDY_OPTIONS}
        for file in figures.render(study, name, chosen, Path(out) if out else None):
            typer.echo(file)

    draw.__name__, draw.__doc__ = name, about
    command(options)(draw)


def _reopened(number: int, command: str) -> None:
    from sweeper.values import counted

    opened = f"opened {counted(number, 'run')} again"
    typer.echo(f"{opened}: {command}" if number else f"{opened}: there is none of that kind")


def _count(name: str, text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise SweeperError(f"{name} must be a whole number from 1, but got {text!r}")
    return int(text)


def _truth(name: str, options: Mapping[str, str]) -> bool:
    text = options.get(name, "false")
    if text not in ("true", "false"):
        raise SweeperError(f"{name} must be true or false, but got {text!r}")
    return text == "true"


def _options(words: list[str] | None, valid: list[str]) -> dict[str, str]:
    from sweeper import overrides

    return overrides.parse_words(words or [], valid, keys=())[0]


def _root(options: Mapping[str, str]) -> Path:
    return Path(options.get("root", paths.STUDIES))


def _study(options: Mapping[str, str]) -> Study:
    """The study that the words name, or the one whose ledger changed last."""
    from sweeper import study

    gc.disable()  # whoever reads a study makes many objects, drops none and ends
    root = _root(options)
    return study.find(options["study"], root) if "study" in options else study.newest(root)


for _name in lookup.names("sweeper.figures"):
    _figure_command(
        _name,
        lookup.about("sweeper.figures", _name),
        lookup.keywords("sweeper.figures", _name),
    )
