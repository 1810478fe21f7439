"""Workers that are forked from this process, killed, stopped and continued while they run."""

from __future__ import annotations

import os
import random
import signal
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path

from benchmarks.chaos.kill_points import RANDOM, STOPPED, Aim, Log, Trap
from sweeper.dispatch.entry import work
from sweeper.study.study import Study

_MOST_WRONG = 5
"""After so many workers that failed there is no point in going on."""


def fork(
    target: Callable[[], object], folder: Path, log: Log, aim: Aim | None, *, stops: bool = False
) -> int:
    """Starts `target` in a fork of this process, which dies where `aim` says; returns its number.

    Exit code 0 where it came through; what it prints goes to `errors.txt` beside the log.
    """
    sys.stdout.flush()
    pid = os.fork()
    if pid:
        return pid
    code = 3
    try:
        output = os.open(
            folder.parent / "errors.txt", os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600
        )
        os.dup2(output, 1)
        os.dup2(output, 2)
        if aim is not None:
            Trap(folder, log, aim, stops=stops)
        target()
        code = 0
    except SystemExit as exit:
        code = int(exit.code or 0)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


class Crew:
    """Forked processes that work on one study, each with an aim from `arm`; what became of them.

    With `pause_s` they are also killed from here, at random moments that far apart on average; with
    `stop_s` every other one is stopped instead. Whoever is stopped, by itself too, is continued
    after half to one and a half times that.
    """

    def __init__(
        self,
        folder: Path,
        log: Log,
        arm: Callable[[], Aim | None] = lambda: None,
        pause_s: float | None = None,
        rng: random.Random | None = None,
        stop_s: float | None = None,
    ) -> None:
        self._folder, self._log, self._arm = folder, log, arm
        self._stop_s = stop_s
        self._stopped: dict[int, float] = {}
        """Until when each process that does not go on is left so."""
        self._pause_s, self._rng = pause_s, rng or random.Random(0)
        self._alive: list[int] = []
        self.killed: list[int] = []
        self.continued = 0
        """How many stops came to their end: some of those that are stopped are killed meanwhile."""
        self.wrong: list[int] = []
        """Exit statuses of processes that ended neither well nor by a kill of ours."""

    def work(self, size: int, pack: str) -> None:
        """Keeps `size` workers at the study until all runs have ended and all workers have left."""
        study = Study.open(self._folder)
        ledger_state, due = study.ledger_state(reports=False), self._next()
        while (open := not study.ended_in(ledger_state)) or self._alive:
            self._reap()
            while open and len(self._alive) < size:
                self._start(lambda: work(str(self._folder), pack, "cpu", str(size)))
            if time.monotonic() > due and self._alive:
                self._strike(self._rng.choice(self._alive))
                due = self._next()
            self._continue()
            time.sleep(0.01)
            study.refresh()
            ledger_state.refresh()

    def until_through(self, target: Callable[[], object]) -> None:
        """Starts `target` again and again until it came through without being killed."""
        killed, turns = -1, 0
        while killed < len(self.killed):
            killed, turns = len(self.killed), turns + 1
            due = self._next(1.5**turns)  # it cannot go on from where it was killed
            self._start(target, stops=False)
            while self._alive:
                if time.monotonic() > due:
                    self._kill(self._alive[0])
                    due = float("inf")
                time.sleep(0.005)
                self._reap()

    def _start(self, target: Callable[[], object], *, stops: bool = True) -> None:
        stops = stops and self._stop_s is not None
        self._alive.append(fork(target, self._folder, self._log, self._arm(), stops=stops))

    def _next(self, longer: float = 1.0) -> float:
        if self._pause_s is None:
            return float("inf")
        return time.monotonic() + self._rng.expovariate(1 / (longer * self._pause_s))

    def _strike(self, pid: int) -> None:
        """Kills a process, or stops it for a while."""
        if self._stop_s is None or self._rng.random() < 0.5:
            self._kill(pid)
        elif pid not in self._stopped:
            self._log.add(f"{STOPPED}{RANDOM}", pid)
            os.kill(pid, signal.SIGSTOP)

    def _continue(self) -> None:
        """Continues those that have been stopped for long enough."""
        if self._stop_s is None:
            return
        now = time.monotonic()
        for pid in self._alive:
            if pid not in self._stopped and _is_stopped(pid):
                self._stopped[pid] = now + self._stop_s * self._rng.uniform(0.5, 1.5)
            elif now > self._stopped.get(pid, now):
                del self._stopped[pid]
                self.continued += 1
                os.kill(pid, signal.SIGCONT)

    def _kill(self, pid: int) -> None:
        self._log.add(RANDOM, pid)
        os.kill(pid, signal.SIGKILL)

    def _reap(self) -> None:
        for pid in list(self._alive):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if not ended:
                continue
            self._alive.remove(pid)
            if os.WIFSIGNALED(status) and pid in self._log.kills():
                self.killed.append(pid)
            elif status:
                self.wrong.append(status)
        if len(self.wrong) > _MOST_WRONG:
            raise RuntimeError((self._folder.parent / "errors.txt").read_text()[-3000:])


def _is_stopped(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "T"
    except OSError:
        return False
