"""Workers that contend for the runs of one study, some of them killed: no run has two live ones.

    python -m benchmarks.chaos.contention [minutes=10] [workers=8]

Every run works for a moment under an exclusive lock (flock) on a file of its own, and notes in it
when it begins and when it is done. A second live worker at the same run would find the lock held;
a killed one leaves it free. So the evidence is the files', not the ledger's. Workers are killed at
random; the watcher replaces them. Prints a row for docs/measured/kills.md.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

from sweeper.study.study import Study
from sweeper.worker.process.heartbeat import exists

TRAIN = """
import fcntl, os, time

def train(config, run):
    with open(run.folder / "marks", "a") as marks:
        try:
            fcntl.flock(marks, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            (run.folder / f"twice.{os.getpid()}").touch()
        print("begin", os.getpid(), file=marks, flush=True)
        for step in range(1, 4):
            time.sleep(0.003)
            run.report(step, loss=float(step))
        print("end", os.getpid(), file=marks, flush=True)
    return float(run.seed)
"""
SPACE = """
study: contended
function: train.py:train
axes:
  x: {{kind: choice, values: {values}}}
tasks: {{line: {{low: 0, high: 1000}}}}
seeds: 100
steps: 3
score: {{metric: value}}
limits: {{deaths: 1000}}
figures: []
"""
RUNS_A_MINUTE = 24_000
"""More than two cores manage."""


def main(minutes: str = "10", workers: str = "8") -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "train.py").write_text(TRAIN)
        count = max(1, int(float(minutes) * RUNS_A_MINUTE / 100))
        (root / "space.yaml").write_text(SPACE.format(values=list(range(count))))
        words = ["run", str(root / "space.yaml"), f"root={root}", f"workers={workers}"]
        process = subprocess.Popen(
            [sys.executable, "-m", "sweeper", *words], stdout=subprocess.DEVNULL
        )
        while not (root / "contended" / "plans" / "0").exists():
            time.sleep(0.1)
        study = Study.open(root / "contended")
        kills = disturb(study, process, 60 * float(minutes))
        process.terminate()
        process.wait()
        report(study, kills, minutes, workers)


def disturb(study: Study, process: subprocess.Popen[bytes], seconds: float) -> int:
    """Kills a worker every few seconds; returns how many."""
    ledger_state, rng, kills = study.ledger_state(reports=False), random.Random(0), 0
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and process.poll() is None:
        time.sleep(rng.expovariate(1 / 5))
        ledger_state.refresh()
        alive = sorted(
            worker.header.pid or 0
            for worker in ledger_state.workers.values()
            if not worker.closed and exists(worker.header)
        )
        if alive:
            os.kill(rng.choice(alive), signal.SIGKILL)
            kills += 1
    return kills


def report(study: Study, kills: int, minutes: str, workers: str) -> None:
    """Counts what the runs' own files say."""
    begun = done = again = 0
    for marks in study.paths.runs.glob("*/marks"):
        text = marks.read_text()
        begun += text.count("begin")
        done += text.count("end")
        again += text.count("end") > 1
    twice = len(list(study.paths.runs.glob("*/twice.*")))
    records = study.ledger_state(reports=False).runs.values()
    ended = sum(record.state == "complete" for record in records)
    met = sum(record.attempts > 1 for record in records)
    print("| date | minutes | workers | kills | runs ended | attempts begun | taken over", end=" ")
    print(
        "| run to their end twice | with two live workers |\n|---|---|---|---|---|---|---|---|---|"
    )
    print(
        f"| {date.today()} | {minutes} | {workers} | {kills} | {ended} | {begun} | {met} "
        f"| {again} | {twice} |"
    )
    assert done >= ended, "a run ended that no function says to have done"


if __name__ == "__main__":
    main(**dict(word.split("=", 1) for word in sys.argv[1:]))
