"""Idle workers, very large arrays: what a cluster's time goes into, on the loopback cluster.

    slurm/cluster up && eval "$(slurm/cluster env)"
    python -m benchmarks.slurm.scale [parts=idle,array] [workers=6] [packs=12] [array=5000]

`idle`: runs whose lengths differ tenfold, on Slurm workers that take the next open run, beside a
launcher that submits batch after batch with submitit and waits for each. Idle before the tail is
the part of the workers' time, up to the moment when no run was open any more, in which they held
none; the tail is what follows, until the last run has ended.
`array`: more workers than MaxArraySize allows in one array. Prints tables for
docs/measured/slurm.md.
"""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

import submitit

from sweeper.cluster import slurm
from sweeper.cluster.script import job_name
from sweeper.study.study import Study

TRAIN = """
import random, time

def length(number):
    return 2.0 * 10 ** random.Random(number).random()

def train(config, run):
    time.sleep(length(config["number"]))
    return float(config["number"])
"""
SPACE = """
study: {name}
function: train.py:train
axes:
  number: {{kind: choice, values: {values}}}
tasks: {{line: {{low: 0, high: 100}}}}
seeds: 1
steps: 1
score: {{metric: value}}
figures: []
"""
PROFILE = "timeout_min: 60\ncpus_per_task: 1\nmem_gb: 0.5\narray_parallelism: {parallel}\n"


def length(number: int) -> float:
    """Seconds that run `number` takes: from 2 to 20."""
    return 2.0 * 10 ** random.Random(number).random()


def study_of(root: Path, name: str, runs: int, workers: int, *, wait: bool) -> Study:
    """Runs a study of `runs` sleeping runs on Slurm."""
    (root / "train.py").write_text(TRAIN)
    (root / f"{name}.yaml").write_text(SPACE.format(name=name, values=list(range(runs))))
    (root / "profile.yaml").write_text(PROFILE.format(parallel=min(workers, 60)))
    words = ["run", str(root / f"{name}.yaml"), f"root={root / 'studies'}", "dispatch=slurm"]
    words += [
        f"profile={root / 'profile.yaml'}",
        f"workers={workers}",
        f"watch={str(wait).lower()}",
    ]
    subprocess.run([sys.executable, "-m", "sweeper", *words], check=True, stdout=subprocess.DEVNULL)
    return Study.open(root / "studies" / name)


def idle(root: Path, workers: int, packs: int) -> None:
    """Prints the idle time of both ways of giving workers their runs."""
    runs = workers * packs
    study = study_of(root, "idle", runs, workers, wait=True)
    held: dict[str, list[tuple[float, float]]] = {}
    for record in study.ledger_state(reports=False).runs.values():
        assert record.state == "complete" and record.started and record.ended
        held.setdefault(str(record.worker), []).append((record.started, record.ended))
    tail = max(begin for spans in held.values() for begin, _ in spans)
    end = max(end for spans in held.values() for _, end in spans)
    there = sum(tail - min(begin for begin, _ in spans) for spans in held.values())
    busy = sum(min(e, tail) - b for spans in held.values() for b, e in spans)
    batches, makespan = batch_by_batch(root, workers, packs)
    print(
        f"{date.today()}, {runs} runs of 2 to 20 s, {workers} workers\n\n"
        "| | idle before the tail | tail, s | idle in all | makespan, s |\n|---|---|---|---|---|\n"
        f"| sweeper | {(there - busy) / there:.1%} | {end - tail:.1f} "
        f"| {1 - sum(map(length, range(runs))) / workers / makespan_of(held):.1%} "
        f"| {makespan_of(held):.0f} |\n"
        f"| batch by batch (submitit) | {batches:.1%} | | "
        f"{1 - sum(map(length, range(runs))) / workers / makespan:.1%} | {makespan:.0f} |",
        flush=True,
    )


def makespan_of(held: dict[str, list[tuple[float, float]]]) -> float:
    """Seconds from the first claim to the last end."""
    spans = [span for spans in held.values() for span in spans]
    return max(end for _, end in spans) - min(begin for begin, _ in spans)


def batch_by_batch(root: Path, workers: int, packs: int) -> tuple[float, float]:
    """Idle share before the last batch, and the makespan, of a launcher with barriers."""
    executor = submitit.SlurmExecutor(folder=root / "batches")
    executor.update_parameters(time=10, cpus_per_task=1, mem="500M")
    began, idle_s, spent = time.monotonic(), 0.0, 0.0
    for batch in range(packs):
        at = time.monotonic()
        numbers = list(range(batch * workers, (batch + 1) * workers))
        for job in executor.map_array(time.sleep, [length(number) for number in numbers]):
            job.result()
        span = time.monotonic() - at
        if batch < packs - 1:
            spent += workers * span
            idle_s += workers * span - sum(map(length, numbers))
    return idle_s / spent, time.monotonic() - began


def array(root: Path, workers: int) -> None:
    """Submits `workers` workers for a small study; watches how many run; cancels what is left."""
    study = study_of(root, "array", 60, workers, wait=False)
    name, most, sizes = job_name(study.folder), 0, {}
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline and not Study.open(study.folder).ended:
        jobs = slurm.jobs(name)
        most = max(most, sum(job.state == "RUNNING" for job in jobs))
        sizes.setdefault("jobs", len(jobs))
        time.sleep(2)
    limit = slurm.settings()["MaxArraySize"]
    scripts = sorted(study.paths.logs.glob("*/*.sbatch"))
    arrays = [
        line for file in scripts for line in file.read_text().splitlines() if "--array" in line
    ]
    states = {record.state for record in study.ledger_state(reports=False).runs.values()}
    subprocess.run(["scancel", "--name", name], check=True)
    pickles = list(study.folder.rglob("*.pkl"))
    print(
        f"\n{date.today()}: {sizes['jobs']:,} workers submitted, MaxArraySize {limit}: "
        f"{', '.join(line.split('=')[1] for line in arrays)}; at most {most} ran at a time; "
        f"runs: {states}, all ended: {Study.open(study.folder).ended}; {len(pickles)} pickles left"
    )


def main(
    parts: str = "idle,array", workers: str = "6", packs: str = "12", array_: str = "5000"
) -> None:
    root = Path(tempfile.mkdtemp(prefix="scale"))
    try:
        if "idle" in parts:
            idle(root, int(workers), int(packs))
        if "array" in parts:
            array(root, int(array_))
    finally:
        shutil.rmtree(root, ignore_errors=True)


if __name__ == "__main__":
    given = dict(word.split("=", 1) for word in sys.argv[1:])
    main(**{"array_" if key == "array" else key: value for key, value in given.items()})
