"""What orchestration costs per run: plan, claim, ten reports, end, by the shipped worker path.

    python -m benchmarks.sweeper.orchestration [runs=1000,10000,100000] [trials=1000,2000]
        [root=FOLDER]

Sweeps of a function that does nothing but report ten times, by `sweeper run` with two local
workers, on the disk under `root` (default: a temporary folder), fsync and snapshots included.
Beside them Optuna's GridSampler with a journal file and two processes. Prints two tables for
docs/measured/orchestration.md; the largest study then serves to time `status` and `heatmap`, cold
and with a snapshot.

Wall time per run is from the first claim to the last end; worker time is twice that. What comes
before and after (imports, the plan, figures, the Optuna storage) is said beside it.
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import date
from importlib.metadata import version
from pathlib import Path

import optuna

from sweeper.study.study import Study

TRAIN = """
def train(config, run):
    for k in range(1, 11):
        run.report(10 * k, loss=config["x"] / k)
    return float(config["y"])
"""
SPACE = """
study: flat
function: train.py:train
axes:
  x: {{kind: choice, values: {x}}}
  y: {{kind: choice, values: {y}}}
tasks: {{line: {{low: 0, high: 100}}}}
seeds: 10
steps: 100
score: {{metric: value}}
figures: [heatmap]
"""
SHAPES = {1_000: (10, 10), 10_000: (10, 100), 100_000: (100, 100)}
"""Values of the two axes by the number of runs; ten seeds each."""


def command(root: Path, *words: str) -> list[str]:
    return [sys.executable, "-m", "sweeper", *words, f"root={root}"]


def sweep(root: Path, runs: int) -> Study:
    """Runs a sweep to its end and prints its row."""
    x, y = (list(range(1, n + 1)) for n in SHAPES[runs])
    (root / "train.py").write_text(TRAIN)
    file = root / f"flat{runs}.yaml"
    file.write_text(SPACE.format(x=x, y=y))
    words = ("run", str(file), f"name=flat{runs}", "workers=2")
    before, begin = os.times(), time.monotonic()
    subprocess.run(command(root / "studies", *words), check=True, stdout=subprocess.DEVNULL)
    wall, after = time.monotonic() - begin, os.times()
    cpu = after.children_user + after.children_system - before.children_user
    cpu -= before.children_system
    study = Study.open(root / "studies" / f"flat{runs}")
    span = working_s(study)
    print(
        f"| sweeper | {runs:,} | {1e3 * span / runs:.2f} | {2e3 * span / runs:.2f} "
        f"| {1e3 * cpu / runs:.2f} | {wall - span:.1f} |",
        flush=True,
    )
    return study


def working_s(study: Study) -> float:
    """Seconds from the first claim to the last end."""
    records = study.ledger_state(reports=False).runs.values()
    assert len(records) == len(study.plan.runs), "a run is missing"
    assert all(record.state == "complete" for record in records), "a run failed"
    started = min(record.started for record in records if record.started is not None)
    return max(record.ended for record in records if record.ended is not None) - started


def grid(folder: Path, trials: int) -> None:
    """Two processes that share Optuna's GridSampler; prints their row."""
    journal = folder / f"{trials}.journal"
    call = f"orchestration.optimise({str(journal)!r}, {trials})"
    code = f"from benchmarks.sweeper import orchestration; {call}"
    begin = time.monotonic()
    processes = [
        subprocess.Popen([sys.executable, "-c", code], cwd=Path(__file__).parents[2])
        for _ in range(2)
    ]
    assert [process.wait() for process in processes] == [0, 0]
    wall = time.monotonic() - begin
    print(
        f"| Optuna GridSampler, journal file | {trials:,} | {1e3 * wall / trials:.2f} "
        f"| {2e3 * wall / trials:.2f} | | |",
        flush=True,
    )


def optimise(journal: str, trials: int) -> None:
    """One process's part of the grid: ten intermediate values a trial."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    backend = optuna.storages.journal.JournalFileBackend(journal)
    sampler = optuna.samplers.GridSampler({"x": list(range(trials // 10)), "y": list(range(10))})
    study = optuna.create_study(
        storage=optuna.storages.JournalStorage(backend),
        study_name="grid",
        sampler=sampler,
        load_if_exists=True,
    )

    def objective(trial: optuna.Trial) -> float:
        x, y = trial.suggest_int("x", 0, trials // 10 - 1), trial.suggest_int("y", 0, 9)
        for k in range(10):
            trial.report(x / (k + 1), k)
        return float(y)

    study.optimize(objective)  # the sampler stops it when the grid is done


def reading(root: Path, study: Study) -> None:
    """Prints how long `status` and `heatmap` take with a snapshot, without, and with none made."""
    name = f"study={study.name}"
    shutil.rmtree(study.paths.snapshots, ignore_errors=True)
    commands = {"status": ("status", name), "heatmap": ("heatmap", name, f"out={root / 'x.pdf'}")}
    print("\n| command | runs | cold, s | with a snapshot, s |\n|---|---|---|---|")
    for what, words in commands.items():
        shutil.rmtree(study.paths.snapshots, ignore_errors=True)
        cold = seconds(command(root / "studies", *words))
        warm = min(seconds(command(root / "studies", *words)) for _ in range(3))
        print(f"| `{what}` | {len(study.plan.runs):,} | {cold:.2f} | {warm:.2f} |", flush=True)


def seconds(words: Sequence[str]) -> float:
    begin = time.monotonic()
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL)
    return time.monotonic() - begin


def main(
    runs: str = "1000,10000,100000", trials: str = "1000,2000", root: str | None = None
) -> None:
    print(
        f"{date.today()}, {len(os.sched_getaffinity(0))} cores ({platform.machine()}), Python "
        f"{platform.python_version()}, Optuna {version('optuna')}, load {os.getloadavg()[0]:.1f}\n"
    )
    print("| | runs | ms a run | worker ms a run | processor ms a run | before and after, s |")
    print("|---|---|---|---|---|---|")
    folder = Path(root or tempfile.mkdtemp())
    try:
        studies = [sweep(folder, int(number)) for number in runs.split(",")]
        for number in filter(None, trials.split(",")):
            grid(folder, int(number))
        reading(folder, studies[-1])
        print(f"\nload at the end: {os.getloadavg()[0]:.1f}")
    finally:
        if root is None:
            shutil.rmtree(folder)


if __name__ == "__main__":
    main(**dict(word.split("=", 1) for word in sys.argv[1:]))
