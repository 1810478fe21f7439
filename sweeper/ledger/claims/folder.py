"""One folder of claims: made, looked into and removed, also while others do so."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from sweeper.files import temporary
from sweeper.files.atomic import remove
from sweeper.ledger.claims.packed import ENDING

T = TypeVar("T")

OPEN = "open"
"""The file that lies in a folder while it is open."""

CLAIM = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*([.][0-9]+)+")
"""Names of claims."""

FOLDER = re.compile(r"(\d+)[.][^/]+")
"""Names of folders."""

_GONE = {errno.ENOENT, errno.ESTALE, errno.ENOTDIR}


def begin(claims: Path, number: int = 0) -> str:
    """Makes a new open folder in `claims`, and returns its name, which no other has had."""
    name = f"{number}.{temporary.process()}"
    (claims / name).mkdir()
    try:
        (claims / name / OPEN).touch(exist_ok=False)
    except OSError:
        abandon(claims / name)
        raise
    return name


def is_folder(name: object) -> bool:
    """Whether `name` can be a folder's, as `begin` makes it."""
    return isinstance(name, str) and FOLDER.fullmatch(name) is not None


def abandon(folder: Path) -> None:
    """Removes a folder that `begin` made and that nothing names."""
    (folder / OPEN).unlink(missing_ok=True)
    with suppress(OSError):
        folder.rmdir()


def clear(folder: Path) -> None:
    """Removes a packed folder; what is no claim stays, and the folder with it."""
    for name in unless_gone(lambda: os.listdir(folder)) or []:
        if name.startswith(".") or CLAIM.fullmatch(name):
            with suppress(OSError):  # on NFS a file that somebody has open cannot be removed yet
                remove(folder / name)
    with suppress(OSError):
        folder.rmdir()


def unused(claims: Path, name: str) -> bool:
    """Whether nothing stands in a folder, nor did."""
    if (claims / f"{name}{ENDING}").exists():
        return False
    return not any(map(CLAIM.fullmatch, unless_gone(lambda: os.listdir(claims / name)) or []))


def unless_gone(act: Callable[[], T]) -> T | None:
    """What `act` returns; `None` where the folder or the file that it needs is gone."""
    try:
        return act()
    except OSError as error:
        if error.errno not in _GONE:
            raise
        return None


def content(file: Path) -> bytes:
    """What a claim holds: nothing that can be read where it is a folder by now."""
    try:
        return file.read_bytes()
    except IsADirectoryError:
        return b""


def opened_once(file: Path) -> bool:
    """`True`; raises `OSError` where the file is not there."""
    os.close(os.open(file, os.O_RDONLY))
    return True


def touched(file: Path) -> None:
    """Makes a file and removes it."""
    os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    file.unlink()
