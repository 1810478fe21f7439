"""How long `sweeper report` takes for a study of many trials, on one core, and how large it is.

    python -m benchmarks.sweeper.report [trials=20000] [root=FOLDER]

Nobody trained the study: its ledger holds the lines that a worker writes, five seeds a trial and
four reports a run; a run in fifty failed with a traceback. Its heat map, sensitivity and learning
curves are drawn, too. Prints the table for docs/measured/large_studies.md.
"""

from __future__ import annotations

import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from sweeper.ledger.writer import Writer
from sweeper.planning.loading import load
from sweeper.planning.plan import Run
from sweeper.study import studies
from sweeper.study.study import Study

SPACE = """
study: many
function: train.py:train
axes:
  optimizer.lr: {{kind: float, low: 1e-5, high: 1e-1, log: true, count: {count}}}
  optimizer.eps: {{kind: float, low: 1e-8, high: 1e-2, log: true, count: 10}}
  network.units: {{kind: int, low: 32, high: 512, log: true, count: 20}}
  sn.layers: {{kind: choice, values: [none, "sn[-2]", "sn[-3]", "sn[-2,-3]", "sn[-2,-3,-4]"]}}
tasks: {{line: {{low: 0, high: 2}}}}
seeds: 5
steps: 400
score: {{metric: return}}
figures:
  - heatmap: {{x: optimizer.lr, y: optimizer.eps, facet: sn.layers}}
  - sensitivity: {{x: network.units, hue: sn.layers}}
  - curves: {{hue: sn.layers}}
"""
CELLS = 10 * 20 * 5
TRACE = "Traceback (most recent call last):\n" + '  File "train.py", line 1, in train\n' * 20


def make(root: Path, trials: int) -> Study:
    """A study of `trials` trials, all of whose runs have ended."""
    (root / "train.py").write_text("def train(config, run):\n    return 0.0\n")
    (root / "many.yaml").write_text(SPACE.format(count=trials // CELLS))
    return filled(studies.start(root / "studies/many", load(root / "many.yaml")))


def filled(made: Study) -> Study:
    """The study, all of whose runs have ended, as its ledger says."""
    header = {"host": platform.node(), "boot": "", "pid": os.getpid(), "job": None, "code": {}}
    ledger = Writer(made.paths.ledger, "writer-1-000000", header)
    draw = np.random.default_rng(0)
    for run in made.plan.runs:
        ledger.write(list(_lines(run, draw)))
    ledger.close()
    return made


def _lines(run: Run, draw: np.random.Generator) -> Iterator[dict[str, Any]]:
    """What a worker writes of a run that ends at its first attempt."""
    about = {"run": run.id, "gen": 0, "att": 0}
    claim = {"worker": "writer-1-000000", "supersedes": None, "step": 0, "file": None}
    yield {"kind": "claim", **about, "seq": 0, **claim, "time": 1000.0}
    height = 1 + np.log10(run.params["optimizer.lr"]) / 5 + draw.normal() / 10
    points = [float(height * (1 - np.exp(-k)) + draw.normal() / 20) for k in range(1, 5)]
    for k, value in enumerate(points, 1):
        yield {"kind": "report", **about, "seq": k, "step": 100 * k, "metrics": {"return": value}}
    ends: dict[str, Any] = {"state": "complete", "value": points[-1], "score": points[-1] / 2}
    if draw.random() < 0.02:
        error = f"{TRACE}ValueError: {draw.integers(5)} is bad luck"
        ends = {"state": "failed", "value": None, "score": None, "error": error}
    yield {"kind": "end", **about, "seq": 5, "step": 400, **ends, "time": 1001.0}


def taken(*words: str) -> tuple[float, float]:
    """Seconds of CPU and of wall time that a command of sweeper takes."""
    before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": os.getcwd()}
    command = [sys.executable, "-m", "sweeper", *words]
    subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return cpu, time.monotonic() - begin


def main(words: list[str]) -> None:
    given = dict(word.split("=", 1) for word in words)
    trials = int(given.get("trials", 20_000))
    with tempfile.TemporaryDirectory() as folder:
        root = Path(given.get("root", folder))
        root.mkdir(exist_ok=True)
        made = make(root, trials)
        print(f"\n({date.today()}, {platform.machine()}, Python {platform.python_version()})\n")
        print("| trials | runs | ledger | CPU seconds | wall seconds | report.html, MB |")
        print("|---|---|---|---|---|---|", flush=True)
        for kind in ("cold", "with a snapshot"):
            cpu, wall = taken("report", "study=many", f"root={root / 'studies'}")
            size = made.paths.report.stat().st_size / 1e6
            counts = f"{len(made.plan.trials):,} | {made.plan.total:,}"
            print(f"| {counts} | {kind} | {cpu:.1f} | {wall:.1f} | {size:.1f} |", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
