"""Where and when processes are killed: at an operation on a study's files, or at any moment.

Workers are forked from this process, which has imported everything already. In the fork the
functions of `os` through which files change are wrapped: before and after each of them, and half
way through what is written, is a place at which the process may end itself by SIGKILL. Every kill
is written down with its place before it happens.
"""

from __future__ import annotations

import json
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

STOPPED = "stopped, "
"""How the places begin at which a process stops itself until it is continued, and lives."""

RANDOM = "at any moment"
"""The place of a kill from outside."""

FORCED = ("before ", "half of ", "after ")
"""How forced places begin."""

_WRAPPED = ("open", "write", "fsync", "link", "replace", "rename", "unlink", "mkdir", "rmdir")

Aim = Callable[[str], bool]
"""From a place that is reached to whether to die there."""


class Log:
    """Which kills there were: a line each, appended before the kill."""

    def __init__(self, file: Path) -> None:
        self._descriptor = os.open(file, os.O_CREAT | os.O_RDWR | os.O_APPEND, 0o600)
        self._write = os.write

    def add(self, place: str, pid: int) -> None:
        """Writes one down."""
        self._write(self._descriptor, f"{pid} {place}\n".encode())

    def kills(self) -> dict[int, str]:
        """The place of each, by the number of the process."""
        size = os.fstat(self._descriptor).st_size
        lines = os.pread(self._descriptor, size, 0).decode().splitlines()
        pairs = [(int(pid), place) for pid, _, place in (line.partition(" ") for line in lines)]
        return {pid: place for pid, place in pairs if not place.startswith(STOPPED)}

    def stops(self) -> Counter[str]:
        """How often processes were stopped at each place."""
        size = os.fstat(self._descriptor).st_size
        lines = os.pread(self._descriptor, size, 0).decode().splitlines()
        places = [line.partition(" ")[2] for line in lines]
        return Counter(place for place in places if place.startswith(STOPPED))

    def places(self) -> Counter[str]:
        """How many kills and stops there were at each place."""
        return Counter(self.kills().values()) + self.stops()


class Trap:
    """Wraps this process's `os`: it dies where `aim` says, if that is in `folder`.

    With `stops` it is also asked at each operation whether to stop itself, until it is continued.
    """

    def __init__(self, folder: Path, log: Log, aim: Aim, *, stops: bool) -> None:
        self._folder = str(folder)
        self._log, self._aim = log, aim
        self._stops = stops
        self._real = {name: getattr(os, name) for name in _WRAPPED}
        self._links: Counter[str] = Counter()
        for name in _WRAPPED:
            setattr(os, name, self._wrapped(name))

    def _wrapped(self, name: str) -> Callable[..., Any]:
        real = self._real[name]

        def call(*args: Any, **named: Any) -> Any:
            what = self._what(name, args)
            if what is None:
                return real(*args, **named)
            self._at(f"before {name} {what}")
            if name == "write" and self._wanted(f"half of {name} {what}"):
                real(args[0], bytes(args[1])[: len(args[1]) // 2])
                self._die(f"half of {name} {what}")
            if name == "fsync" and "snapshot" in what and self._wanted(f"half of {what}"):
                os.ftruncate(args[0], os.fstat(args[0]).st_size // 2)
                self._die(f"half of {what}")
            result = real(*args, **named)
            self._at(f"after {name} {what}")
            return result

        return call

    def _at(self, place: str) -> None:
        if self._stops and self._wanted(f"{STOPPED}{place}"):
            self._log.add(f"{STOPPED}{place}", os.getpid())
            os.kill(os.getpid(), signal.SIGSTOP)
        if self._wanted(place):
            self._die(place)

    def _wanted(self, place: str) -> bool:
        return self._aim(place)

    def _die(self, place: str) -> None:
        self._log.add(place, os.getpid())
        os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(60)

    def _what(self, name: str, args: Sequence[Any]) -> str | None:
        """What the operation is about; `None` where that is no file of the study's."""
        if name == "open" and not args[1] & os.O_CREAT:
            return None
        target = args[1] if name in ("link", "replace", "rename") else args[0]
        if isinstance(target, int):
            try:
                target = os.readlink(f"/proc/self/fd/{target}")
            except OSError:
                return None
        path = os.fspath(target)
        if not isinstance(path, str) or not path.startswith(self._folder + "/"):
            return None
        top, _, rest = path[len(self._folder) + 1 :].partition("/")
        if top in ("runs", "logs", "beats"):
            return None
        if not rest:
            return "optuna.journal" if "optuna" in top else "the study's folder"
        if top == "claims" and (sort := _sort_of_claims(rest)):
            return f"claims {sort}"
        if name == "link" and top == "claims":
            return self._link(args[0])
        if name == "write" and top in ("ledger", "claims"):
            return f"{top} {_kinds(top, bytes(args[1]))}"
        return f"{top} {_sort(rest)}".strip()

    def _link(self, source: Any) -> str:
        """A link of a claim or an end: of one file the first, or a further one."""
        with open(source, "rb") as opened:
            kind = json.loads(opened.read())["kind"]
        self._links[str(source)] += 1
        return f"claims {kind}{', a further one' if self._links[str(source)] > 1 else ''}"


def _sort_of_claims(rest: str) -> str | None:
    """A word for what is no claim in `claims/`: folders, packed files, what opens a folder."""
    if ".packed" in rest:
        return "packed"
    folder, _, name = rest.partition("/")
    if not name:
        return None if folder.startswith(".") else "folder"
    return {"open": "open"}.get(name, "list" if name.startswith(".list") else None)


def _kinds(top: str, data: bytes) -> str:
    """The kinds of the lines that are about to be written."""
    try:
        lines = [json.loads(data)] if top == "claims" else map(json.loads, data.splitlines())
        return "+".join(dict.fromkeys(str(line["kind"]) for line in lines))
    except ValueError:
        return "rest"


def _sort(rest: str) -> str:
    """A word for files of one sort."""
    for part in (".rows.npz", ".reports.npz", ".lines", ".npz", ".pruned", ".jsonl"):
        if part in rest:
            return part[1:]
    for suffix in (".pdf", ".png", ".csv", ".edition"):
        if suffix in rest:
            return "stamp" if suffix == ".edition" else "picture or table"
    return "temporary" if rest.startswith(".") else ""


def least_hit(log: Log, quota: int, rng: random.Random) -> Aim:
    """Aims at places at which fewer than `quota` processes died so far, every other time."""
    hits, own = log.places(), random.Random(rng.random())

    def aim(place: str) -> bool:
        if hits[place] >= quota or own.random() >= (0.1 if place.startswith(STOPPED) else 0.5):
            return False
        hits[place] += 1  # of this process's own: it may stop at many places, but once at each
        return True

    return aim
