"""One space being run: a folder with all that happened."""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Mapping
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Any

from sweeper.errors import Invalid, SweeperError, did_you_mean
from sweeper.fold import Fold
from sweeper.ledger import FORMAT
from sweeper.paths import StudyPaths, write_synced
from sweeper.plan import Plan, make_plan
from sweeper.space import Space
from sweeper.trainable import Trainable, load_trainable
from sweeper.values import study_name


class Study:
    """The study in `folder`; its plan and its trainable are made when first asked for."""

    def __init__(self, folder: Path, frozen: Mapping[str, Any]) -> None:
        self.folder = folder
        self.paths = StudyPaths(folder)
        self.space = Space.parse(frozen["space"])
        self.group = bool(frozen["group"])

    @property
    def name(self) -> str:
        """The study's name, which is its folder's."""
        return self.folder.name

    @cached_property
    def trainable(self) -> Trainable:
        """What it trains."""
        return load_trainable(self.space, self.paths.runs)

    @cached_property
    def plan(self) -> Plan:
        """Its trials and runs, in their fixed order."""
        return make_plan(self.space, self.trainable)

    @property
    def ended(self) -> bool:
        """Whether all its runs have ended."""
        return self.ended_in(self.fold(reports=False))

    def ended_in(self, fold: Fold) -> bool:
        """Whether `fold` knows all its runs to have ended."""
        records = (fold.runs.get(run.id) for run in self.plan.runs)
        return all(record is not None and record.end is not None for record in records)

    def fold(self, *, reports: bool = True) -> Fold:
        """All that its ledger says now."""
        fold = Fold(self.paths, reports=reports)
        fold.refresh()
        return fold

    def share_files(self) -> None:
        """Sets this process's umask: the study's files are the owner's alone, or the group's."""
        os.umask(0o007 if self.group else 0o077)

    @staticmethod
    def open(folder: Path) -> Study:
        """The study in `folder`, frozen by whoever started it first."""
        return Study(folder, _read(folder))


def start(folder: Path, space: Space, *, group: bool = False) -> Study:
    """Freezes `space` as the plan of the study in `folder`, or joins the study that is there.

    Of several processes that start one study at once, one links `plans/0` and the others read it.
    """
    paths = StudyPaths(folder)
    os.umask(0o007 if group else 0o077)
    try:
        paths.create()
        _freeze(paths, {"format": FORMAT, "space": space.dump(), "group": group})
    except OSError as error:
        raise SweeperError(
            f"cannot write to the study's folder {folder}: {error.strerror}"
        ) from error
    study = Study.open(folder)
    study.share_files()
    if study.space.digest != space.digest:
        raise SweeperError(
            f"the study {folder.name} exists with another space:\n"
            + "\n".join(f"  {line}" for line in study.space.difference(space))
            + "\nrun the new space under a name of its own (name=…)"
        )
    return study


def check_name(name: str) -> str:
    """`name`, if it can be the name of a study's folder."""
    try:
        study_name(name)
    except Invalid as error:
        raise SweeperError(f"a study's name {error.message}") from error
    return name


def newest(root: Path) -> Study:
    """The study under `root` whose ledger changed last."""
    valid = names(root)
    if not valid:
        raise SweeperError(f"there is no study under {root} yet: sweeper run SPACE.yaml makes one")
    return find(max(valid, key=lambda name: _touched(root / name)), root)


def find(name: str, root: Path) -> Study:
    """The study called `name` under `root`."""
    check_name(name)
    valid = names(root)
    if name not in valid:
        listed = f"studies there: {', '.join(valid)}" if valid else "there is none yet"
        raise SweeperError(f"no study {name!r} under {root}{did_you_mean(name, valid)}; {listed}")
    return Study.open(root / name)


def names(root: Path) -> list[str]:
    """All studies under `root`, sorted."""
    if not root.is_dir():
        return []
    return sorted(path.name for path in root.iterdir() if (path / "plans" / "0").is_file())


def _touched(folder: Path) -> float:
    return max(file.stat().st_mtime for file in [folder, *folder.glob("ledger/*")])


def _freeze(paths: StudyPaths, frozen: Mapping[str, Any]) -> None:
    plan = paths.plans / "0"
    if plan.exists():
        return
    temporary = paths.plans / f".{uuid.uuid4().hex}"
    try:
        write_synced(temporary, json.dumps(frozen, indent=1, ensure_ascii=False).encode())
        with suppress(FileExistsError):
            os.link(temporary, plan)
    finally:
        temporary.unlink(missing_ok=True)


def _read(folder: Path) -> dict[str, Any]:
    plan = folder / "plans" / "0"
    try:
        frozen: dict[str, Any] = json.loads(plan.read_bytes())
        version = int(frozen["format"])
        frozen["space"], frozen["group"]
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise SweeperError(f"{plan} cannot be read as a study's plan: {error!r}") from error
    if version > FORMAT:
        raise SweeperError(
            f"{folder.name} was made by a newer sweeper (format {version}, this one reads "
            f"up to {FORMAT}): upgrade sweeper"
        )
    return frozen
