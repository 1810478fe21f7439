"""How a program failed: its exit, what it printed last, and what that says of the cause."""

from __future__ import annotations

import os
import re
import signal
import traceback

from sweeper.errors import cut
from sweeper.text import counted
from sweeper.trainable.command.process import Exit

_LINES, _BYTES = 40, 8192
"""What is kept of the output of a program that failed."""

_LONGEST, _LONGEST_BINARY = 500, 100
"""The most characters of a line of output, and of one that is no text."""

_CONTROL = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")
_MEMORY = re.compile(r"(\w+\.)*_?(Array)?MemoryError\b")
_DIVERGED = re.compile(
    r"FloatingPointError\b|dm_control\.([\w.]+\.)?PhysicsError\b|mujoco\.([\w.]+\.)?FatalError\b"
)
"""Last lines of Python's tracebacks that say what `sweeper.trainable.divergence` knows."""


class ProgramFailed(RuntimeError):
    """A program that did not end well; the text is for people, and needs no traceback."""


def failure(line: str, ended: Exit, output: int, begin: int, oom_kills: int) -> ProgramFailed:
    """What to raise for the program of the command `line`.

    Its output is what the file with the descriptor `output` holds from byte `begin` on; `oom_kills`
    is how many processes of its cgroup were killed for memory meanwhile. The cause says where it
    lacked memory, or diverged.
    """
    last = tail(output, begin)
    outcome = f"{ended}: {last[-1]}" if last else f"{ended}, and printed nothing"
    killed = ended.killed_by == signal.SIGKILL and oom_kills > 0
    if killed:
        outcome += f" (processes killed for memory in its cgroup meanwhile: {oom_kills})"
    said = [f"{line}: {ended}"]
    if last[:-1]:
        said += [f"its last {counted(len(last), 'line')} of output:", *last]
    error = ProgramFailed("\n".join([*said, outcome]))
    words = last[-1] if last else ""
    if killed or _MEMORY.match(words):
        error.__cause__ = MemoryError(words)
    elif _DIVERGED.match(words):
        error.__cause__ = FloatingPointError(words)
    return error


def told(error: BaseException) -> str:
    """The text that is recorded of what was raised: its traceback, unless a program failed."""
    return f"{error}\n" if isinstance(error, ProgramFailed) else traceback.format_exc()


def last(error: ProgramFailed) -> str:
    """How a program ended and the last line that it printed."""
    return str(error).splitlines()[-1]


def tail(output: int, begin: int) -> list[str]:
    """The last lines that a program printed, as a terminal would show them."""
    first = max(begin, os.fstat(output).st_size - _BYTES)
    plain = _CONTROL.sub("", os.pread(output, _BYTES, first).decode(errors="surrogateescape"))
    lines = [line.rstrip().rpartition("\r")[2] for line in plain.split("\n")]
    return [_readable(line) for line in lines if line.strip()][-_LINES:]


def _readable(line: str) -> str:
    """A line without its middle where it is long, and what cannot be printed escaped."""
    told = line.encode(errors="surrogateescape").decode(errors="backslashreplace")
    escaped = "".join(
        one if one.isprintable() or one == "\t" else one.encode("unicode_escape").decode()
        for one in told
    )
    return cut(escaped, _LONGEST if escaped == line else _LONGEST_BINARY)
