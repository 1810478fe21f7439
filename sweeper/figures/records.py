"""Records of the figures in a study's folder: how each was asked for, and what it was drawn of.

A figure is up to date where its record names the study's edition. Others are drawn anew when the
study ends; those that cannot be, and those of a study that has more to train, stand in
`figures/old`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from sweeper.errors import SweeperError
from sweeper.files.atomic import write_durably
from sweeper.ledger.state import LedgerState
from sweeper.paths import StudyPaths
from sweeper.study import studies
from sweeper.study.study import Study


@dataclass(frozen=True)
class Record:
    """A figure in a study's folder."""

    name: str
    """Which figure: its command, or `path/file.py:name`."""
    options: Mapping[str, Any]
    """What it was asked to show."""
    files: tuple[str, ...]
    """The names of its files, the picture first."""
    edition: str
    """The `Study.edition` that it was drawn of."""
    ended: bool
    """Whether all runs of the study had ended then."""
    aside: bool = False
    """Whether it stands in `figures/old`, to be drawn anew."""

    @property
    def stem(self) -> str:
        """What the names of its files begin with."""
        return Path(self.files[0]).stem


def edition(study: Study, ledger_state: LedgerState, options: Mapping[str, Any]) -> str:
    """The editions of what a figure of `study` with these options is drawn of.

    Empty where one of its further studies is gone.
    """
    found = [study.edition(ledger_state)]
    try:
        for name in options.get("study", ()):
            other = studies.find(name, study.folder.parent)
            found.append(other.edition(other.ledger_state(reports=False)))
    except SweeperError:
        return ""
    return " ".join(found)


def write(paths: StudyPaths, record: Record) -> None:
    """Writes the record of a figure that was just drawn, and removes what it replaces."""
    for before in read(paths):
        if before.stem == record.stem:
            kept = () if before.aside else record.files
            for file in set(before.files) - set(kept):
                (_folder(paths, before) / file).unlink(missing_ok=True)
            if before.aside:
                _file(paths, before).unlink(missing_ok=True)
    data = {name: value for name, value in asdict(record).items() if name != "aside"}
    write_durably(_file(paths, record), json.dumps(data, ensure_ascii=False).encode())


def read(paths: StudyPaths) -> list[Record]:
    """The records of all figures in the study's folder, by name.

    What is no record is passed over, and that of a picture which somebody removed.
    """
    found = []
    for folder in (paths.figures, paths.old_figures):
        for file in sorted(folder.glob(".*.json")):
            with suppress(OSError, ValueError, TypeError, LookupError):
                data = json.loads(file.read_bytes())
                files = tuple(Path(file).name for file in data["files"])
                aside = folder == paths.old_figures
                if (folder / files[0]).exists():
                    found.append(Record(**{**data, "files": files, "aside": aside}))
    return found


def pictures(records: Iterable[Record]) -> list[str]:
    """The names of the pictures of these figures, of each its PDF and PNG where it has them."""
    return sorted(file for one in records for file in one.files if file.endswith((".pdf", ".png")))


def texts(records: Iterable[Record], named: Collection[str]) -> list[str]:
    """The names of the texts of those of these figures that are `named`."""
    own = [one for one in records if one.name in named]
    return sorted(file for one in own for file in one.files if file.endswith(".txt"))


def set_aside(paths: StudyPaths, some: Iterable[Record]) -> None:
    """Moves these figures with their records to `figures/old`, until they are drawn anew."""
    for record in some:
        if record.aside:
            continue
        paths.old_figures.mkdir(exist_ok=True)
        aside = replace(record, aside=True)
        for file in record.files:
            with suppress(FileNotFoundError):
                os.replace(paths.figures / file, paths.old_figures / file)
        with suppress(FileNotFoundError):
            os.replace(_file(paths, record), _file(paths, aside))


def give_up(paths: StudyPaths, some: Iterable[Record]) -> None:
    """Moves these figures to `figures/old` for good: they cannot be drawn of the study as it is."""
    for record in some:
        set_aside(paths, [record])
        _file(paths, replace(record, aside=True)).unlink(missing_ok=True)


def _folder(paths: StudyPaths, record: Record) -> Path:
    return paths.old_figures if record.aside else paths.figures


def _file(paths: StudyPaths, record: Record) -> Path:
    return _folder(paths, record) / f".{record.stem}.json"
