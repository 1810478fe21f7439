"""The batch script of workers, as submitit writes it, and the split of jobs into arrays."""

from __future__ import annotations

import hashlib
import re
import shlex
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sweeper.cluster.keys import names as keys
from sweeper.cluster.profile import Profile
from sweeper.cluster.slurm import REQUEUE

_TOLD_EARLY = 128 + signal.SIGUSR2
"""Exit code of a worker that was told to leave before it could listen."""

_REQUEUE = f"""\
code=$?
if [ $code -eq {REQUEUE} ] || [ $code -eq {_TOLD_EARLY} ]; then
  echo "sweeper: the time is over, or others need the node: requeued"
  job=${{SLURM_ARRAY_JOB_ID:-$SLURM_JOB_ID}}${{SLURM_ARRAY_TASK_ID:+_$SLURM_ARRAY_TASK_ID}}
  scontrol requeue "$job" && sleep 60
fi
exit $code"""
"""Once all workers of a job have left: one that has more to do asks for the job's next life.

One element of an array has the number of the whole array as its SLURM_JOB_ID, and it alone is
meant.
"""

_LEAVE = f"""\
code=$?
[ $code -eq {REQUEUE} ] || [ $code -eq {_TOLD_EARLY} ] && exit 0
exit $code"""
"""The same where jobs do not come back: one that has more to do has not failed."""


def text(
    profile: Profile,
    name: str,
    logs: Path,
    words: list[str],
    array: int | None,
    module: Sequence[str] = ("sweeper", "work"),
) -> str:
    """The script of a job called `name` that runs `sweeper work`, or `module`, with `words`.

    `array` is how many elements it has, `None` a job without elements. It prints to `logs`.
    """
    import submitit  # takes a while

    class Script(submitit.SlurmExecutor):
        @classmethod
        def affinity(cls) -> int:
            return 1  # a text can be had where Slurm is not

        def text(self, command: str) -> str:
            if array is not None:
                self.parameters["map_count"] = array
            return str(self._make_submission_file_text(command, ""))

    executor = Script(folder=logs)
    executor.update_parameters(**_parameters(profile, name))
    command = [sys.executable, "-P", "-u", "-m", *module, *words]
    return executor.text(shlex.join(command)) + "\n"


def _parameters(profile: Profile, name: str) -> dict[str, Any]:
    """What submitit is given: what it knows of the profile, and the rest as further lines."""
    given = {key: profile.parameters[key] for key in profile.parameters if key in keys.OF_SUBMITIT}
    others = {key: profile.parameters[key] for key in profile.parameters if key not in given}
    others.pop("requeue", None)
    ending = _REQUEUE if profile.requeue else _LEAVE
    return given | {
        "job_name": name,
        "time": given.get("time"),  # submitit would make it five minutes
        "wckey": given.get("wckey"),  # submitit would give its own name
        "stderr_to_stdout": True,
        "setup": [*_setup(profile), *given.get("setup", [])],
        "teardown": [ending] if "teardown" not in given else [*_saved(given["teardown"]), ending],
        "srun_args": ["--open-mode=append", "--kill-on-bad-exit=0", *given.get("srun_args", [])],
        "additional_parameters": {"requeue" if profile.requeue else "no_requeue": True} | others,
    }


def _setup(profile: Profile) -> list[str]:
    """Lines before the profile's own; of environment variables the names, no values."""
    lines = ["export OMP_NUM_THREADS=${OMP_NUM_THREADS:-1} MKL_NUM_THREADS=${MKL_NUM_THREADS:-1}"]
    if "cpus_per_task" in profile.parameters:  # which srun of Slurm 22.05 and later must be told
        lines.append("export SRUN_CPUS_PER_TASK=$SLURM_CPUS_PER_TASK")
    if profile.minutes is not None:
        seconds = 60 * profile.minutes - profile.delay_s
        lines.append(f"export SWEEPER_UNTIL=$(($(date +%s) + {seconds}))")
    if profile.env:
        lines.append(f"# sbatch is handed the profile's env: {', '.join(profile.env)}")
    return lines


def _saved(lines: list[str]) -> list[str]:
    """The user's last lines, between a worker's end and what follows from it."""
    return ["worker=$?", *lines, "(exit $worker)"]


def job_name(folder: Path) -> str:
    """What the names of the jobs of the study in `folder` hold: all are found by it."""
    place = hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:6]
    return f"sweeper-{folder.name}-{place}"


def names(folder: Path, profiles: Sequence[Profile]) -> list[str]:
    """What jobs of each of `profiles` are called: several are told apart by a word at the end."""
    found = []
    for place, profile in enumerate(profiles):
        name = job_name(folder) if profile.name is None else f"{profile.name}.{job_name(folder)}"
        stems = [other.file.stem for other in profiles]
        word = re.sub(r"[^A-Za-z0-9_-]", "-", profile.file.stem)[:40]
        if stems.count(profile.file.stem) > 1:
            word = f"{place + 1}-{word}"
        found.append(name if len(profiles) == 1 else f"{name}+{word}")
    return found


def work_words(folder: Path, pack: str, device: str, workers: int) -> list[str]:
    """The words after `sweeper work` that join the study in `folder`."""
    folder = folder.resolve()
    words = [f"study={folder.name}", f"root={folder.parent}", f"pack={pack}"]
    return [*words, f"device={device}", f"workers={workers}"]


def split(number: int, largest: int, parallel: int) -> list[tuple[int, int]]:
    """Splits `number` jobs into arrays, each as (size ≤ `largest`, share of `parallel`)."""
    arrays = -(-number // largest)
    return [(_share(number, arrays, k), max(1, _share(parallel, arrays, k))) for k in range(arrays)]


def _share(number: int, parts: int, k: int) -> int:
    """What the `k`-th of `parts` gets of `number`, which is divided as evenly as can be."""
    return number // parts + (k < number % parts)
