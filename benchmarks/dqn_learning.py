"""What DQN learns on a MinAtar game with the schedules of the published sweeps, net 16/128.

    python benchmarks/dqn_learning.py [game=breakout] [steps=400000] [seeds=3]

One pack of `seeds` members on one core. Prints, by seed, the mean return of the last 100 training
episodes and the best of ten evaluations of 20 episodes: the floor that the README quotes, and the
`high` of a task.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from agents.learners.dqn import Learner


@dataclass(frozen=True)
class Evaluation:
    """Twenty episodes at every tenth of the run."""

    every: int
    episodes: int | None = 20
    steps: int | None = None
    cap: int = 5000


@dataclass(frozen=True)
class Run:
    """A run with default parameters."""

    id: str
    task: str
    seed: int
    steps: int
    evaluation: Evaluation
    params: dict[str, Any] = field(default_factory=lambda: Learner.complete({}))


def main(game: str = "breakout", steps: str = "400000", seeds: str = "3") -> None:
    """Trains and prints the table."""
    length, task = int(float(steps)), f"minatar/{game}"
    runs = [
        Run(str(seed), task, seed, length, Evaluation(length // 10)) for seed in range(int(seeds))
    ]
    start = time.monotonic()
    pack = Learner.start(runs, [None] * len(runs), "cpu")
    training: dict[int, float] = {}
    best = dict.fromkeys(range(len(runs)), float("-inf"))
    while len(training) < len(runs):
        for report in pack.advance():
            best[report.member] = max(best[report.member], report.metrics["return"])
            if report.done:
                training[report.member] = report.metrics["train_return"]
    rate = len(runs) * length / (time.monotonic() - start)
    print(f"{date.today()}, {task}, {length:,} steps, {rate:,.0f} steps/s with evaluation\n")
    print("| seed | last 100 training episodes | best evaluation |")
    print("|---|---|---|")
    for seed in range(len(runs)):
        print(f"| {seed} | {training[seed]:.2f} | {best[seed]:.2f} |")
    print(f"| mean | {sum(training.values()) / len(runs):.2f} | {max(best.values()):.2f} (max) |")


if __name__ == "__main__":
    main(**dict(word.split("=", 1) for word in sys.argv[1:]))
