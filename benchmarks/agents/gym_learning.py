"""What agents learn on environments of Gymnasium's registry, one of our own among them.

    python -m benchmarks.agents.gym_learning [seeds=3] [task=CartPole]

One pack of `seeds` members a task, ten evaluations of ten episodes. Prints the table that
docs/measured/learning.md quotes; the last column is what counts as solved, or the best there is.
"""

from __future__ import annotations

import sys
import time
from datetime import date
from types import SimpleNamespace
from typing import Any

from agents import lookup
from benchmarks.agents.learning import played

_Q = {"network.units": 128, "network.layers": 2, "batch_size": 64, "optimizer.eps": 1e-8}
CASES: list[tuple[str, str, int, dict[str, Any], str]] = [
    (
        "dqn",
        "gym/CartPole-v1",
        30_000,
        {
            **_Q,
            "loss": "huber",
            "optimizer.lr": 5e-4,
            "optimizer.schedule.kind": "linear",
            "warmup_steps": 1_000,
            "epsilon.decay_until": 8_000,
            "epsilon.final": 0.04,
            "update_every": 2,
            "target.every": 500,
        },
        "475 (of 500)",
    ),
    (
        "dqn",
        "gym/LunarLander-v3",
        80_000,
        {
            **_Q,
            "optimizer.lr": 6.3e-4,
            "optimizer.schedule.kind": "linear",
            "warmup_steps": 1_000,
            "epsilon.decay_until": 20_000,
            "epsilon.final": 0.05,
            "update_every": 2,
            "target.every": 500,
        },
        "200",
    ),
    (
        "sac",
        "gym/Pendulum-v1",
        10_000,
        {
            "actor.units": 64,
            "critic.units": 64,
            "actor.lr": 1e-3,
            "critic.lr": 1e-3,
            "entropy.target": -1.0,
            "warmup_steps": 500,
        },
        "about -150",
    ),
    (
        "dqn",
        "gym/benchmarks.agents.corridor:Corridor-v0",
        10_000,
        {
            **_Q,
            "network.units": 32,
            "optimizer.lr": 1e-3,
            "warmup_steps": 500,
            "epsilon.decay_until": 5_000,
            "update_every": 1,
            "target.every": 200,
        },
        "about 0.7",
    ),
]
"""Agent, task, steps, parameters, and what counts as solved."""


def main(seeds: str = "3", task: str = "") -> None:
    """Trains and prints the table."""
    print(f"{date.today()}, {seeds} seeds\n")
    print(
        "| agent | task | steps | last evaluations | mean | best evaluations | solved | minutes |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for case in CASES:
        if task in case[1]:
            print(_row(int(seeds), *case), flush=True)


def _row(seeds: int, agent: str, task: str, steps: int, given: dict[str, Any], solved: str) -> str:
    learner = lookup.find("learners", agent)
    schedule = SimpleNamespace(every=steps // 10, episodes=10, steps=None, cap=2000)
    params = learner.complete(given)
    learner.check(params, task)
    runs = [
        SimpleNamespace(params=params, task=task, seed=seed, steps=steps, evaluation=schedule)
        for seed in range(seeds)
    ]
    start = time.monotonic()
    evaluated, _ = played(learner.start(runs, [None] * seeds, "cpu"))
    minutes = (time.monotonic() - start) / 60
    last = [curve[-1] for curve in evaluated]
    cells = [
        agent,
        task,
        f"{steps:,}",
        ", ".join(f"{value:.2f}" for value in last),
        f"{sum(last) / seeds:.2f}",
        ", ".join(f"{max(curve):.2f}" for curve in evaluated),
        solved,
        f"{minutes:.1f}",
    ]
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    main(**dict(word.split("=", 1) for word in sys.argv[1:]))
