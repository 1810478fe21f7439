"""Faults of what workers stand on: Slurm's daemons, the watcher, the disk, the clock."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from benchmarks.slurm.loopback import ROOT, Process
from benchmarks.slurm.sweep import Sweep
from sweeper.study.study import Study

_LIBRARY = "ahead.so"


def nodes(sweep: Sweep) -> None:
    """Kills slurmd alone; slurmd and all that it started; all that it started alone."""
    with sweep.watched():
        sweep.run()
        for slurmd, rest in ((True, False), (True, True), (False, True)):
            victim = sweep.somebody()
            sweep.for_s(4)
            node = victim.node
            if slurmd:
                sweep.site.kill_daemon(f"slurmd.{node}")
            if rest:
                _kill_all(sweep, node)
            sweep.injected += 1
            if slurmd and not rest:
                seen = _two_at_once(sweep, victim, 90)
                sweep.remarks.append(f"two copies of a job at once: {'yes' if seen else 'no'}")
            sweep.for_s(10 if not slurmd or not rest else 35)
            if slurmd:
                sweep.site.revive(node)
            sweep.until(lambda: _usable(sweep), 120)
        sweep.finish()


def _kill_all(sweep: Sweep, node: str) -> None:
    """Everything of the node's jobs, steps first."""
    jobs = [process.pid for process in sweep.site.processes() if process.node == node]
    for pid in [*sweep.site.steps(node), *jobs]:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _two_at_once(sweep: Sweep, victim: Process, seconds: float) -> bool:
    """Whether a later life of the victim's job begins while the victim lives."""

    def both() -> bool:
        there = sweep.processes()
        later = [p for p in there if p.job == victim.job and p.restart > victim.restart]
        return victim.pid in [p.pid for p in there] and bool(later)

    end = time.monotonic() + seconds
    return sweep.until(lambda: both() or time.monotonic() > end) and both()


def _usable(sweep: Sweep) -> bool:
    states = sweep.site.ask("sinfo", "-h", "-N", "-p", "low", "-o", "%T").split()
    return all(state in ("idle", "mixed", "allocated") for state in states)


def controller(sweep: Sweep) -> None:
    """slurmctld is killed and started again after 30 s."""
    _down(sweep, "slurmctld", 30)


def database(sweep: Sweep) -> None:
    """slurmdbd is killed and started again after a minute."""
    _down(sweep, "slurmdbd", 60)


def _down(sweep: Sweep, daemon: str, seconds: float) -> None:
    with sweep.watched():
        sweep.run()
        victim = sweep.somebody()
        sweep.site.kill_daemon(daemon)
        sweep.injected += 1
        sweep.for_s(2)
        victim.kill()  # so that there is something to find out meanwhile
        sweep.for_s(seconds - 2)
        sweep.site.up()
        sweep.finish()
    sweep.remarks.append("a worker was killed meanwhile")


def no_accounting(sweep: Sweep) -> None:
    """No database at all, and a `sacct` that fails."""
    _broken(sweep, "sacct", "exit 1")
    _down_and_up(sweep, accounting="0")
    try:
        sweep.run()
        victim = sweep.somebody()
        sweep.for_s(5)
        _kill_all(sweep, victim.node)
        sweep.injected += 1
        sweep.finish()
    finally:
        _down_and_up(sweep, accounting="1")
    sweep.remarks.append("all of a node's workers were killed meanwhile")


def _down_and_up(sweep: Sweep, accounting: str) -> None:
    sweep.site.down()
    sweep.site.change(accounting=accounting)
    sweep.site.up()


def _broken(sweep: Sweep, command: str, body: str) -> None:
    """Puts a `command` of ours before Slurm's, for the command line and for workers."""
    folder = sweep.root / "bin"
    folder.mkdir(exist_ok=True)
    (folder / command).write_text(f"#!/bin/bash\n{body}\n")
    (folder / command).chmod(0o755)
    sweep.environment = {**sweep.environment, "PATH": f"{folder}:{os.environ['PATH']}"}


def watcher(sweep: Sweep) -> None:
    """The watcher dies between sbatch and its next line, and its session with it."""
    real = sweep.site.ask("bash", "-c", "command -v sbatch")
    last = 'case "$*" in *--test-only*) ;; *) kill -KILL -$PPID; kill -KILL $PPID ;; esac'
    _broken(sweep, "sbatch", f'{real} "$@" || exit 1\n{last}')
    command = sweep.command("watch=true")
    done = subprocess.run(
        command, env=sweep.variables, start_new_session=True, capture_output=True, timeout=120
    )
    assert done.returncode == -signal.SIGKILL, done
    sweep.injected += 1
    sweep.until(lambda: not sweep.jobs())
    sweep.remarks.append(f"all runs ended with nobody there: {sweep.ended()}")
    sweep.environment = {}
    sweep.finish()


def full_disk(sweep: Sweep) -> None:
    """The disk that the study lies on is full for 40 s."""
    with _small_disk(sweep, "600M"):
        sweep.run()
        sweep.somebody()
        sweep.for_s(10)
        before = _size(sweep)
        going = _fill_for_s(sweep, 40)
        sweep.injected += 1
        sweep.remarks.append(f"meanwhile the ledger grew by {_size(sweep) - before} bytes")
        assert going, "all runs ended on a full disk"
        sweep.finish()
        logs = [file.read_text() for file in sweep.folder.glob("logs/*/*.out")]
        told = sum("is full" in log for log in logs)
        sweep.remarks.append(f"{told} of {len(logs)} logs say that it is full")
        shutil.copytree(sweep.folder, sweep.root / "whole" / sweep.name)
    shutil.move(sweep.root / "whole" / sweep.name, sweep.folder)


@contextmanager
def _small_disk(sweep: Sweep, size: str) -> Iterator[None]:
    """A small disk for the studies; nodes see only what was mounted before they started."""
    folder = sweep.root / "studies"
    folder.mkdir()
    sweep.site.down()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "none", folder], check=True)
    sweep.site.up()
    try:
        yield
    finally:
        sweep.site.down()
        subprocess.run(["umount", folder], check=True)
        sweep.site.up()


def _fill_for_s(sweep: Sweep, seconds: float) -> bool:
    """Fills the disk, and takes again what becomes free; whether runs are open at the end."""
    end, filler = time.monotonic() + seconds, sweep.root / "studies" / "filler"
    with filler.open("wb", buffering=0) as handle:
        while time.monotonic() < end:
            with suppress(OSError):
                while True:
                    handle.write(b"\0" * 4096)
            time.sleep(0.05)
        going = not sweep.ended()
    filler.unlink()
    return going


def _size(sweep: Sweep) -> int:
    return sum(file.stat().st_size for file in (sweep.folder / "ledger").iterdir())


def clock(sweep: Sweep) -> None:
    """The clocks of one job's workers are ten minutes ahead; it and another are killed."""
    prolog, library = sweep.root / "prolog", sweep.root / _LIBRARY
    source = ROOT / "benchmarks" / "slurm" / "ahead.c"
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, source], check=True)
    prolog.write_text(
        f"#!/bin/sh\n[ $SLURM_ARRAY_TASK_ID = 0 ] && echo export LD_PRELOAD={library}\n:\n"
    )
    prolog.chmod(0o755)
    sweep.configure(srun_args=[f"--task-prolog={prolog}"])
    sweep.run()
    sweep.somebody()
    ahead = _ahead(sweep)
    sweep.for_s(30)
    early = _taken_over(sweep)
    for process in [ahead, next(p for p in sweep.processes() if p.node != ahead.node)]:
        sweep.injected += process.kill()
    sweep.finish()
    sweep.remarks.append(f"taken from living workers: {early}")


def _ahead(sweep: Sweep) -> Process:
    """The worker whose clock is ahead."""
    sweep.until(lambda: any(_is_ahead(p) for p in sweep.training()))
    return next(process for process in sweep.processes() if _is_ahead(process))


def _is_ahead(process: Process) -> bool:
    with suppress(OSError):
        return _LIBRARY.encode() in Path(f"/proc/{process.pid}/environ").read_bytes()
    return False


def _taken_over(sweep: Sweep) -> int:
    """Attempts that followed one which was not given up."""
    runs = Study.open(sweep.folder).ledger_state(reports=False).runs.values()
    tries = [record.tries for record in runs]
    return sum(sum(a.released is None for a in own.values()) - 1 for own in tries if own)
