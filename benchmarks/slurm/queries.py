"""How often a study with 500 array tasks asks the scheduler, all its processes together."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

from benchmarks.slurm.sweep import Sweep

TASKS = 500
_COMMANDS = ("squeue", "sacct", "scontrol", "sinfo", "sstat", "scancel")

TRAIN = """
import time

def train(config, run):
    for step in range(run.steps):
        time.sleep(0.5)
        run.report(step + 1, loss=config["x"])
    return config["x"] + run.seed
"""

SPACE = """
study: queries
function: train.py:train
axes: {x: {kind: float, low: 0.0, high: 1.0, count: 100}}
tasks: {line: {low: 0.0, high: 10.0}}
seeds: 5
steps: 10
score: {metric: value}
figures: []
"""


def queries(sweep: Sweep) -> None:
    """500 array tasks, a watcher and a poller of the status; now and then a worker is killed."""
    (sweep.root / "train.py").write_text(TRAIN)
    sweep.space = sweep.root / "queries.yaml"
    sweep.space.write_text(SPACE)
    sweep.words, sweep.pack, sweep.workers = (), 1, TASKS
    sweep.configure(mem_gb=0.3, cpus_per_task=1, array_parallelism=TASKS)
    asked = _counted(sweep)
    watcher = subprocess.Popen(
        sweep.command("watch=true"), env=sweep.variables, stdout=subprocess.DEVNULL
    )
    try:
        sweep.somebody_works()
        elements, begin = len(sweep.jobs()), time.time()
        with sweep.watched(given_up=True):
            while sweep.for_s(10):
                there = sweep.site.processes("sweeper", "work")
                sweep.injected += bool(there) and sweep.rng.choice(there).kill()
        watcher.wait(300)
    finally:
        watcher.kill()
    times = [float(line.split()[0]) for line in asked.read_text().splitlines()]
    late = [at for at in times if at > begin]
    worst = max((sum(at <= other < at + 60 for other in late) for at in late), default=0)
    sweep.remarks.append(
        f"{elements} array tasks; at most {worst} queries in any minute ({len(late)} in "
        f"{(time.time() - begin) / 60:.1f} minutes), {len(times) - len(late)} to submit"
    )
    sweep.site.ask("scancel", "--user", "root")  # hundreds that would find nothing to do
    sweep.finish()


def _counted(sweep: Sweep) -> Path:
    """Puts commands before Slurm's that note when they are called, and go on to the real ones."""
    folder, asked = sweep.root / "bin", sweep.root / "asked.txt"
    folder.mkdir()
    for name in _COMMANDS:
        real = sweep.site.ask("bash", "-c", f"command -v {name}")
        file = folder / name
        file.write_text(f'#!/bin/bash\necho "$(date +%s.%N) {name}" >> {asked}\nexec {real} "$@"\n')
        file.chmod(0o755)
    asked.touch()
    sweep.environment = {**sweep.environment, "PATH": f"{folder}:{os.environ['PATH']}"}
    return asked
