"""Command trainables: any program, one process a run."""

from __future__ import annotations

import json
import math
import os
import signal
import time
import weakref
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from sweeper.files import memory_cgroup
from sweeper.log import log
from sweeper.paths import OUTPUT
from sweeper.schema.template import command_line, quoted
from sweeper.trainable.command.failure import failure
from sweeper.trainable.command.metrics_file import MetricsFile, Point, earlier
from sweeper.trainable.command.process import Exit, Place, Process, program
from sweeper.trainable.contract import RunSpec, State
from sweeper.trainable.own_code.lone_run import LoneReport, LoneTrainable, children_s

GRACE_S = 10.0
"""Seconds from SIGTERM to SIGKILL: fewer than a worker may be silent for."""

OF_RUN = ("run", "task", "seed", "steps", "folder", "params", "metrics", "resumed", "device")
"""What a program is told of its run: as `{seed}` in a word, and as SWEEPER_SEED."""

_PAUSE_S, _GLANCE_S = 0.5, 0.1
_TOLD_S = 1.0
"""For how long a program that a signal ended is no failure yet: its worker may be told to leave."""

_FROM_OUTSIDE = {
    *(signal.SIGHUP, signal.SIGINT, signal.SIGTERM),
    *(signal.SIGUSR1, signal.SIGUSR2),
}
"""What a scheduler sends to all processes of a job."""


class CommandPack:
    """A pack of one run: a process, and the file of the metrics that it reports."""

    def __init__(
        self,
        words: Sequence[str],
        run: RunSpec,
        folder: Path,
        runs_in: Path,
        device: str,
        *,
        grace_s: float = GRACE_S,
        children_every_s: float = 10.0,
    ) -> None:
        self.step = 0
        self._run = run
        folder.mkdir(parents=True, exist_ok=True)
        self._earlier, metrics = _metrics_files(folder)
        resumed = bool(self._earlier)
        params = folder / "params.json"
        params.write_text(f"{json.dumps(dict(run.params), indent=1)}\n")
        of_run = (run.id, run.task, run.seed, run.steps, str(folder), str(params), str(metrics))
        known = dict(zip(OF_RUN, (*of_run, int(resumed), device), strict=True))
        line = command_line(words, {**known, **run.params})
        self._line = quoted(line)
        output = folder / OUTPUT
        self._output = os.open(output, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o666)
        """Open, so that it may be written and read also where the program empties its folder."""
        weakref.finalize(self, os.close, self._output)
        self._say(f"{'starts again' if resumed else 'starts'}: {self._line}")
        self._begin = self._printed()
        self._metrics = MetricsFile(metrics, self._tell)
        self._cgroup = memory_cgroup.own_cgroup()
        self._kills = self._oom_kills()
        self._reports, self._over = 0, False
        self._ended: tuple[Exit, float] | None = None
        self._children_s, self._looked = 0.0, time.monotonic()
        self._children_every_s = children_every_s
        words = [program(line[0], runs_in) or line[0], *line[1:]]
        environment = _environment(known)
        place = Place(runs_in, environment, output, grace_s)
        self._process = Process(words, place)

    @property
    def progress(self) -> int:
        """Processor seconds of all processes of the program, its reports and bytes of output.

        A program that neither computes nor reports nor prints looks hung.
        """
        now = time.monotonic()
        if now - self._looked >= self._children_every_s:
            self._children_s, self._looked = children_s(), now
        return int(self._children_s) + self._reports + self._printed()

    def advance(self) -> Sequence[LoneReport]:
        """Waits half a second at most for reports; raises how the program failed after the last."""
        deadline = time.monotonic() + _PAUSE_S
        while not self._over:
            ended = self._wait()
            reports = self._news(self._metrics.read() if ended is None else self._metrics.rest())
            if ended is not None and not self._over and (ended.code == 0 or not reports):
                reports += self._at_end(ended)
            if reports or time.monotonic() >= deadline:
                return reports
        return []

    def stop(self) -> Sequence[LoneReport]:
        """Ends the program, and returns what it reported until then."""
        ended = self._process.stop()
        reports = self._news(self._metrics.rest())
        if ended.code == 0 and not ended.stopped and not self._over:
            reports += self._at_end(ended)
        return reports

    def left_out(self, member: int) -> str:
        """What did not count of the lines that the program wrote, and why."""
        return self._metrics.left_out()

    def save(self, member: int) -> State | None:
        """A program keeps its own state, in its folder."""
        return None

    def drop(self, members: Iterable[int]) -> None:
        """Ends the program."""
        if list(members):
            self._over = True
            self._process.stop()

    def _wait(self) -> Exit | None:
        """How the program ended, once nobody can be about to tell that it was from outside."""
        if self._ended is None:
            found = self._process.wait(_GLANCE_S)
            if found is None:
                return None
            self._ended = found, time.monotonic()
        ended, since = self._ended
        if {ended.killed_by, (ended.code or 0) - 128} & _FROM_OUTSIDE:
            left = _TOLD_S - (time.monotonic() - since)
            if left > 0:
                time.sleep(min(left, _GLANCE_S))
                return None
        return ended

    def _at_end(self, ended: Exit) -> list[LoneReport]:
        """The last report of a program that did well."""
        if ended.code != 0:
            kills = self._oom_kills() - self._kills
            raise failure(self._line, ended, self._output, self._begin, kills)
        reports = [] if self._reports else self._of_earlier(math.inf)
        self._over = True
        return [*reports, LoneReport(self.step or self._run.steps, {}, done=True)]

    def _news(self, points: Sequence[Point]) -> list[LoneReport]:
        """Reports of these points; before the first those of earlier attempts that it goes on from.

        They were perhaps never read: a worker that is killed leaves some.
        """
        if not points or self._over:
            return []
        before = [] if self._reports else self._of_earlier(min(step for step, _ in points))
        return [*before, *self._reported(points)] if not self._over else before

    def _of_earlier(self, until: float) -> list[LoneReport]:
        files, self._earlier = self._earlier, []
        return self._reported(earlier(files, until))

    def _reported(self, points: Iterable[Point]) -> list[LoneReport]:
        """Reports, up to the first NaN or infinity, which ends the run."""
        reports = []
        for step, metrics in points:
            finite = {name: value for name, value in metrics.items() if math.isfinite(value)}
            self._over = len(finite) < len(metrics)
            self.step = max(self.step, step)
            self._reports += 1
            reports.append(LoneReport(step, finite, done=self._over, diverged=self._over))
            if self._over:
                break
        return reports

    def _oom_kills(self) -> int:
        return 0 if self._cgroup is None else memory_cgroup.kills_in(self._cgroup)

    def _tell(self, text: str) -> None:
        log.warning("run %s: %s", self._run.id, text)
        self._say(text)

    def _say(self, text: str) -> None:
        os.write(self._output, f"sweeper: {text}\n".encode())

    def _printed(self) -> int:
        return os.fstat(self._output).st_size


class Command(LoneTrainable):
    """Makes a trainable of a command, whose words may hold placeholders.

    `runs` is the folder in which each run gets one of its own; programs run in `folder`.
    """

    def __init__(self, words: Sequence[str], folder: Path, runs: Path | None = None) -> None:
        self._words, self._folder, self._runs = tuple(words), folder, runs

    def __eq__(self, other: object) -> bool:
        """Whether `other` makes runs of the same command in the same folder."""
        if not isinstance(other, Command):
            return NotImplemented
        return (self._words, self._folder) == (other._words, other._folder)

    def __hash__(self) -> int:
        return hash((self._words, self._folder))

    def signature(self, params: Mapping[str, Any], task: str) -> str:
        """The command; a pack holds one run all the same."""
        return quoted(self._words)

    def start(
        self, runs: Sequence[RunSpec], states: Sequence[State | None], device: str
    ) -> CommandPack:
        """Starts the program for the one run in `runs`."""
        (run,) = runs
        assert self._runs is not None, "a command needs the study's folder to run"
        folder = (self._runs / run.id).absolute()  # the program runs elsewhere
        return CommandPack(self._words, run, folder, self._folder, device)


def _metrics_files(folder: Path) -> tuple[list[Path], Path]:
    """The files of the metrics of all earlier attempts, and a new one."""
    before: list[Path] = []
    while True:
        file = folder / f"metrics.{len(before)}.jsonl"
        try:
            file.open("x").close()
        except FileExistsError:
            before.append(file)
        else:
            return before, file


def _environment(known: Mapping[str, Any]) -> dict[str, str]:
    """The worker's environment, what is told of the run, and output that nothing holds back."""
    own = {f"SWEEPER_{name.upper()}": str(value) for name, value in known.items()}
    return {"PYTHONUNBUFFERED": "1", **os.environ, **own}
