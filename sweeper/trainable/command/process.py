"""The process of a command: started under a watcher, waited for, stopped."""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sweeper.trainable.command import watcher

_PYTHON = ("python", "python3")


@dataclass(frozen=True)
class Exit:
    """How a program ended."""

    status: int | None
    """Its wait status; `None` where its watcher was killed."""
    stopped: bool
    """Whether it was asked to."""

    @property
    def killed_by(self) -> int | None:
        """The signal that killed it."""
        if self.status is None:
            return signal.SIGKILL
        return os.WTERMSIG(self.status) if os.WIFSIGNALED(self.status) else None

    @property
    def code(self) -> int | None:
        """Its exit code; `None` where a signal killed it."""
        return None if self.killed_by is not None else os.WEXITSTATUS(self.status or 0)

    def __str__(self) -> str:
        if self.killed_by is None:
            return f"exited with code {self.code}"
        with suppress(ValueError):
            return f"was killed by {signal.Signals(self.killed_by).name}"
        return f"was killed by signal {self.killed_by}"


@dataclass(frozen=True)
class Place:
    """Where a program runs: its folder, its environment, and the file that it prints to.

    That file is locked while the program runs, so that no other one of the same run does here.
    """

    folder: Path
    environment: Mapping[str, str]
    output: Path
    grace_s: float


class Process:
    """A program at work; it ends with this object, or with the process that holds it."""

    def __init__(self, words: Sequence[str], place: Place) -> None:
        self._channel, theirs = socket.socketpair()
        self._exit: Exit | None = None
        command = [sys.executable, "-I", "-S", watcher.__file__, str(theirs.fileno())]
        with theirs, place.output.open("ab") as output:
            self._watcher = subprocess.Popen(
                [*command, str(place.output), str(place.grace_s), *words],
                cwd=place.folder,
                env=dict(place.environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )

    def wait(self, timeout_s: float | None) -> Exit | None:
        """How it ended, after so long at most; `None` while it runs."""
        if self._exit is None and select.select([self._channel], [], [], timeout_s)[0]:
            told = b""
            with suppress(OSError):
                told = self._channel.recv(4096)
            self._exit = Exit(**json.loads(told)) if told else Exit(None, stopped=False)
            self._channel.close()
            self._watcher.wait()
        return self._exit

    def stop(self) -> Exit:
        """Ends it, by SIGTERM and after a while by SIGKILL, and all processes of its group."""
        with suppress(OSError):
            self._channel.send(b"stop")
        ended = self.wait(None)
        assert ended is not None
        return ended


def program(word: str, folder: Path) -> str | None:
    """The file that a command's first word stands for; `None` where none can be run.

    `python` is the one that runs sweeper, a path is relative to `folder`, all else is on PATH.
    """
    if word in _PYTHON:
        return sys.executable
    return shutil.which(str(folder / word) if os.sep in word else word)


def is_python(word: str) -> bool:
    """Whether a program, by its first word, is a Python."""
    return Path(word).name.rstrip("0123456789.") == "python"
