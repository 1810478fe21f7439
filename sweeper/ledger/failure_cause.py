"""The cause of a failed run, by which runs that fail alike are told from others.

Two tracebacks have one cause where the kind of exception and the last line of the user's code are
the same; what an exception says, with its numbers and addresses, does not matter. Where there is no
line of the user's, the last line of all counts; where there is no traceback, the words without
their numbers; and of runs that ended for their memory, their time or with their worker the state.
"""

from __future__ import annotations

import re
import sysconfig
from pathlib import Path

import sweeper

_TRACEBACK = "Traceback (most recent call last):"
_FRAME = re.compile(r'^ *File "(?P<file>[^"]+)", line (?P<line>\d+)', re.MULTILINE)
_KIND = re.compile(r"^(?P<kind>[A-Za-z_][\w.]*)(?=:|\s*$)", re.MULTILINE)
_NUMBER = re.compile(r"0x[0-9a-fA-F]+|\d+(\.\d+)?([eE][-+]?\d+)?")
_PACKAGE = Path(sweeper.__file__).resolve().parent
_OURS = (_PACKAGE, _PACKAGE.parent / "agents", Path(sysconfig.get_path("stdlib")))
"""Folders whose code is none of the user's."""

_INSTALLED = re.compile(r"/(site|dist)-packages/|/lib/python\d|^<frozen ")


def cause(state: str, error: str | None) -> str:
    """The cause of a run that ended in `state` with the traceback, or other words, of `error`."""
    if state != "failed" or not error:
        return state
    traceback = error.rpartition(_TRACEBACK)[2]  # of a program's output only the end may be known
    frames = list(_FRAME.finditer(traceback))
    if not frames:
        return _NUMBER.sub("#", last_line(error))
    frame = next((one for one in reversed(frames) if _is_users(one["file"])), frames[-1])
    kind = _KIND.search(traceback, frames[-1].end())
    return f"{kind['kind'] if kind else 'error'} at {Path(frame['file']).name}:{frame['line']}"


def last_line(error: str) -> str:
    """The last line of what ended a run: the exception and what it said."""
    return error.strip().rpartition("\n")[2]


def _is_users(file: str) -> bool:
    ours = any(Path(file).is_relative_to(folder) for folder in _OURS)
    return not ours and _INSTALLED.search(file) is None
