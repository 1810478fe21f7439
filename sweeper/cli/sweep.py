"""Commands that help to write spaces, and that plan, start and stop sweeps."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sweeper.cli.app import (
    PLAN_OPTIONS,
    RUN_OPTIONS,
    STUDY_OPTIONS,
    TOP,
    Words,
    command,
    parsed,
    root_of,
    study_of,
)


@command(
    RUN_OPTIONS,
    "All other words change a key of the space: seeds=3, steps=1e5, "
    "axes.optimizer.lr.values=[1e-4,1e-3].",
)
def run(space: Annotated[str, typer.Argument(metavar="SPACE.yaml")], words: Words = None) -> None:
    """Plan a space, start workers and watch them; the same command again goes on."""
    from sweeper.cli.commands.run import run
    from sweeper.cli.run_options import RunOptions
    from sweeper.planning.mistakes import placement
    from sweeper.space import overrides

    options, changes = overrides.parse_words(
        words or [], list(RUN_OPTIONS), meant=placement.of_file(space)
    )
    raise typer.Exit(run(space, RunOptions.of(options), changes))


@command(
    PLAN_OPTIONS,
    "All other words change a key of the space, as for run.",
)
def plan(space: Annotated[str, typer.Argument(metavar="SPACE.yaml")], words: Words = None) -> None:
    """Say what a space would train, and what that takes; start nothing."""
    from sweeper.cli.commands import plan as preview
    from sweeper.cli.run_options import RunOptions
    from sweeper.planning.mistakes import placement
    from sweeper.space import overrides

    given, changes = overrides.parse_words(
        words or [], list(PLAN_OPTIONS), of_run=RUN_OPTIONS, meant=placement.of_file(space)
    )
    options = RunOptions.of(given)
    loaded, folder = preview.asked_for(space, options, changes)
    for line in preview.lines(loaded, folder, options.workers, dispatch=options.dispatch):
        typer.echo(line)


CHECK_OPTIONS = {
    "scale": "one of the space's scales (default: all of them, one after the other)",
    "root": RUN_OPTIONS["root"],
}


@command(
    CHECK_OPTIONS,
    "All other words change a key of the space, as for run.",
)
def check(space: Annotated[str, typer.Argument(metavar="SPACE.yaml")], words: Words = None) -> None:
    """Say what is wrong with a space, at each of its scales; start nothing."""
    from sweeper.cli.commands import check as checking
    from sweeper.planning.mistakes import placement
    from sweeper.space import overrides

    options, changes = overrides.parse_words(
        words or [], [*CHECK_OPTIONS], of_run=RUN_OPTIONS, meant=placement.of_file(space)
    )
    for line in checking.lines(space, options.get("scale"), changes, root_of(options)):
        typer.echo(line)


NEW_OPTIONS = {
    "agent": "what is trained: an agent, as `sweeper agents` lists them (default: dqn)",
    "function": "or a function of yours: train.py:train; the file is begun where there is none",
    "program": "or a program of yours: train.py; likewise",
    "task": "what it is trained on: an environment, or any name for a function's or program's task",
    "axes": "what is searched: lr=1e-4..1e-2 (a range) and batch_size=32,64, with blanks between",
    "seeds": "how many seeds each configuration is trained under (default: 5)",
    "steps": "how many steps a run has",
    "name": "the study's name (default: the file's)",
    "yes": "true: overwrite FILE (default: false)",
}


@command(NEW_OPTIONS, "What no word says is asked on a terminal; elsewhere defaults are taken.")
def new(
    file: Annotated[str | None, typer.Argument(metavar="[FILE.yaml]", show_default=False)] = None,
    words: Words = None,
) -> None:
    """Write a space that runs, by five questions."""
    from sweeper.cli.commands import new as beginning

    said = [*([] if file is None else [file]), *(words or [])]
    options = parsed(said, ["file", *NEW_OPTIONS], alone="file")
    for line in beginning.lines(options):
        typer.echo(line)


CONVERT_OPTIONS = {
    "out": "the file to write (default: space.yaml)",
    "study": "which study of Optuna's, where its storage holds several",
    "program": "the program to run, or path.py:function, where the source names none",
    "yes": "true: overwrite the file (default: false)",
}


@command(
    CONVERT_OPTIONS,
    "SOURCE is the YAML file of a W&B sweep; a Hydra configuration with hydra.sweeper, a file of "
    "overrides or a command line in quotes; or Optuna's storage: sqlite:///x.db, or a journal.",
)
def convert(source: Annotated[str, typer.Argument(metavar="SOURCE")], words: Words = None) -> None:
    """Write a space from a W&B sweep, Hydra's overrides or an Optuna study."""
    from pathlib import Path

    from sweeper.cli.commands import convert as converting
    from sweeper.space.overrides import truth

    given = parsed(words, list(CONVERT_OPTIONS), alone=None)
    out, sure = Path(given.get("out", "space.yaml")), truth("yes", given)
    found = converting.lines(source, out, given.get("study"), given.get("program"), sure=sure)
    for line in found:
        typer.echo(line)


RERANK_OPTIONS = {
    **STUDY_OPTIONS,
    "top": f"how many configurations, the best first (default: {TOP})",
    "seeds": "how many fresh seeds (default: those that the space holds out)",
    **{
        name: RUN_OPTIONS[name]
        for name in (
            *("dispatch", "profile", "watch", "workers", "pack", "device", "other_code", "group"),
        )
    },
}


@command(RERANK_OPTIONS)
def rerank(words: Words = None) -> None:
    """Train the best configurations on fresh seeds, and say how much of their lead was luck."""
    from sweeper.cli.commands.run import rerank
    from sweeper.cli.run_options import RerankOptions

    given = parsed(words, list(RERANK_OPTIONS))
    options = RerankOptions.of(given)
    raise typer.Exit(rerank(study_of(given), options))


@command({**STUDY_OPTIONS, **{name: RUN_OPTIONS[name] for name in ("pack", "device", "workers")}})
def work(words: Words = None) -> None:
    """Join a study as one more worker: on this machine, or as a job of your own."""
    from sweeper.cli.run_options import of_workers
    from sweeper.dispatch.supervisor import tend
    from sweeper.trainable import own_files

    given = parsed(words, [*STUDY_OPTIONS, "pack", "device", "workers"])
    options, study = of_workers(given), study_of(given)
    own_files.tell_strangers(study.space.dump())
    raise typer.Exit(
        tend(study.folder, options.pack, options.device or "cpu", options.workers or 1)
    )


@command(STUDY_OPTIONS)
def cancel(words: Words = None) -> None:
    """Stop the workers and jobs of a study; its runs stay open, and `sweeper run` goes on."""
    from sweeper.cli.commands.cancel import cancel

    for line in cancel(study_of(parsed(words, list(STUDY_OPTIONS)))):
        typer.echo(line)


@command({"out": "the file to write instead of showing it, as in out=space.schema.json"})
def schema(words: Words = None) -> None:
    """Show the JSON Schema of spaces, with which editors complete and check them."""
    from sweeper.files.atomic import check_out, write_durably
    from sweeper.space.json_schema import document

    options = parsed(words, ["out"], alone=None)
    if "out" not in options:
        typer.echo(document.page(), nl=False)
        return
    out = Path(options["out"])
    check_out(out, [".json"])
    write_durably(out, document.page().encode())
    typer.echo(out)


@command(
    {
        "shell": "bash, zsh or fish; `shell=` may be left out",
        "line": "a line that is being typed, which the script asks about: what may follow it",
    },
    "In bash: source <(sweeper completion bash); in zsh likewise, after compinit; in fish: sweeper "
    "completion fish | source.",
)
def completion(words: Words = None) -> None:
    """Show the script with which a shell completes sweeper's words."""
    from sweeper.cli.completion import scripts

    options = parsed(words, ["shell", "line"], alone="shell")
    shell = scripts.checked(options.get("shell"))
    if "line" not in options:
        typer.echo(scripts.SCRIPTS[shell], nl=False)
        return
    for line in scripts.answered(shell, options["line"]):
        typer.echo(line)


@command({name: RUN_OPTIONS[name] for name in ("profile", "root")})
def doctor(words: Words = None) -> None:
    """Say whether workers are safe on this file system and cluster, and what to change."""
    from sweeper import doctor

    options = parsed(words, ["profile", "root"])
    problems = 0
    for finding in doctor.examine(options.get("profile"), root_of(options)):
        typer.echo(finding)
        problems += finding.level == "problem"
    raise typer.Exit(int(problems > 0))
