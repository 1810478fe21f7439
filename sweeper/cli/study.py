"""Commands about studies that are there."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import typer

from sweeper.cli.app import (
    RUN_OPTIONS,
    STUDY_OPTIONS,
    Words,
    command,
    count_of,
    parsed,
    root_of,
    study_of,
)
from sweeper.cli.figures import PART_OPTIONS
from sweeper.errors import SweeperError, shown
from sweeper.space import figure_options

if TYPE_CHECKING:
    from sweeper.study.study import Study


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

    from sweeper.report.status import summarise
    from sweeper.report.status_text import summary_lines
    from sweeper.space.overrides import truth

    options = parsed(words, [*STUDY_OPTIONS, "format", "watch"])
    form = options.get("format", "text")
    if form not in ("text", "json"):
        raise SweeperError(f"format must be text or json, but got {shown(form)}")
    if truth("watch", options):
        if form != "text":
            raise SweeperError("watch=true needs format=text, but got format=json")
        from sweeper.cli.commands import live_status

        live_status.show(study_of(options))
        return
    study = study_of(options)
    summary = summarise(study)
    if form == "json":
        typer.echo(json.dumps({**summary.as_json(), "claims": _claims(study)}, indent=1))
    else:
        typer.echo("\n".join(summary_lines(summary)))


def _claims(study: Study) -> list[dict[str, Any]]:
    """The verdicts on the claims of a study's space."""
    if not study.space.claims:
        return []
    from sweeper.results.verdicts.verdicts import verdicts

    return [one.as_json() for one in verdicts(study)]


@command(
    {
        **STUDY_OPTIONS,
        "state": "only those: open, running, paused, complete, pruned, nan, failed, oom, timeout "
        "or lost",
        "trial": "only those of the trial of this number",
        "format": "text (default), json or csv",
    }
)
def runs(words: Words = None) -> None:
    """List the runs of a study: state, step, worker and score of each."""
    from sweeper.report.progress import run_list

    options = parsed(words, [*STUDY_OPTIONS, "state", "trial", "format"])
    form = options.get("format", "text")
    if form not in run_list.FORMATS:
        raise SweeperError(f"format must be text, json or csv, but got {shown(form)}")
    trial = options.get("trial")
    if trial is not None and not (trial.isascii() and trial.isdigit() and len(trial) < 19):
        raise SweeperError(f"trial must be a whole number from 0, but got {shown(trial)}")
    found = run_list.rows(
        study_of(options),
        state=options.get("state"),
        trial=None if trial is None else int(trial),
    )
    typer.echo(run_list.FORMATS[form](found), nl=False)


@command(
    {
        **STUDY_OPTIONS,
        "run": "the run's id, or the beginning of it (default: list all workers' logs)",
        "follow": "true: go on until the run has ended, whoever takes it over (default: false)",
    }
)
def logs(words: Words = None) -> None:
    """Show what the worker printed that holds, or held last, a run; or list all logs."""
    from sweeper.cli.commands import logs
    from sweeper.space.overrides import truth

    options = parsed(words, [*STUDY_OPTIONS, "run", "follow"])
    follows = truth("follow", options)
    if "run" not in options:
        if follows:
            raise SweeperError("follow=true needs run=, the run to follow")
        for line in logs.listed(study_of(options)):
            typer.echo(line)
        return
    study, run = study_of(options), options["run"]
    moved = lambda file: typer.echo(f"==> {file} <==", err=True)  # noqa: E731
    for data in logs.follow(study, run, moved) if follows else logs.of_run(study, run):
        typer.echo(data, nl=False)


BEST_OPTIONS = {
    **STUDY_OPTIONS,
    "n": "how many (default: 5)",
    **{name: about for name, about in PART_OPTIONS.items() if name != "pool"},
    "top": "the same as n",
}


@command(BEST_OPTIONS)
def best(words: Words = None) -> None:
    """Show the best trials of a study, with their intervals."""
    from sweeper.results.ranking import ranking
    from sweeper.results.slices.part import Part

    figure_options.check_fit("best", words or ())
    options = parsed(words, list(BEST_OPTIONS))
    if "n" in options and "top" in options:
        raise SweeperError("n and top are the same here: give one of them")
    name = "top" if "top" in options else "n"
    number = count_of(name, options.get(name, "5"))
    asked: dict[str, str] = {key: options[key] for key in ("where", "trial") if key in options}
    study = study_of(options)
    part = Part.of(study, figure_options.options("best", asked))
    for line in ranking.best(study, number, part):
        typer.echo(line)


@command({**STUDY_OPTIONS, "trace": "true: the whole traceback of each (default: false)"})
def failed(words: Words = None) -> None:
    """List the runs that failed, and why."""
    from sweeper.results import failed_runs
    from sweeper.space.overrides import truth

    options = parsed(words, [*STUDY_OPTIONS, "trace"])
    for line in failed_runs.failed(study_of(options), trace=truth("trace", options)):
        typer.echo(line)


@command(
    {
        **STUDY_OPTIONS,
        "state": "which of them: failed, oom, timeout, lost or nan (default: all but nan)",
    }
)
def retry(words: Words = None) -> None:
    """Open the failed runs of a study again."""
    from sweeper.cli.commands import retry as reopen
    from sweeper.ledger.run_record import UNSCORED

    options = parsed(words, [*STUDY_OPTIONS, "state"])
    study = study_of(options)
    states = [options["state"]] if "state" in options else UNSCORED
    _reopened(study, len(reopen.retry(study, states)))


@command({**STUDY_OPTIONS, "run": "the run's id, or the beginning of it"})
def rerun(words: Words = None) -> None:
    """Open one run of a study again, however it ended."""
    from sweeper.cli.commands import retry as reopen

    options = parsed(words, [*STUDY_OPTIONS, "run"])
    study = study_of(options)
    if "run" not in options:
        raise SweeperError(f"run= is needed: {reopen.list_runs(study)}")
    _reopened(study, len(reopen.rerun(study, options["run"])))


@command({**STUDY_OPTIONS, "storage": "an Optuna storage's URL (default: the study's journal)"})
def optuna(words: Words = None) -> None:
    """Write a study as an Optuna storage, for optuna.load_study and optuna-dashboard."""
    from sweeper.results.export import optuna_storage

    options = parsed(words, [*STUDY_OPTIONS, "storage"])
    study = study_of(options)
    typer.echo(optuna_storage.write(study, study.ledger_state(), options.get("storage")))


@command({**STUDY_OPTIONS, "port": "the port on this machine's loopback (default: 8080)"})
def dashboard(words: Words = None) -> None:
    """Show a study, as it stands now, in optuna-dashboard (extra `dashboard`) until Ctrl-C."""
    from sweeper.cli.commands import dashboard

    options = parsed(words, [*STUDY_OPTIONS, "port"])
    port = count_of("port", options.get("port", str(dashboard.PORT)))
    study = study_of(options)
    with dashboard.serving(study, port) as server:
        typer.echo(f"{study.name} as it stands now: http://{dashboard.HOST}:{port}/  (Ctrl-C ends)")
        with suppress(KeyboardInterrupt):
            server.serve_forever()


@command(
    {
        **STUDY_OPTIONS,
        "figures": "own figures of the space to draw, too, whose files run: path/file.py:name,…",
    }
)
def report(words: Words = None) -> None:
    """Draw a study's figures, and write its report: one page that opens anywhere."""
    from sweeper.report import publish

    options = parsed(words, [*STUDY_OPTIONS, "figures"])
    study = study_of(options)
    given = options["figures"].strip("[]").split(",") if "figures" in options else []
    own = publish.own_figures(study, map(str.strip, given))
    study.share_files()
    ledger_state = study.ledger_state()
    whole = publish.draw(study, ledger_state, own)
    typer.echo(study.paths.report)
    if not publish.scored(ledger_state):
        typer.echo(f"{study.name}: no run has finished with a score yet: no figures", err=True)
        whole = False
    raise typer.Exit(int(not whole))


@command({"root": RUN_OPTIONS["root"], "tag": "only those that have this tag"})
def studies(words: Words = None) -> None:
    """List all studies and how far they are."""
    from sweeper.report.status import summarise
    from sweeper.report.status_text import summary_lines
    from sweeper.study import studies

    options = parsed(words, ["root", "tag"], alone=None)
    root, tag = root_of(options), options.get("tag")
    names = studies.tagged(root, tag)
    for name in names:
        try:
            typer.echo(next(iter(summary_lines(summarise(studies.find(name, root))))))
        except SweeperError as error:
            typer.echo(f"{name}: {error}")
    if not names:
        what = "no studies" if tag is None else f"no studies with the tag {shown(tag)}"
        typer.echo(f"{what} under {root.resolve()}")


@command({})
def spaces(words: Words = None) -> None:
    """List the spaces that come with sweeper, and those in ./spaces."""
    from sweeper.planning import shipped_spaces

    parsed(words, [])
    for path, about in shipped_spaces.spaces():
        typer.echo(f"{path}  {about}")


@command({"agent": "one of them, with its parameters, metrics and tasks (default: list all)"})
def agents(words: Words = None) -> None:
    """List the agents, or what one of them can be told."""
    from sweeper.cli.commands import agents as manual

    options = parsed(words, ["agent"], alone="agent")
    for line in manual.agent(options["agent"]) if "agent" in options else manual.agents():
        typer.echo(line)


def _reopened(study: Study, number: int) -> None:
    """Says how to go on with runs that were opened again; figures with their old ends go aside."""
    from sweeper.report import publish
    from sweeper.study import command_hints
    from sweeper.text import counted

    opened = f"opened {counted(number, 'run')} again"
    if not number:
        typer.echo(f"{opened}: there is none of that kind")
        return
    publish.set_aside(study, study.ledger_state(reports=False))
    typer.echo(f"{opened}: {command_hints.again(study)}")
