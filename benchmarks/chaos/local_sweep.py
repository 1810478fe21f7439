"""Kills workers of a local sweep of 60 DQN runs at random, and compares with an undisturbed one.

    python -m benchmarks.chaos.local_sweep [kills=20] [steps=15000]

Prints a row for docs/measured/kills.md: runs, kills, lost, counted twice, runs resumed from a saved
step, and whether the tables of runs, their curves and the weights kept of them are equal bit by
bit.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from datetime import date
from pathlib import Path

from sweeper.ledger.claims.claims import END
from sweeper.results import frames
from sweeper.study.study import Study
from sweeper.worker.process.heartbeat import exists

SPACE = Path(__file__).parents[2] / "spaces" / "minatar_adam_sn.yaml"


def command(root: Path, name: str, steps: str) -> list[str]:
    words = [f"root={root}", f"name={name}", f"steps={steps}", "workers=2", "figures=[]"]
    cadence = ["evaluation={every: 5000, episodes: 5, cap: 1000}", "checkpoint.every_s=1"]
    cadence += ["checkpoint.keep=best"]
    # Twenty kills among two workers hit single runs more often than a cluster ever would.
    sweep = [sys.executable, "-m", "sweeper", "run", str(SPACE)]
    return [*sweep, *words, *cadence, "limits.deaths=50"]


def working(study: Study) -> dict[str, int]:
    """Live workers that hold a run, and their process numbers."""
    ledger_state = study.ledger_state(reports=False)
    busy = {record.worker for record in ledger_state.runs.values() if record.state == "running"}
    return {
        name: worker.header.pid or 0
        for name, worker in ledger_state.workers.items()
        if name in busy and not worker.closed and exists(worker.header)
    }


def disturb(root: Path, steps: str, kills: int, pause_s: float) -> set[tuple[str, int]]:
    """Runs the sweep and kills workers; returns the (run, attempt) pairs that were killed."""
    process = subprocess.Popen(command(root, "killed", steps), stdout=subprocess.DEVNULL)
    rng, struck = random.Random(0), set()
    while not (root / "killed" / "plans" / "0").exists():
        time.sleep(0.1)
    study, done = Study.open(root / "killed"), 0
    while process.poll() is None and done < kills:
        time.sleep(rng.expovariate(1 / pause_s))
        alive = working(study)
        if alive:
            worker = rng.choice(sorted(alive))
            os.kill(alive[worker], signal.SIGKILL)
            done += 1
            runs = study.ledger_state(reports=False).runs.values()
            struck |= {(r.run, r.last) for r in runs if r.end is None and r.worker == worker}
    process.wait()
    print(f"{done} kills")
    return struck


def main(kills: str = "20", steps: str = "15000") -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        start = time.monotonic()
        subprocess.run(command(root, "calm", steps), stdout=subprocess.DEVNULL, check=True)
        calm_s = time.monotonic() - start
        struck = disturb(root, steps, int(kills), calm_s / int(kills) * 0.8)
        calm, killed = (Study.open(root / name) for name in ("calm", "killed"))
        tables = [
            frames.runs(study, study.ledger_state()).drop(columns=["attempts", "seconds", "worker"])
            for study in (calm, killed)
        ]
        curves = [frames.reports(study, study.ledger_state()) for study in (calm, killed)]
        ledger_state = killed.ledger_state()
        ends = Counter(
            ledger_state.runs[run.id].state
            for run in killed.plan.runs
            if run.id in ledger_state.runs
        )
        resumed = sum(
            ledger_state.runs[run].tries[attempt + 1].resumed > 0
            for run, attempt in struck
            if attempt + 1 in ledger_state.runs[run].tries
        )
        equal = tables[0].equals(tables[1]) and curves[0].equals(curves[1])
        equal = equal and weights(calm) == weights(killed)
        seconds = tables_seconds(calm)
        print(f"runs last {min(seconds):.1f} to {max(seconds):.1f} s; ends: {dict(ends)}")
        print("| date | runs | kills | attempts killed | resumed from a step > 0 | lost", end=" ")
        print("| counted twice | results equal |\n|---|---|---|---|---|---|---|---|")
        lost = len(killed.plan.runs) - ends["complete"]
        print(
            f"| {date.today()} | {len(killed.plan.runs)} | {kills} | {len(struck)} | {resumed} "
            f"| {lost} | {twice(killed)} | {'bit by bit' if equal else 'NO'} |"
        )


def weights(study: Study) -> dict[str, bytes]:
    """The weights that stay of each run: those of its best evaluation."""
    return {file.name: file.read_bytes() for file in study.paths.weights.iterdir()}


def twice(study: Study) -> int:
    """Runs with more than one end among their claims."""
    found = study.claims("count").folders.standing().items()
    ends = Counter(name.split(".")[0] for name, data in found if json.loads(data)["kind"] == END)
    return sum(number > 1 for number in ends.values())


def tables_seconds(study: Study) -> list[float]:
    """How long each run took, by its worker's clock."""
    return [
        record.ended - record.started
        for record in study.ledger_state().runs.values()
        if record.ended is not None and record.started is not None
    ]


if __name__ == "__main__":
    main(**dict(word.split("=", 1) for word in sys.argv[1:]))
