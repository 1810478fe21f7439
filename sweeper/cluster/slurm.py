"""Slurm's commands as functions; a command runs only when its function is called."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sweeper.errors import SweeperError

TIMEOUT_S = 60.0
"""A controller that is down lets a command wait for about ten seconds; a busy one longer."""

LIVE = {
    *("PENDING", "CONFIGURING", "RUNNING", "COMPLETING", "SUSPENDED", "STOPPED", "RESIZING"),
    *("REQUEUED", "REQUEUE_HOLD", "REQUEUE_FED", "RESV_DEL_HOLD", "SIGNALING", "STAGE_OUT"),
    "SPECIAL_EXIT",
}
"""States of a job that has not ended; of all others it has, at least this time."""

MAYBE = {"NODE_FAIL", "PREEMPTED", "BOOT_FAIL"}
"""Ends after which Slurm often runs the job once more, some seconds later."""


class Unanswered(Exception):
    """A command of Slurm's failed or took too long: nothing is known."""


@dataclass(frozen=True)
class Job:
    """A job, or one element of an array, as squeue lists it."""

    id: str
    """Its SLURM_JOB_ID; elements that wait share their array's."""
    state: str
    restarts: int
    name: str
    reason: str

    @property
    def live(self) -> bool:
        """Whether it waits or runs."""
        return self.state in LIVE


def installed() -> bool:
    """Whether Slurm's commands are here."""
    return all(shutil.which(name) for name in ("sbatch", "squeue", "scontrol", "scancel", "srun"))


def need() -> None:
    """Raises `SweeperError` where Slurm is not installed."""
    if not installed():
        raise SweeperError(
            "dispatch=slurm needs Slurm's commands (sbatch, srun, squeue, scontrol, scancel), and "
            "they are not on the PATH here: run it on the cluster's login node, rehearse on "
            "slurm/cluster, or use dispatch=local"
        )


def ask(*command: str, timeout_s: float = TIMEOUT_S, env: Mapping[str, str] | None = None) -> str:
    """What a command printed; raises `Unanswered` with what it complained about.

    It runs with the variables `env` beside those of this process.
    """
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            env={**_environment(), **(env or {})},
        )
    except subprocess.TimeoutExpired as error:
        raise Unanswered(f"{command[0]} did not answer within {timeout_s:.0f} s") from error
    except OSError as error:
        raise Unanswered(f"{command[0]}: {error.strerror}") from error
    if done.returncode:
        raise Unanswered((done.stderr or done.stdout).strip() or f"{command[0]} failed")
    return done.stdout


def _environment() -> dict[str, str]:
    """Without what would change the form of an answer, or the job that asks."""
    ours = ("SQUEUE_", "SINFO_", "SBATCH_", "SCANCEL_")
    return {key: value for key, value in os.environ.items() if not key.startswith(ours)}


_FIELDS = "JobID:24,State:24,RestartCnt:8,Reason:64,Name:240"


def belongs(name: str, study: str) -> bool:
    """Whether a job called `name` is one of those of which `study` is the name.

    A profile's own name stands before it, and what tells several profiles apart behind.
    """
    place = name.find(study)
    before, after = name[:place], name[place + len(study) :]
    whole = (not before or before.endswith(".")) and (not after or after.startswith("+"))
    return place >= 0 and whole


def jobs(called: str | None = None) -> list[Job]:
    """This user's jobs that wait, run or ended a few minutes ago, elements of arrays one by one.

    Only those of the study whose name of jobs is `called`, where that is given.
    """
    printed = ask("squeue", "--me", "--noheader", "--array", "--states=all", f"--Format={_FIELDS}")
    found = []
    for line in printed.splitlines():
        words = [line[:24], line[24:48], line[48:56], line[56:120], line[120:]]
        id, state, restarts, reason, name = (word.strip() for word in words)
        if id and (called is None or belongs(name, called)):
            found.append(Job(id, state.split()[0], int(restarts or 0), name, reason))
    return found


def submit(script: str, env: Mapping[str, str] | None = None) -> str:
    """Hands a script to sbatch; returns the job's number.

    Its jobs have the variables `env`: sbatch takes them from its own environment, so that no file
    of the study holds a secret.
    """
    return ask("sbatch", "--parsable", script, env=env).strip().split(";")[0]


def test(script: str) -> None:
    """Asks sbatch whether it would take a script; raises `Unanswered` with its own words."""
    ask("sbatch", "--test-only", script)


def cancel(ids: Iterable[str]) -> None:
    """Cancels jobs; those that have ended already are passed over."""
    listed = list(ids)
    for begin in range(0, len(listed), 500):
        ask("scancel", "--quiet", *listed[begin : begin + 500])


def cancel_named(name: str) -> None:
    """Cancels all jobs of the study whose name of jobs is `name`, elements that wait too."""
    for full in sorted({job.name for job in jobs(name) if job.live}):
        ask("scancel", "--quiet", "--me", f"--name={full}")


def settings() -> dict[str, str]:
    """`scontrol show config`."""
    lines = ask("scontrol", "show", "config").splitlines()
    pairs = (line.split("=", 1) for line in lines if "=" in line)
    return {key.strip(): value.strip() for key, value in pairs}


@dataclass(frozen=True)
class Partition:
    """What a partition allows; `None` where it sets no limit."""

    name: str
    default: bool
    minutes: int | None
    cpus: int
    """Processors of its largest node."""
    memory_mb: int
    """Memory of its largest node."""
    settings: Mapping[str, str]


def partitions() -> list[Partition]:
    """All partitions that this user sees."""
    nodes: dict[str, list[tuple[int, int]]] = {}
    for line in ask("sinfo", "--noheader", "--all", "--Node", "--format=%R|%c|%m").splitlines():
        name, cpus, memory = line.split("|")
        nodes.setdefault(name, []).append((int(cpus.rstrip("+")), int(memory.rstrip("+"))))
    found = []
    for line in ask("scontrol", "show", "partition", "--oneliner").splitlines():
        keys = dict(word.split("=", 1) for word in line.split() if "=" in word)
        name = keys["PartitionName"]
        sizes = nodes.get(name, [(0, 0)])
        found.append(
            Partition(
                name,
                keys.get("Default") == "YES",
                minutes(keys.get("MaxTime", "UNLIMITED")),
                max(cpus for cpus, _ in sizes),
                max(memory for _, memory in sizes),
                keys,
            )
        )
    return found


def seconds(text: str) -> int:
    """Whole seconds of a setting such as `30 sec`, `00:00:20` or `1-00:00:00`."""
    words = text.split()
    days, _, clock = (words[0] if words else "0").rpartition("-")
    total = 0
    for part in clock.split(":"):
        total = 60 * total + (int(part) if part.isdecimal() else 0)
    return int(days or 0) * 24 * 60 * 60 + total


def minutes(text: str) -> int | None:
    """Whole minutes of a time as Slurm prints it, `[days-]hours:minutes:seconds`."""
    return None if text in ("UNLIMITED", "NONE", "INFINITE") else seconds(text) // 60


REQUEUE = 75
"""Exit code of a worker that left with runs open, at its time limit or for others (EX_TEMPFAIL)."""
