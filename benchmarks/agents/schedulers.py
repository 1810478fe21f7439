"""What an update costs with each scheduler of spectral radii, beside a normalised one.

    python -m benchmarks.agents.schedulers [rounds]

DQN on Breakout, batches of 32, on one thread, in packs of 1 and 4, with one convolution of 16 and
with three of 24, both before 128 hidden units; watched are the last hidden layer, or it and the
last convolution. All take turns; a time is the processor's for an update, the median over rounds.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from datetime import date
from importlib.metadata import version
from types import SimpleNamespace
from typing import Any

import torch

from agents.learners.dqn import Learner
from benchmarks.agents.dqn import cpu

METHODS: dict[str, dict[str, Any]] = {
    "none": {},
    "SN": {"sn.use": "project"},
    "SN, biases scaled": {"sn.scheduler": "bias_scaling"},
    "DIVOUT": {"sn.scheduler": "divout"},
    "DIVGRAD": {"sn.scheduler": "divgrad"},
    "DIVGRAD, own radii": {"sn.scheduler": "divgrad", "sn.scope": "own"},
    "MULEPS": {"sn.scheduler": "muleps"},
    "step sizes by layer": {"sn.scheduler": "div_lr"},
    "watched only": {"sn.use": "watch"},
}
CASES = {"16/128, [-2]": ((16,), (-2,)), "24,24,24/128, [-2, -3]": ((24, 24, 24), (-2, -3))}
UPDATES, WARMUP = 100, 1_000


def updating(method: str, case: str, members: int) -> Callable[[], None]:
    """Some updates of a pack that has learnt for a while."""
    convs, layers = CASES[case]
    given = {"warmup_steps": WARMUP, "epsilon.decay_until": WARMUP, "network.convs": convs}
    given |= METHODS[method] | ({} if method == "none" else {"sn.layers": layers})
    schedule = SimpleNamespace(every=10**9, episodes=1, steps=None, cap=1)
    runs = [
        SimpleNamespace(
            params=Learner.complete(given),
            task="minatar/breakout",
            seed=seed,
            steps=10**6,
            evaluation=schedule,
        )
        for seed in range(members)
    ]
    pack = Learner.start(runs, [None] * members, "cpu")
    pack.train(WARMUP + 100)
    learner = pack.learner
    assert isinstance(learner, Learner)
    batch = pack.replay.sample(learner._batches.at(0))

    def update() -> None:
        for _ in range(UPDATES):
            learner.update(batch)

    return update


def main(rounds: int = 7) -> None:
    """Prints a table of microseconds an update, and of each beside that with SN."""
    print(f"{date.today()}, {cpu()}, torch {version('torch')}")
    torch.set_num_threads(1)
    for case in CASES:
        for members in (1, 4):
            made = {method: updating(method, case, members) for method in METHODS}
            found: dict[str, list[float]] = {method: [] for method in METHODS}
            for _ in range(rounds):
                for method, update in made.items():
                    begin = time.process_time()
                    update()
                    found[method].append(1e6 * (time.process_time() - begin) / UPDATES)
            medians = {method: statistics.median(times) for method, times in found.items()}
            print(f"\n{case}, pack of {members}\n")
            print("| method | µs an update | beside SN |\n|---|---|---|")
            for method, median in medians.items():
                print(f"| {method} | {median:.0f} | {median / medians['SN']:.2f} |")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
