"""The values that options may have, as far as they can be told without training or drawing."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sweeper import lookup
from sweeper.cli.app import STUDY_OPTIONS, root_of, study_of
from sweeper.cli.command_line import FLAGS
from sweeper.cli.results import SUFFIXES
from sweeper.errors import SweeperError
from sweeper.files import bundled
from sweeper.paths import StudyPaths
from sweeper.planning import loading
from sweeper.schema import document as documents
from sweeper.score import AT
from sweeper.space import reference
from sweeper.space.figure_options import AXES, CLOCKS
from sweeper.space.figure_rules import BANDS, SCALES, WIDTHS
from sweeper.space.overrides import KEYS, MERGED
from sweeper.study import note, studies

if TYPE_CHECKING:
    from sweeper.study.study import Study

SHELLS = ("bash", "zsh", "fish")
"""The shells that there are scripts for."""

TABLES = ("runs", "trials", "reports")
"""The tables that `sweeper export` writes, told here without importing pandas."""

_SPACES = (".yaml", ".yml")

FILES: Mapping[str, tuple[str, ...]] = {"convert": ("",), "new": _SPACES}
"""Commands whose word without a key is a file, and what its name ends in."""

_MOST_RUNS = 200
"""The most runs that are offered."""


@dataclass(frozen=True)
class Asked:
    """A command as far as it is typed: its name, its options, its space, the value so far."""

    command: str
    options: Mapping[str, str]
    space: str | None
    text: str


def values(key: str, asked: Asked) -> list[str]:
    """The values of the option `key` that may be meant; those that go on end in `/`, `=` or `.`."""
    if key in FLAGS:
        return ["true", "false"]
    known = OF_COMMAND.get((asked.command, key), KNOWN.get(key))
    try:
        return [] if known is None else [*known(asked)]
    except (SweeperError, OSError, ValueError):
        return []  # what is wrong with a study or a space the command itself will tell


def space_files(asked: Asked) -> Iterator[str]:
    """Files of spaces, folders, and the names of spaces that ship."""
    yield from (Path(name).stem for name in bundled.named("spaces"))
    yield from paths(asked.text, _SPACES)


def space_keys(asked: Asked) -> Iterator[str]:
    """Dotted keys of a space that a word may change; whole sections end in a dot."""
    data: Mapping[str, Any] = {}
    path = bundled.find("spaces", asked.space) if asked.space else None
    if path is not None:
        with suppress(SweeperError, OSError):
            data = documents.read(path, later=True).data
    for key in KEYS:
        yield from _below(key, data.get(key), deep="." in asked.text)


def _below(key: str, value: Any, *, deep: bool) -> Iterator[str]:
    sections = reference.sections()
    names = [*sections[key].model_fields] if key in sections else []
    if key in MERGED and isinstance(value, dict):
        names = list(dict.fromkeys([*names, *value]))
    if not deep:
        yield f"{key}=" if not names else f"{key}."
        return
    for name in names:
        inner = value.get(name) if isinstance(value, dict) else None
        keys = [*inner] if isinstance(inner, dict) and key in ("axes", "tasks") else [""]
        yield from (f"{key}.{name}.{one}=" if one else f"{key}.{name}=" for one in keys)


def paths(text: str, endings: Iterable[str] = ("",)) -> Iterator[str]:
    """Folders, and files with one of the endings, that a path may go on to."""
    folder, name = os.path.split(text)
    with suppress(OSError):
        for entry in sorted(
            os.scandir(os.path.expanduser(folder) or "."), key=lambda one: one.name
        ):
            hidden = entry.name.startswith(".") and not name.startswith(".")
            if hidden or not entry.name.startswith(name):
                continue
            found = os.path.join(folder, entry.name)
            if entry.is_dir():
                yield f"{found}/"
            elif entry.name.endswith(tuple(endings)):
                yield found


def _folders(asked: Asked) -> Iterator[str]:
    return (path for path in paths(asked.text) if path.endswith("/"))


def _axes(asked: Asked) -> list[str]:
    """The axes of the study, and the tasks."""
    from sweeper.space.blocks.parts import every_axis

    return [*every_axis(_study(asked).space), "task"]


def _study(asked: Asked) -> Study:
    """The study that is named, of several the first, or the one that was at work last."""
    options = {key: asked.options[key] for key in STUDY_OPTIONS if key in asked.options}
    if "study" in options:
        options["study"] = options["study"].partition(",")[0]
    return study_of(options)


def _begun(asked: Asked) -> Iterator[str]:
    """Runs that a worker took."""
    return _some(_study(asked).ledger_state(reports=False).runs, asked)


def _ended(asked: Asked) -> Iterator[str]:
    """Runs that have ended, and so may be opened again."""
    records = _study(asked).ledger_state(reports=False).runs
    return _some((run for run, record in records.items() if record.end is not None), asked)


def _kept(asked: Asked) -> Iterator[str]:
    """Runs of which weights are kept."""
    return _some((file.stem for file in _study(asked).paths.weights.glob("[!.]*.npz")), asked)


def _some(runs: Iterable[str], asked: Asked) -> Iterator[str]:
    """Those that go on from what is typed; of very many the first."""
    return islice(sorted(run for run in runs if run.startswith(asked.text)), _MOST_RUNS)


def _tags(asked: Asked) -> list[str]:
    """The tags of all studies that are there."""
    root = root_of(asked.options)
    notes = (note.read(StudyPaths(root / name)) for name in studies.names(root))
    return sorted({tag for one in notes if one is not None for tag in one.tags})


def _programs(asked: Asked) -> Iterator[str]:
    return paths(asked.text, [".py"])


def _profiles(asked: Asked) -> Iterator[str]:
    yield from (Path(name).stem for name in bundled.named("slurm"))
    yield from paths(asked.text, _SPACES)


def _scales(asked: Asked) -> list[str]:
    return [] if asked.space is None else [one for one in loading.scales(asked.space) if one]


def _states(asked: Asked) -> tuple[str, ...]:
    from sweeper.ledger.run_record import STATES

    return STATES


def _retried(asked: Asked) -> tuple[str, ...]:
    from sweeper.cli.commands.retry import RETRIED

    return RETRIED


_Values = Callable[[Asked], Iterable[str]]

KNOWN: Mapping[str, _Values] = {
    "agent": lambda _: lookup.names("agents.learners"),
    "at": lambda _: AT,
    "band": lambda _: BANDS,
    "yscale": lambda _: SCALES,
    "device": lambda _: ("cpu", "cuda"),
    "dispatch": lambda _: lookup.names("sweeper.dispatch"),
    "line": lambda _: (),
    "out": lambda asked: paths(asked.text),
    "pack": lambda _: ("auto",),
    "pool": lambda _: ("all", "best"),
    "profile": _profiles,
    "program": _programs,
    "root": _folders,
    "scale": _scales,
    "shell": lambda _: SHELLS,
    "state": _states,
    "study": lambda asked: studies.names(root_of(asked.options)),
    "table": lambda _: TABLES,
    "tag": _tags,
    "tags": _tags,
    "where": lambda asked: (f"{name}=" for name in [*_axes(asked), "seed"]),
    "width": lambda _: WIDTHS,
    **dict.fromkeys(AXES, _axes),
}
"""By option what it may be, in all commands that have it."""

OF_COMMAND: Mapping[tuple[str, str], _Values] = {
    ("convert", "study"): lambda _: (),
    ("curves", "x"): lambda _: CLOCKS,
    ("logs", "run"): _begun,
    ("new", "function"): _programs,
    ("play", "run"): _kept,
    ("rerun", "run"): _ended,
    ("retry", "state"): _retried,
    ("runs", "format"): lambda _: ("text", "json", "csv"),
    ("status", "format"): lambda _: ("text", "json"),
    ("sync", "to"): lambda _: lookup.names("sweeper.trackers"),
    ("table", "format"): lambda _: SUFFIXES,
}
"""By command and option where commands differ."""
