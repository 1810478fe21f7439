"""What each diagnostic costs, beside an update and beside training.

    python -m benchmarks.agents.diagnostics [rounds]

TD3 (actor and two critics of 256 x 256, batches of 256, an update a step) on 20-dimensional
navigation, and DQN (one convolution of 16, 128 hidden units, batches of 32, an update every fourth
step) on Breakout, one member each, on one thread. A measurement is of 2,048 transitions. What
watches evaluations is measured over one of ten episodes of 1,000 steps. What measures every update
is told beside updates of 1 and of 4 members, timed with and without it in turn. Times are of the
processor, medians over rounds.
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
from agents.diagnostics.base import Diagnostics, EvaluationDiagnostic, Sample, UpdateDiagnostic
from benchmarks.agents.dqn import cpu

EVERY, EPISODES, LENGTH, WARMUP = 10_000, 10, 1_000, 4_000
CASES = {"td3": ("navigation/20", 1), "dqn": ("minatar/breakout", 4)}
"""Task, and steps an update."""


def started(name: str, members: int = 1) -> Any:
    """A pack that has learnt for a while."""
    learner, task = lookup.find("learners", name), CASES[name][0]
    given = {"warmup_steps": WARMUP, "epsilon.decay_until": WARMUP, "sn.layers": (-2,)}
    params = learner.complete({n: v for n, v in given.items() if n in learner.parameters})
    schedule = SimpleNamespace(every=10**9, episodes=1, steps=None, cap=1)
    told = {"params": params, "task": task, "steps": 10**6, "evaluation": schedule}
    runs = [SimpleNamespace(**told, seed=seed) for seed in range(members)]
    pack = learner.start(runs, [None] * members, "cpu")
    pack.train(WARMUP + 200)
    return pack


def diagnosing(pack: Any, name: str) -> Callable[[], None]:
    """One measurement, by the diagnostic alone."""
    run = pack.runs[0]
    asked = run.params | {"diagnostics": (name,)}
    made = Diagnostics(pack.learner, [SimpleNamespace(**{**vars(run), "params": asked})])
    if made.watching:
        return lambda: watch(made.watching[0], pack)
    return lambda: (made.measure(pack.replay, pack.step), None)[1]


def watch(diagnostic: EvaluationDiagnostic, pack: Any) -> None:
    """An evaluation, but for its playing."""
    observations = np.repeat(pack.episodes.observations, EPISODES, axis=1)
    draws = np.zeros((1, 2 * EPISODES), dtype=np.int64)
    actions = pack.learner.evaluate(observations, draws)
    diagnostic.begin(observations, actions)
    rewards, no = np.ones((1, EPISODES)), np.zeros((1, EPISODES), dtype=bool)
    for _ in range(LENGTH):
        diagnostic.see(observations, actions, ~no)
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
    batch = Sample(pack.learner, pack.replay, [0], pack.step)(pack.runs[0].params["batch_size"])
    update = timed_ms(lambda: [pack.learner.update_from(batch, 0) for _ in range(50)], rounds) / 50
    step = timed_ms(lambda: pack.train(pack.step + 100 * steps), rounds) / (100 * steps)
    works = {d: diagnosing(pack, d) for d in names(updating=False)}
    return update, step, {d: timed_ms(work, rounds) for d, work in works.items()}


def names(*, updating: bool) -> list[str]:
    """The diagnostics that measure every update, or the others."""
    every = lookup.names("diagnostics")
    found = [(one, lookup.find("diagnostics", one)) for one in every]
    return [one for one, kind in found if issubclass(kind, UpdateDiagnostic) == updating]


def measured_updates(name: str, members: int, rounds: int) -> tuple[float, dict[str, float]]:
    """Milliseconds of an update of so many members, and what each diagnostic adds."""
    pack = started(name, members)
    seeds = [run.seed for run in pack.runs]
    batch = Sample(pack.learner, pack.replay, seeds, pack.step)(pack.runs[0].params["batch_size"])
    kinds = {one: lookup.find("diagnostics", one) for one in names(updating=True)}
    watchers = {one: (kind(pack.learner, pack.runs),) for one, kind in kinds.items()}
    times: dict[str, list[float]] = {one: [] for one in ("", *watchers)}
    for _ in range(5 * rounds):
        for one, spent in times.items():
            pack.learner.watching_updates = watchers.get(one, ())
            spent.append(
                timed_ms(lambda: [pack.learner.update_from(batch, 0) for _ in range(20)], 1)
            )
    plain, *others = (statistics.median(spent) / 20 for spent in times.values())
    return plain, {one: with_it - plain for one, with_it in zip(watchers, others, strict=True)}


def print_updates(rounds: int) -> None:
    """Prints what diagnostics of updates add to them, by agent and members."""
    cases = {f"{name.upper()}, {count}": (name, count) for name in CASES for count in (1, 4)}
    found = {title: measured_updates(*case, rounds) for title, case in cases.items()}
    print("\n| members | " + " | ".join(f"{title}: ms | %" for title in found) + " |")
    print("|---|" + "---|" * 2 * len(found))
    print("| an update | " + " | ".join(f"{plain:.2f} | " for plain, _ in found.values()) + " |")
    for one in names(updating=True):
        added = [f"{costs[one]:.3f} | {100 * costs[one] / ms:.1f}" for ms, costs in found.values()]
        print(f"| `{one}` | " + " | ".join(added) + " |")


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 9
    torch.set_num_threads(1)
    found = {name: measured(name, rounds) for name in CASES}
    print(f"{date.today()}, {cpu()}, one thread, Python {platform.python_version()}, ", end="")
    print(f"torch {version('torch')}\n\n    python -m benchmarks.agents.diagnostics {rounds}\n")
    heads = [f"{n.upper()}, ms | × update | % at every={EVERY:,}" for n in found]
    print("| | " + " | ".join(heads) + " |\n|---|" + "---|" * 3 * len(found))
    for diagnostic in [*names(updating=False), "all"]:
        row = [f"`{diagnostic}`" if diagnostic != "all" else "all"]
        for update, step, costs in found.values():
            cost = sum(costs.values()) if diagnostic == "all" else costs[diagnostic]
            row += [f"{cost:.1f}", f"{cost / update:.1f}", f"{100 * cost / (EVERY * step):.2f}"]
        print("| " + " | ".join(row) + " |")
    parts = [f"{n} {update:.2f} ms and {step:.2f} ms" for n, (update, step, _) in found.items()]
    print(f"\nAn update and a step of training take: {'; '.join(parts)}.")
    print_updates(rounds)


if __name__ == "__main__":
    main()
