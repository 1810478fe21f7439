"""The studies under a folder: one is started, joined, or found by its name."""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from sweeper.errors import Invalid, SweeperError, did_you_mean, listed, shown
from sweeper.ledger.state import LedgerState
from sweeper.log import log
from sweeper.paths import StudyPaths
from sweeper.schema import document as documents
from sweeper.schema.rules import study_name
from sweeper.space.digest import digest
from sweeper.space.space import Space
from sweeper.study import note, versions
from sweeper.study.provenance import changed_files, files
from sweeper.study.sampling import warm_start
from sweeper.study.sampling.warm_start import WarmStart
from sweeper.study.study import Study
from sweeper.text import few


def start(
    folder: Path,
    space: Space,
    *,
    group: bool = False,
    extend: bool = False,
    other_code: bool = False,
) -> Study:
    """Starts a study of `space` in `folder`, or joins the one that is there.

    A joined study goes on with the figures, limits and checkpoint intervals of `space`; with
    `extend` also with its further seeds, grid values and trials. Raises `SweeperError` where the
    spaces differ in anything else that changes results, and without `other_code` where files that
    training runs have changed.
    """
    os.umask(0o007 if group else 0o077)
    try:
        StudyPaths(folder).create()
        _probe(folder / "ledger")
        known: dict[str, Any] = {}
        if is_one(folder):
            known = _known(Study.open(folder), space, other_code=other_code)
        elif space.warm_start:
            found = warm_start_of(space, folder)
            for doubt in found.doubts:
                log.warning("%s", doubt)
            known = {"earlier": found.trials}
        joined = versions.join(folder, space, group=group, extend=extend, **known)
        study = Study(folder, joined)
    except OSError as error:
        raise SweeperError(
            f"cannot write to the study's folder {folder}: {error.strerror}{_where(error, folder)}"
        ) from error
    study.share_files()
    return study


def warm_start_of(space: Space, folder: Path) -> WarmStart:
    """The trials that a study of `space` in `folder` would begin with; they stand beside it.

    Raises `SweeperError` where an earlier study is missing, or cannot be learnt from.
    """
    try:
        earlier = []
        for number, name in enumerate(space.warm_start):
            if name == folder.name:
                raise Invalid(
                    "is the study itself: give it a name (name=…)", ("warm_start", number)
                )
            try:
                earlier.append(find(name, folder.parent))
            except SweeperError as error:
                raise Invalid(f"names no study: {error}", ("warm_start", number)) from error
        return warm_start.read(space, earlier)
    except Invalid as error:
        raise _placed(space, error) from error


def _placed(space: Space, error: Invalid) -> SweeperError:
    """The error about a key of a space, with its line where its file is there."""
    with suppress(SweeperError):
        return documents.read(Path(space.file), later=True).errors([error])
    return documents.Document(space.file, {}).errors([error])


def _known(study: Study, space: Space, *, other_code: bool) -> dict[str, Any]:
    """What `versions.join` is told of a study: the files that it is known to run, whether they have
    changed and it goes on with them, and whether any run has ended.

    Raises `SweeperError` as `check_code` does; where nothing is left to run, or its plan is of an
    earlier version of sweeper, it only says so.
    """
    ledger_state = study.ledger_state(reports=False)
    old, newest = study.versions[-1].frozen is None, study.versions[-1].space
    idle = not old and digest(newest) == digest(space) and study.ended_in(ledger_state)
    changed = check_code(study, space, ledger_state, other_code=other_code or old or idle)
    return {
        "files": list(files(study.begun_with(ledger_state))),
        "renew": changed and not idle,
        "ended": any(one.end is not None or one.generation for one in ledger_state.runs.values()),
    }


def check_code(study: Study, space: Space, ledger_state: LedgerState, *, other_code: bool) -> bool:
    """Whether files that training `space` runs have changed since `study` was planned last.

    They are named. Raises `SweeperError` where runs of both would mix, unless `other_code` allows
    that.
    """
    changed = changed_files(space, study.begun_with(ledger_state, -1))
    if changed and not other_code:
        raise SweeperError(
            f"{study.name} began with other code: {few(changed)}; results of both would mix: "
            "restore the files, run under a name of its own (name=…), or go on all the same "
            "(other_code=true)"
        )
    if changed:
        log.warning("%s began with other code: %s", study.name, few(changed))
    return bool(changed)


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
        raise SweeperError(
            f"there is no study under {root.resolve()} yet: sweeper run SPACE.yaml makes one"
        )
    return find(max(valid, key=lambda name: _touched(root / name)), root)


def find(name: str, root: Path) -> Study:
    """The study called `name` under `root`, or the one whose folder's path `name` is."""
    folder = Path(name)
    if os.sep in name and is_one(folder):
        return Study.open(folder if folder.name not in ("", "..") else folder.resolve())
    check_name(name)
    valid = names(root)
    if name not in valid:
        if (root / name / "ledger").is_dir():
            raise SweeperError(
                f"{root / name / 'plans' / '0'} is missing, or no file: the space of that study is "
                "lost with it; restore it, or run the space under another name (name=…)"
            )
        there = f"studies there: {listed(name, valid)}" if valid else "there is none yet"
        raise SweeperError(
            f"no study {shown(name)} under {root.resolve()}{did_you_mean(name, valid)}; {there}"
        )
    return Study.open(root / name)


def names(root: Path) -> list[str]:
    """All studies under `root`, sorted."""
    if not root.is_dir():
        return []
    return sorted(path.name for path in root.iterdir() if path.name[0] != "." and is_one(path))


def tagged(root: Path, tag: str | None) -> list[str]:
    """All studies under `root` that have a tag, sorted; all of them where it is `None`."""
    found = names(root)
    if tag is None:
        return found
    said = {name: note.read(StudyPaths(root / name)) or note.Note() for name in found}
    return [name for name in found if tag in said[name].tags]


def is_one(folder: Path) -> bool:
    """Whether `folder` is a study's."""
    return (folder / "plans" / "0").is_file()


def _touched(folder: Path) -> float:
    """When anything of a study's folder or ledger was last written."""
    found = [folder.stat().st_mtime]
    for file in folder.glob("ledger/*"):
        with suppress(OSError):  # a link to nothing, or it went just now
            found.append(file.stat().st_mtime)
    return max(found)


def _where(error: OSError, folder: Path) -> str:
    """`: file`, where an error is about another file than the folder."""
    about = error.filename2 or error.filename
    return f": {about}" if about and str(about) != str(folder) else ""


def _probe(folder: Path) -> None:
    """Raises `OSError` where `folder`, which exists, cannot be written to."""
    if not os.access(folder, os.W_OK):
        read_only = os.statvfs(folder).f_flag & os.ST_RDONLY
        number = errno.EROFS if read_only else errno.EACCES
        raise OSError(number, os.strerror(number), str(folder))
