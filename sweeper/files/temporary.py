"""Temporary files, named after their writer, so that those of dead processes can be removed."""

from __future__ import annotations

import os
import re
import secrets
import socket
from collections.abc import Iterable
from pathlib import Path

_WRITER = re.compile(r"\..*\.(?P<host>.+)-(?P<pid>\d+)-(?P<part>[0-9a-f]{6})")
_PROCESS = re.compile(r"(?P<host>.+)-(?P<pid>\d+)-[0-9a-f]{6}")


def process() -> str:
    """A name for this process that no other has had: its host, its number and a random part."""
    return f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(3)}"


def beside(path: Path) -> Path:
    """A name for what is to become `path`, in the same folder."""
    return path.with_name(f".{path.name}.{process()}")


def sweep(folders: Iterable[Path]) -> None:
    """Removes temporary files in `folders` whose processes, on this machine, are gone."""
    for folder in folders:
        for file in folder.glob(".*.*"):
            if abandoned(file.name):
                file.unlink(missing_ok=True)


def abandoned(name: str) -> bool:
    """Whether a process on this machine that is gone was writing the temporary file `name`.

    Of processes on other machines nobody here knows: what they left behind stays.
    """
    writer = _WRITER.fullmatch(name)
    return writer is not None and gone(f"{writer['host']}-{writer['pid']}-{writer['part']}")


def becoming(path: str) -> str:
    """What the temporary file `path` is to become; any other path as it is."""
    folder, name = os.path.split(path)
    written_here = rf"\.(?P<what>.+)\.{re.escape(socket.gethostname())}-\d+-[0-9a-f]{{6}}"
    found = re.fullmatch(written_here, name)
    return path if found is None else os.path.join(folder, found["what"])


def gone(process: str) -> bool:
    """Whether a process of this machine, by the name that `process` gave it, is no more."""
    named = _PROCESS.fullmatch(process)
    if named is None or named["host"] != socket.gethostname():
        return False
    try:
        os.kill(int(named["pid"]), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False
