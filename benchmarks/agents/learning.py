"""What an agent learns on a task with its defaults, or with other parameters.

    python -m benchmarks.agents.learning agent=dqn task=minatar/breakout steps=400000 seeds=3
    python -m benchmarks.agents.learning agent=td3 task=mujoco/Hopper-v4 steps=50000 seeds=3
        [key=value ...]

One pack of `seeds` members on one core, ten evaluations of `episodes` (20). Prints, by seed, the
mean return of the last 100 training episodes, of the last evaluation, and of the best one: the
floors that docs/measured/learning.md quotes, and the `high` of a task.
"""

from __future__ import annotations

import sys
import time
from datetime import date
from types import SimpleNamespace
from typing import Any

import yaml

from agents import lookup


def main(agent: str, task: str, steps: str, seeds: str = "3", **given: str) -> None:
    """Trains and prints the table."""
    learner, length = lookup.find("learners", agent), int(float(steps))
    episodes, cap = int(given.pop("episodes", "20")), int(given.pop("cap", "5000"))
    schedule = SimpleNamespace(every=length // 10, episodes=episodes, steps=None, cap=cap)
    params = learner.complete({name: yaml.safe_load(text) for name, text in given.items()})
    learner.check(params, task)
    runs = [
        SimpleNamespace(params=params, task=task, seed=seed, steps=length, evaluation=schedule)
        for seed in range(int(seeds))
    ]
    start = time.monotonic()
    evaluated, training = played(learner.start(runs, [None] * len(runs), "cpu"))
    rate = len(runs) * length / (time.monotonic() - start)
    print(f"{date.today()}, {agent} on {task}, {length:,} steps, {rate:,.0f} steps/s in all\n")
    print("| seed | last 100 training episodes | last evaluation | best evaluation |")
    print("|---|---|---|---|")
    rows = [(training[s], evaluated[s][-1], max(evaluated[s])) for s in range(len(runs))]
    for seed, row in enumerate(rows):
        print(f"| {seed} | " + " | ".join(f"{number:.2f}" for number in row) + " |")
    means = [sum(column) / len(rows) for column in zip(*rows, strict=True)]
    print("| mean | " + " | ".join(f"{number:.2f}" for number in means) + " |")


def played(pack: Any) -> tuple[list[list[float]], dict[int, float]]:
    """All evaluations of every member in turn, and its training episodes' mean at the end."""
    evaluated: list[list[float]] = [[] for _ in pack.members]
    training: dict[int, float] = {}
    while len(training) < len(evaluated):
        for report in pack.advance():
            evaluated[report.member].append(report.metrics["return"])
            if report.done:
                training[report.member] = report.metrics["train_return"]
    return evaluated, training


if __name__ == "__main__":
    main(**dict(word.split("=", 1) for word in sys.argv[1:]))
