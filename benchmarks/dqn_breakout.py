"""What DQN learns on MinAtar's Breakout: spec §4.3, net 16/128, MSE, three seeds as one pack.

    python benchmarks/dqn_breakout.py [steps=400000] [seeds=3] [task=minatar/breakout]

Prints the mean return of the last 100 training episodes, every 50,000 steps and at the end.
"""

from __future__ import annotations

import platform
import statistics
import sys
import time
from datetime import date
from importlib.metadata import version
from types import SimpleNamespace

from agents.learners.dqn import Learner


def main() -> None:
    given = dict(word.split("=", 1) for word in sys.argv[1:])
    steps, seeds = int(given.get("steps", 400_000)), int(given.get("seeds", 3))
    task = given.get("task", "minatar/breakout")
    schedule = SimpleNamespace(every=50_000, episodes=10, steps=None, cap=5_000)
    runs = [
        SimpleNamespace(
            params=Learner.complete({}), task=task, seed=s, steps=steps, evaluation=schedule
        )
        for s in range(seeds)
    ]
    print(f"DQN on {task}, spec §4.3, net 16/128, {date.today()}, Python", end=" ")
    print(f"{platform.python_version()}, torch {version('torch')}, MinAtar {version('MinAtar')}")
    print(f"\n    python benchmarks/dqn_breakout.py {' '.join(sys.argv[1:])}\n")
    print("| step |" + "".join(f" seed {s} |" for s in range(seeds)) + " mean |")
    print("|---|" + "---|" * (seeds + 1))
    pack = Learner.start(runs, [None] * seeds, "cpu")
    begin = time.monotonic()
    while pack.step < steps or pack.is_due():
        reports = pack.advance()
        if reports:
            returns = [report.metrics["train_return"] for report in reports]
            numbers = "".join(f" {r:.1f} |" for r in [*returns, statistics.mean(returns)])
            print(f"| {reports[0].step:,} |{numbers}", flush=True)
    print(f"\n{(time.monotonic() - begin) / 60:.1f} minutes on one thread.")


if __name__ == "__main__":
    main()
