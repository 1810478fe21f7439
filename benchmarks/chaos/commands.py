"""Scenarios of `chaos.py` in which whole commands are killed, and given again until through."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from benchmarks.chaos import spaces
from benchmarks.chaos.crew import Crew
from benchmarks.chaos.kill_points import Log, least_hit
from sweeper.cli import command_line
from sweeper.study.studies import is_one
from sweeper.study.study import Study
from sweeper.worker.process.heartbeat import exists

WATCHER = "the watcher"
WORKER = "a worker under a watcher"
BOTH = "the watcher and a worker at once"
START = "the watcher, before a worker took a run"

BREAKING = {"function": "train.py:broken", "limits": {"deaths": 100_000, "failures": 1}}
"""A function that raises while a file called `broken` lies beside it."""

_PATIENCE_S = 180.0

LONG = {"seeds": 12, "steps": 60}
"""Runs of a quarter of a second, so that a sweep outlasts many starts of Python."""


def watched(
    root: Path, name: str, log: Log, kills: int, rng: random.Random
) -> tuple[Study, list[tuple[int, str]]]:
    """`sweeper run` of a space with three workers; watcher and workers are killed at random.

    Returns the study, and the number and place of each process that was killed.
    """
    spaces.space(root, name, spaces.GRID, LONG)
    words = [str(root / f"{name}.yaml"), f"root={root / 'studies'}", f"name={name}", "workers=3"]
    command = [sys.executable, "-m", "sweeper", "run", *words, "dispatch=local"]
    folder, turns = root / "studies" / name, 0
    dead: list[tuple[int, str]] = []
    deadline = time.monotonic() + _PATIENCE_S
    while True:
        watcher = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            while len(dead) < kills and time.monotonic() < deadline:
                if turns % 4 == 0:
                    _started(folder, watcher)
                    time.sleep(rng.uniform(0, 1.5))
                    place = START
                else:
                    time.sleep(rng.uniform(0.2, 1.0))
                    place = rng.choice([WATCHER, WORKER, WORKER, WORKER, BOTH])
                workers = working(folder)
                if place in (WORKER, BOTH) and workers:
                    dead += strike(log, place, rng.choice(sorted(workers)))
                if place != WORKER or not workers:
                    dead += strike(log, START if place == START else WATCHER, watcher.pid)
                    turns += 1
                    break
            else:
                watcher.wait(_PATIENCE_S)
        finally:
            watcher.kill()
            code = watcher.wait()
        if code == 0:
            return Study.open(folder), dead
        if code != -signal.SIGKILL:
            raise RuntimeError(f"the watcher ended with {code}")


def _started(folder: Path, watcher: subprocess.Popen[bytes]) -> None:
    """Waits until the study is there."""
    while not is_one(folder) and watcher.poll() is None:
        time.sleep(0.01)


def working(folder: Path) -> list[int]:
    """The numbers of workers that live."""
    if not is_one(folder):
        return []
    workers = Study.open(folder).ledger_state(reports=False).workers.values()
    return [w.header.pid or 0 for w in workers if not w.closed and exists(w.header)]


def strike(log: Log, place: str, pid: int) -> list[tuple[int, str]]:
    """Kills a process; returns its number and the place, if it was there."""
    log.add(place, pid)
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
        return [(pid, place)]
    return []


def generations(
    root: Path,
    name: str,
    log: Log,
    sweeps: int,
    rng: random.Random,
    conclude: Callable[[Path], None],
) -> tuple[Study, Crew]:
    """A fifth of the runs fail; then `sweeper retry`, `sweeper rerun` and workers under kills."""
    broken = root / "broken"
    broken.touch()
    made = spaces.make(root, name, spaces.GRID, BREAKING)
    calm = Crew(made.folder, log)
    calm.work(2, "1")
    broken.unlink()
    crew = Crew(made.folder, log, lambda: least_hit(log, sweeps + 1, rng), 0.3, rng)
    where = [f"study={name}", f"root={made.folder.parent}"]
    crew.until_through(lambda: command_line.main(["retry", *where]))
    crew.work(3, "1")
    for run in rng.sample([run.id for run in made.plan.runs], 4):
        reopened = Study.open(made.folder).ledger_state().record(run).generation
        crew.until_through(lambda run=run: _rerun(made.folder, run, where))  # type: ignore[misc]
        assert Study.open(made.folder).ledger_state().record(run).generation > reopened, run
    crew.work(3, "1")
    crew.until_through(lambda: conclude(made.folder))
    return made, crew


def _rerun(folder: Path, run: str, where: list[str]) -> None:
    """`sweeper rerun`, unless a process that was killed has opened the run already."""
    if Study.open(folder).ledger_state(reports=False).record(run).state == "complete":
        command_line.main(["rerun", *where, f"run={run}"])
