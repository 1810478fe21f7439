"""A sweep of DQN on a loopback cluster, that faults are injected into, and its accounts."""

from __future__ import annotations

import random
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from benchmarks.chaos import verify
from benchmarks.slurm import diary_learner
from benchmarks.slurm.loopback import ROOT, Process, Site
from sweeper.report.status import summarise
from sweeper.study.studies import is_one
from sweeper.study.study import Study

STEPS, PACK, SAVE_S = 1000, 20, 5
"""Steps of a run, runs of a pack, seconds between checkpoints."""

RUNS = 100

SPACE = (
    *(f"agent={ROOT}/benchmarks/diary.py:Learner", f"steps={STEPS}", "seeds=25", "figures=[]"),
    *("axes.sn.layers.sets=[none]", "axes.optimizer.lr.values=[2.5e-4,1e-3]"),
    *("axes.optimizer.eps.values=[3.125e-4,1e-2]", "fixed.replay.capacity=800"),
    *("evaluation={every: 250, episodes: 2, cap: 300}", "fixed.warmup_steps=200"),
    f"checkpoint.every_s={SAVE_S}",
)
"""DQN on Breakout: four configurations under 25 seeds."""

PROFILE: Mapping[str, Any] = {
    "timeout_min": 30,
    "signal_delay_s": 60,
    "cpus_per_task": 3,  # a worker a node
    "mem_gb": 0.9,
    "partition": "low",
}
_LIMIT_S = 1200.0
_LOOK_S = 0.5


@dataclass
class Sweep:
    """One sweep: `sweeper run` with so many workers, and what became of it."""

    site: Site
    root: Path
    name: str
    workers: int = 3
    profile: Mapping[str, Any] = field(default_factory=dict)
    space: Path = ROOT / "spaces" / "minatar_adam_sn.yaml"
    words: Sequence[str] = SPACE
    pack: int = PACK
    environment: Mapping[str, str] = field(default_factory=dict)
    pause_s: float = 0.6
    rng: random.Random = field(default_factory=lambda: random.Random(0))
    injected: int = 0
    remarks: list[str] = field(default_factory=list)
    false: Counter[str] = field(default_factory=Counter)
    """States that `sweeper status` told and that were not so."""
    given: int = 0
    """How often the command was given."""
    seconds: float = 0.0
    """From the first command until it had ended."""

    def __post_init__(self) -> None:
        self.root.mkdir(parents=True)
        self.diary = self.root / "diary"
        self.diary.mkdir()
        self._began = time.monotonic()
        self._ended: set[str] = set()
        self._file = self.root / "profile.yaml"
        self.configure(**self.profile)

    def configure(self, **keys: Any) -> None:
        """Writes the profile, with these keys besides the usual ones."""
        self._file.write_text(yaml.safe_dump({**PROFILE, **keys}))

    @property
    def folder(self) -> Path:
        """The study's."""
        return self.root / "studies" / self.name

    def command(self, *words: str, dispatch: str = "slurm") -> list[str]:
        """`sweeper run` of the space."""
        where = [f"root={self.root / 'studies'}", f"name={self.name}"]
        how = [f"dispatch={dispatch}", f"workers={self.workers}", f"pack={self.pack}"]
        how += [f"profile={self._file}"] if dispatch == "slurm" else []
        command = [sys.executable, "-m", "sweeper", "run"]
        return [*command, str(self.space), *self.words, *where, *how, "device=cpu", *words]

    def run(self, *words: str, dispatch: str = "slurm") -> str:
        """Gives the command; returns what it printed."""
        self.given += 1
        done = subprocess.run(
            self.command(*words, dispatch=dispatch),
            env=self.variables,
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=_LIMIT_S,
        )
        if done.returncode:
            raise RuntimeError(done.stdout[-1000:] + done.stderr[-2000:])
        return done.stdout

    @property
    def variables(self) -> dict[str, str]:
        """The environment of commands and workers."""
        ours = {"SWEEPER_DIARY": str(self.diary), "SWEEPER_PAUSE_S": str(self.pause_s)}
        ours |= {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
        return {**self.site.environment, **ours, **self.environment}

    @property
    def job_name(self) -> str:
        """How the names of its jobs begin."""
        return f"sweeper-{self.name}"

    def processes(self) -> list[Process]:
        """Workers that live; not those that tend them."""
        return self.site.processes("sweeper.dispatch.entry", str(self.folder.resolve()))

    def training(self) -> list[Process]:
        """Workers that live and have trained something."""
        known = {path.name for path in self.diary.iterdir()}
        names = [(process, process.name) for process in self.processes()]
        return [p for p, name in names if any(noted.startswith(name) for noted in known)]

    def ended(self) -> bool:
        """Whether all runs have."""
        if not is_one(self.folder):
            return False
        study = Study.open(self.folder)
        return study.ended_in(study.ledger_state(reports=False))

    def jobs(self) -> list[str]:
        """Its jobs that wait or run."""
        return self.site.jobs(self.job_name)

    def until(self, reached: Callable[[], bool], limit_s: float = _LIMIT_S) -> bool:
        """Waits; whether it came about before all runs ended."""
        deadline = time.monotonic() + limit_s
        while not (there := reached()) and not self.ended():
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self.name}: waited {limit_s:.0f} s in vain")
            time.sleep(0.2)
        return there

    def for_s(self, seconds: float) -> bool:
        """Lets it go on; whether runs are open still."""
        end = time.monotonic() + seconds
        self.until(lambda: time.monotonic() > end)
        return not self.ended()

    def somebody(self) -> Process:
        """A worker that trains, at random."""
        self.until(lambda: bool(self.training()))
        return self.rng.choice(self.training())

    def somebody_works(self) -> None:
        """Waits for a first worker."""
        self.until(lambda: bool(self.processes()))

    def finish(self) -> None:
        """Waits until all runs have ended and the workers left; gives the command again if need be.

        That is where no job of the study is left and runs are open.
        """
        looked, deadline = time.monotonic(), time.monotonic() + _LIMIT_S
        while not self.ended():
            time.sleep(0.5)
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self.name} did not end within {_LIMIT_S:.0f} s")
            if time.monotonic() - looked > 10:
                if not self.jobs() and not self.ended():
                    with suppress(RuntimeError):
                        self.run()
                looked = time.monotonic()
        while self.processes() and time.monotonic() < deadline:
            time.sleep(0.5)
        self.run()
        self.seconds = time.monotonic() - self._began

    def watched(self, given_up: bool = False) -> _Status:
        """While it lasts, what `sweeper status` says is compared with what is so.

        Unless runs may be `given_up`, one that is held must not be shown as open.
        """
        return _Status(self, given_up)

    def account(self, calm: Study) -> Account:
        """Whether it is whole, and equal to the undisturbed sweep where it is of the same space."""
        study = Study.open(self.folder)
        problems = list(verify.inconsistent(study))
        compared = self.words[: len(SPACE)] == SPACE
        if compared:
            problems += verify.differ(study, calm)
        problems += [f"{state} told {n} times" for state, n in self.false.items()]
        lost, twice = verify.lost(study), verify.twice(study)
        needed = len(study.plan.runs) * study.space.steps
        again = diary_learner.repeated(self.diary, needed, study.space.steps)
        return Account(self, lost, twice, problems, again, compared)


@dataclass
class Account:
    """What came of a sweep."""

    sweep: Sweep
    lost: list[str]
    twice: list[str]
    problems: list[str]
    repeated: diary_learner.Repeated
    compared: bool
    """Whether there was an undisturbed sweep of the same runs."""

    @property
    def all_problems(self) -> list[str]:
        """Whatever did not hold."""
        return [*self.lost, *self.twice, *self.problems]


class _Status(threading.Thread):
    """Asks for the status every half second, and notes what is not so."""

    def __init__(self, sweep: Sweep, given_up: bool) -> None:
        super().__init__(daemon=True)
        self._sweep, self._given_up, self._over = sweep, given_up, threading.Event()
        self._held = 0
        self.asked = 0

    def __enter__(self) -> _Status:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self.join()
        self._sweep.remarks.append(f"status asked {self.asked} times")

    def run(self) -> None:
        while not self._over.wait(_LOOK_S):
            if is_one(self._sweep.folder):
                self._look()

    def _look(self) -> None:
        before = {process.name for process in self._sweep.processes()}
        told = summarise(Study.open(self._sweep.folder))
        after = {process.name for process in self._sweep.processes()}
        self.asked += 1
        runs = told.runs
        for state in ("failed", "oom", "timeout", "lost", "nan", "pruned"):
            self._sweep.false[f"{state} runs"] += bool(runs.get(state))
        held = runs["running"] + runs["complete"]
        self._sweep.false["runs that are held as open"] += held < self._held and not self._given_up
        self._held = held
        for worker in told.workers:
            lives = worker.name.rsplit("-", 1)[0] + "-" in before & after
            self._sweep.false["a living worker as dead"] += worker.state == "dead" and lives
        self._sweep.false = +self._sweep.false
