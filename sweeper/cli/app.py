"""The Typer application, and the parsing of options that all commands share.

Nothing heavy is imported before a command needs it: `sweeper --help` answers at once.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sweeper import paths
from sweeper.errors import SweeperError, shown

if TYPE_CHECKING:
    from sweeper.study.study import Study

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _version(wanted: bool) -> None:
    from sweeper.study import provenance

    if wanted:
        typer.echo(f"sweeper {provenance.revision()}")
        raise typer.Exit


@app.callback()
def common(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say which it is.")
    ] = False,
) -> None:
    """Hyperparameter and architecture sweeps for deep reinforcement learning."""


Words = Annotated[list[str] | None, typer.Argument(metavar="[KEY=VALUE]...", show_default=False)]

RUN_OPTIONS = {
    "scale": "the space's scale: its default one is `laptop` where it has that",
    "name": "the study's name (default: the space's, with the scale where that is not the default)",
    "root": f"the folder of all studies (default: {paths.STUDIES})",
    "dispatch": "how workers are started: inline (this process), local (default) or slurm",
    "profile": "what a Slurm job asks for: slurm/default.yaml (default), or files of your own: a,b",
    "watch": "true: stay and watch workers on Slurm, which need nobody (default: false)",
    "workers": "how many workers (default: one a core; on Slurm what the profile allows; 4,2: of "
    "each profile)",
    "pack": "how many runs train together in one worker, or auto (default)",
    "device": "where tensors live: cpu or cuda (default: cuda where the profile has GPUs)",
    "extend": "true: the study grows by more seeds, grid values or trials (default: false)",
    "other_code": "true: go on although files that training runs have changed (default: false)",
    "group": "true: the study's files are open to your group (default: to you alone)",
}
PLAN_OPTIONS = {
    name: RUN_OPTIONS[name]
    for name in ("scale", "name", "root", "dispatch", "profile", "workers", "pack", "device")
}
TOP = 5
"""How many configurations meet fresh seeds where nobody says."""

STUDY_OPTIONS = {
    "study": "the study's name, as `sweeper studies` lists it; `study=` may be left out",
    "root": RUN_OPTIONS["root"],
}


OPTIONS: dict[str, Mapping[str, str]] = {}
"""The options of each command, with their texts, by its name."""

SPACE_COMMANDS: list[str] = []
"""The commands that take a space, and words that change its keys."""


def command(options: Mapping[str, str], note: str = "") -> Callable[..., Any]:
    """Registers a command whose help ends with the table of its `options`."""

    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        width = max(map(len, options), default=0)
        table = "\n".join(f"  {name + '=':{width + 1}}  {text}" for name, text in options.items())
        OPTIONS[function.__name__] = options
        if "space" in function.__annotations__:
            SPACE_COMMANDS.append(function.__name__)
        text = f"{function.__doc__}\n\n\b\nWords:\n{table}"
        about = (function.__doc__ or "").partition("\n")[0]
        full = f"{text}\n\n{note}" if note else text
        app.command(name=function.__name__, help=full, short_help=about)(function)
        return function

    return register


_MOST = 1_000_000
"""The largest number that an option takes."""


def count_of(name: str, text: str, rule: str = "a whole number from 1") -> int:
    """The number that the option `name` has; `SweeperError` with its `rule` for any other text."""
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise SweeperError(f"{name} must be {rule}, but got {shown(text)}")
    if number > _MOST:
        raise SweeperError(f"{name} must be at most {_MOST}, but got {shown(text)}")
    return number


def parsed(
    words: list[str] | None, valid: list[str], alone: str | None = "study"
) -> dict[str, str]:
    """The options in `words`; `SweeperError` for one that is not `valid` or is given twice.

    A word without `=` is the value of the option `alone`, where that is valid.
    """
    from sweeper.space import overrides

    return overrides.parse_words(
        words or [], valid, keys=(), alone=alone if alone in valid else None, again=("where",)
    )[0]


def root_of(options: Mapping[str, str]) -> Path:
    """The folder of all studies."""
    return Path(options.get("root", paths.STUDIES))


def studies_of(options: Mapping[str, str]) -> tuple[Study, dict[str, list[str]]]:
    """The study that the words name first, and the option `study` with the others, if any."""
    first, *others = (name.strip() for name in options.get("study", "").split(","))
    named = {**options, "study": first} if first else options
    return study_of(named), {"study": others} if others else {}


def study_of(options: Mapping[str, str]) -> Study:
    """The study that the words name, or the one whose ledger changed last."""
    from sweeper.study import studies

    if "," in options.get("study", ""):
        rule = "study= takes one study here (figures and tables take several)"
        raise SweeperError(f"{rule}, but got {shown(options['study'])}")
    gc.disable()  # whoever reads a study makes many objects, drops none and ends
    root = root_of(options)
    return studies.find(options["study"], root) if "study" in options else studies.newest(root)
