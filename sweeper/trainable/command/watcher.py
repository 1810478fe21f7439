"""Runs a program in a process group of its own and ends the group when its worker says so or dies.

A script of its own, started as `python -I -S watcher.py FD OUTPUT GRACE_S PROGRAM WORD…`, so that
it starts quickly: it imports nothing of sweeper. The file OUTPUT is locked while the program runs.
The worker holds the other end of the socket FD; its end tells that the worker is no more, however
it was killed. When the program has ended a line of JSON tells its wait status, and whether it was
stopped.
"""

from __future__ import annotations

import ctypes
import fcntl
import json
import os
import select
import signal
import socket
import sys
import time
from contextlib import suppress

REST_S = 2.0
"""For how long processes that the program left behind may go on after SIGTERM."""

_UNKILLABLE_S = 5.0
"""For how long a process that even SIGKILL does not end, as on a dead NFS, is waited for."""

_GLANCE_S = 0.02
_LOCK_S = 30.0
"""For how long an earlier attempt's program, which was told to end, is waited for."""

_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36
_DEAF = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)
"""Signals to all processes of a job, which only the worker and the program shall hear."""

_IGNORED_BY_PYTHON = (signal.SIGPIPE, signal.SIGXFSZ)
_LINUX = sys.platform == "linux"


class Watcher:
    """The program, and all processes below it."""

    def __init__(self, channel: socket.socket, grace_s: float, words: list[str]) -> None:
        self._channel, self._grace_s = channel, grace_s
        self._wake, wakes = os.pipe()
        os.set_blocking(wakes, False)
        signal.set_wakeup_fd(wakes, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        self._program = os.fork()
        if self._program == 0:
            _become(words)
        self._stopped = False

    def watch(self) -> dict[str, object]:
        """Waits for the program's end, stops it where it must, and ends what it left behind."""
        status: int | None = None
        deadline: float | None = None
        listens = [self._channel.fileno()]
        while status is None:
            wait_s = None if deadline is None else max(0.0, deadline - time.monotonic())
            ready, _, _ = select.select([*listens, self._wake], [], [], wait_s)
            if self._wake in ready:
                os.read(self._wake, 4096)
            status = self._reap()
            if status is None and listens and listens[0] in ready:  # a word, or the worker's end
                listens, self._stopped = [], True
                self._signal(signal.SIGTERM)
                deadline = time.monotonic() + self._grace_s
            elif status is None and deadline is not None and time.monotonic() >= deadline:
                self._signal(signal.SIGKILL)
                deadline = None
        self._end_rest()
        return {"status": status, "stopped": self._stopped}

    def _reap(self) -> int | None:
        """The program's wait status, once it has ended; others that have ended are let go."""
        with suppress(ChildProcessError):
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if pid == self._program:
                    return status
                if pid == 0:
                    return None
        return None

    def _end_rest(self) -> None:
        """Ends the processes that the program left: by SIGTERM, then by SIGKILL."""
        for number, rest_s in ((signal.SIGTERM, REST_S), (signal.SIGKILL, _UNKILLABLE_S)):
            deadline = time.monotonic() + rest_s
            if self._left():
                self._signal_rest(number)
            while self._left() and time.monotonic() < deadline:
                time.sleep(_GLANCE_S)
                if number == signal.SIGKILL:  # some may have begun since
                    self._signal_rest(number)

    def _signal_rest(self, number: int) -> None:
        self._signal(number)
        for pid in _below(os.getpid()):
            with suppress(OSError):
                os.kill(pid, number)

    def _left(self) -> bool:
        """Whether some process of the group, or on Linux below this one, is there."""
        with suppress(ChildProcessError):
            while True:
                if os.waitpid(-1, os.WNOHANG)[0] == 0:
                    return True
        with suppress(OSError):
            os.killpg(self._program, 0)
            return True
        return False

    def _signal(self, number: int) -> None:
        try:
            os.killpg(self._program, number)
        except OSError:  # it has not made its group yet, or is gone
            with suppress(OSError):
                os.kill(self._program, number)


def _become(words: list[str]) -> None:
    """Becomes the program, in this process, which its parent's death kills on Linux."""
    os.setsid()
    if _LINUX:
        parent = os.getppid()
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)
        with suppress(OSError), open("/proc/self/oom_score_adj", "w") as file:
            file.write("500")  # where memory runs out it is the program that goes
    for number in (*_DEAF, *_IGNORED_BY_PYTHON, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
    try:
        os.execvp(words[0], words)
    except OSError as error:
        os.write(2, f"cannot start {words[0]}: {error.strerror}\n".encode())
    os._exit(127)


def _below(ancestor: int) -> list[int]:
    """All processes below `ancestor`, where /proc tells."""
    children: dict[int, list[int]] = {}
    with suppress(OSError):
        for name in os.listdir("/proc"):
            if name.isdigit():
                with suppress(OSError), open(f"/proc/{name}/stat") as file:
                    parent = int(file.read().rpartition(")")[2].split()[1])
                    children.setdefault(parent, []).append(int(name))
    found, waiting = [], [ancestor]
    while waiting:
        below = children.get(waiting.pop(), [])
        found += below
        waiting += below
    return found


def _locked(path: str, channel: socket.socket) -> bool:
    """Waits until no program of the same run is left on this machine, and locks out any other.

    A filesystem that has no locks is gone on without. False where the worker lost patience.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    deadline = time.monotonic() + _LOCK_S
    while time.monotonic() < deadline:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except BlockingIOError:
            if select.select([channel], [], [], _GLANCE_S)[0]:
                return False
        except OSError:
            break
    return True


def main(number: str, lock: str, grace_s: str, *words: str) -> None:
    """Runs the program to its end and tells the worker how it ended."""
    for deaf in _DEAF:
        signal.signal(deaf, signal.SIG_IGN)
    os.set_inheritable(int(number), False)
    channel = socket.socket(fileno=int(number))
    if _LINUX:
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1)
    ended: dict[str, object] = {"status": 0, "stopped": True}
    if _locked(lock, channel):
        ended = Watcher(channel, float(grace_s), list(words)).watch()
    with suppress(OSError):
        channel.sendall(json.dumps(ended).encode())


if __name__ == "__main__":
    main(*sys.argv[1:])
