"""One sweep of a tool in a folder of its own: typed, killed, and its results counted."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType

import psutil

from benchmarks.sweeper.other_tools.tools import Tool

SCRIPTS = Path(__file__).parent
LIMIT_S = 120.0
"""A command that has not returned by then is killed: it hangs."""


class Sweep:
    """A tool's sweep of `runs` runs of `work_s` seconds, by its environment in `environments`."""

    def __init__(self, environments: Path, tool: Tool, runs: int, work_s: float) -> None:
        self.tool, self.runs = tool, runs
        self.home = Path(tempfile.mkdtemp())
        self.folder = self.home / "sweep"
        self.folder.mkdir()
        (self.home / "guild").mkdir()
        for script in ("work.py", "*_*.py", "*.yaml", "glue.sh"):
            for file in SCRIPTS.glob(script):
                if not file.name.startswith("__"):
                    shutil.copy(file, self.folder)
        self.log = self.home / "log"
        self.log.touch()
        tools = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        self.environment = tools | {
            "PATH": f"{environments / tool.environment / 'bin'}:{os.environ['PATH']}",
            "WORK_LOG": str(self.log),
            "WORK_S": str(work_s),
            "WORK_YS": str(runs // 20),
            "GUILD_HOME": str(self.home / "guild"),
            "RAY_TMPDIR": str(self.home),
            "RAY_USAGE_STATS_ENABLED": "0",
            "RAY_worker_niceness": "0",  # like the other tools' workers; it is 15
        }

    def __enter__(self) -> Sweep:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill_all()
        shutil.rmtree(self.home, ignore_errors=True)

    def typed(self, command: str, strike: Callable[[Sweep], None] | None = None) -> float:
        """Runs a command until it returns or hangs, and strikes half way; the seconds it took."""
        self.begun = time.time()
        with (self.home / "printed").open("ab") as printed:
            process = subprocess.Popen(
                ["bash", "-c", command],
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=printed,
                stderr=printed,
                start_new_session=True,
            )
        while process.poll() is None:
            if strike is not None and len(self.ended()) >= self.runs / 2:
                strike(self)
                strike = None
            if time.time() > self.begun + LIMIT_S:
                self.kill_all()
            time.sleep(0.005)
        return time.time() - self.begun

    def lines(self, word: str) -> list[list[str]]:
        """The log's lines of a kind: x, y, seed, process and time."""
        lines = (line.split() for line in self.log.read_text().splitlines())
        return [words for first, *words in lines if first == word and len(words) == 5]

    def ended(self) -> list[tuple[str, ...]]:
        """The runs that ran to their end, once for each time."""
        return [tuple(words[:3]) for words in self.lines("end")]

    def span(self) -> tuple[float, float]:
        """Seconds from the last command to the first begin and to the last end."""
        times = [float(words[-1]) for word in ("begin", "end") for words in self.lines(word)]
        return min(times) - self.begun, max(times) - self.begun

    def results(self) -> list[tuple[str, ...]]:
        """The runs of which the tool has a result, once for each result."""
        done = subprocess.run(
            ["bash", "-c", self.tool.results],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
        )
        lines = (line.split() for line in done.stdout.splitlines())
        return [tuple(words[1:]) for words in lines if words[:1] == ["result"]]

    def printed(self) -> str:
        return (self.home / "printed").read_text(errors="replace")

    def kill_one(self) -> None:
        """Kills the process of a run that has begun and not ended."""
        while True:
            ended = {tuple(words[:4]) for words in self.lines("end")}
            for *run, process, _ in reversed(self.lines("begin")):
                if (*run, process) not in ended:
                    os.kill(int(process), signal.SIGKILL)
                    return
            time.sleep(0.002)

    def kill_all(self) -> None:
        """Kills every process of the sweep, until none is left."""
        while found := self.processes():
            for process in found:
                with suppress(psutil.Error):
                    process.kill()
            time.sleep(0.05)

    def processes(self) -> list[psutil.Process]:
        """The processes that the sweep's commands started, and all that these did."""
        found = set()
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                if process.environ().get("WORK_LOG") == str(self.log):
                    found |= {process, *process.children(recursive=True)}
        return sorted(found, key=lambda process: process.pid)
