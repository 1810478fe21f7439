"""What each diagnostic costs, beside an update and beside training.

    python -m benchmarks.agents.diagnostics [rounds]

TD3 (actor and two critics of 256 x 256, batches of 256, an update a step) on 20-dimensional
navigation, and DQN (one convolution of 16, 128 hidden units, batches of 32, an update every fourth
step) on Breakout, one member each, on one thread. A measurement is of 2,048 transitions. What
watches evaluations is measured over one of ten episodes of 1,000 steps. Times are of the processor,
medians over rounds.
"""

from __future__ import annotations

import platform
import statistics
import sys
import time
from collections.abc import Callable
from datetime import date
from importlib.metadata import version
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch

from agents import lookup
from agents.diagnostics.base import Diagnostics, EvaluationDiagnostic, Sample
from benchmarks.agents.dqn import cpu

EVERY, EPISODES, LENGTH, WARMUP = 10_000, 10, 1_000, 4_000
CASES = {"td3": ("navigation/20", 1), "dqn": ("minatar/breakout", 4)}
"""Task, and steps an update."""


def started(name: str) -> Any:
    """A pack of one that has learnt for a while."""
    learner, task = lookup.find("learners", name), CASES[name][0]
    given = {"warmup_steps": WARMUP, "epsilon.decay_until": WARMUP, "sn.layers": (-2,)}
    params = learner.complete({n: v for n, v in given.items() if n in learner.parameters})
    schedule = SimpleNamespace(every=10**9, episodes=1, steps=None, cap=1)
    run = SimpleNamespace(params=params, task=task, seed=0, steps=10**6, evaluation=schedule)
    pack = learner.start([run], [None], "cpu")
    pack.train(WARMUP + 200)
    return pack


def diagnosing(pack: Any, name: str) -> Callable[[], None]:
    """One measurement, by the diagnostic alone."""
    run = pack.runs[0]
    asked = run.params | {"diagnostics": (name,)}
    made = Diagnostics(pack.learner, [SimpleNamespace(params=asked, seed=run.seed)])
    if made.watching:
        return lambda: watch(made.watching[0], pack)
    return lambda: (made.measure(pack.replay, pack.step), None)[1]


def watch(diagnostic: EvaluationDiagnostic, pack: Any) -> None:
    """An evaluation, but for its playing."""
    observations = np.repeat(pack.episodes.observations, EPISODES, axis=1)
    draws = np.zeros((1, 2 * EPISODES), dtype=np.int64)
    diagnostic.begin(observations, pack.learner.evaluate(observations, draws))
    rewards, no = np.ones((1, EPISODES)), np.zeros((1, EPISODES), dtype=bool)
    for _ in range(LENGTH):
        diagnostic.record(rewards, no, no)
    diagnostic.found()


def timed_ms(work: Callable[[], Any], rounds: int) -> float:
    """Milliseconds of processor time, the median."""
    times = []
    for _ in range(rounds):
        begin = time.process_time()
        work()
        times.append((time.process_time() - begin) * 1e3)
    return statistics.median(times)


def measured(name: str, rounds: int) -> tuple[float, float, dict[str, float]]:
    """Milliseconds of an update, of a step of training, and of each diagnostic."""
    pack, steps = started(name), CASES[name][1]
    batch = Sample(pack.replay, [0], pack.step)(pack.runs[0].params["batch_size"])
    update = timed_ms(lambda: [pack.learner.update_from(batch, 0) for _ in range(50)], rounds) / 50
    step = timed_ms(lambda: pack.train(pack.step + 100 * steps), rounds) / (100 * steps)
    works = {d: diagnosing(pack, d) for d in lookup.names("diagnostics")}
    return update, step, {d: timed_ms(work, rounds) for d, work in works.items()}


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 9
    torch.set_num_threads(1)
    found = {name: measured(name, rounds) for name in CASES}
    print(f"{date.today()}, {cpu()}, one thread, Python {platform.python_version()}, ", end="")
    print(f"torch {version('torch')}\n\n    python -m benchmarks.agents.diagnostics {rounds}\n")
    heads = [f"{n.upper()}, ms | × update | % at every={EVERY:,}" for n in found]
    print("| | " + " | ".join(heads) + " |\n|---|" + "---|" * 3 * len(found))
    for diagnostic in [*lookup.names("diagnostics"), "all"]:
        row = [f"`{diagnostic}`" if diagnostic != "all" else "all"]
        for update, step, costs in found.values():
            cost = sum(costs.values()) if diagnostic == "all" else costs[diagnostic]
            row += [f"{cost:.1f}", f"{cost / update:.1f}", f"{100 * cost / (EVERY * step):.2f}"]
        print("| " + " | ".join(row) + " |")
    parts = [f"{n} {update:.2f} ms and {step:.2f} ms" for n, (update, step, _) in found.items()]
    print(f"\nAn update and a step of training take: {'; '.join(parts)}.")


if __name__ == "__main__":
    main()
