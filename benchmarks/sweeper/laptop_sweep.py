"""The shipped sweep at laptop scale: how long it takes, and whether the step size matters.

    python -m benchmarks.sweeper.laptop_sweep [root=FOLDER]

With `root=` a finished study there is used instead of a new one. Prints a row for
docs/measured/learning.md: wall time with start and figures, and the difference in IQM between the
best and the worst η with its 95 % bootstrap interval, runs paired by ε, normalised layers and seed.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

import numpy as np

from sweeper import score, stats
from sweeper.results import frames
from sweeper.study import studies

SPACE = Path(__file__).parents[2] / "spaces" / "minatar_adam_sn.yaml"
NAME = "minatar_adam_sn"


def main(root: str = "") -> None:
    """Runs the sweep where it has to, and prints the row."""
    with tempfile.TemporaryDirectory() as folder:
        start = time.monotonic()
        if not root:
            words = ["run", str(SPACE), f"root={folder}"]
            subprocess.run([sys.executable, "-m", "sweeper", *words], check=True)
        minutes = (time.monotonic() - start) / 60
        made = studies.find(NAME, Path(root or folder))
        runs = frames.runs(made, made.ledger_state())
        scores = {
            lr: np.asarray(group["score"], float)
            for lr, group in runs.groupby("optimizer.lr", observed=True)
        }
        ranked = sorted(scores, key=lambda lr: score.iqm(scores[lr]))
        best, worst = scores[ranked[-1]], scores[ranked[0]]
        found = stats.difference(best[:, None], worst[:, None], "iqm", np.random.default_rng(0))
        print("| date | cores | runs | minutes | best η | worst η | difference (95 % interval) |")
        print("|---|---|---|---|---|---|---|")
        print(
            f"| {date.today()} | {os.cpu_count()} | {len(runs)} | {minutes:.1f} | {ranked[-1]:g} | "
            f"{ranked[0]:g} | {found.point:.3f} ({found.low:.3f} to {found.high:.3f}) |"
        )


if __name__ == "__main__":
    main(**dict(word.split("=", 1) for word in sys.argv[1:]))
