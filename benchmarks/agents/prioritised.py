"""What prioritised replay costs beside two public implementations, and in an update.

    pip install --target=FOLDER --no-deps cpprb tianshou numba llvmlite
    PYTHONPATH=$PWD:FOLDER python -m benchmarks.agents.prioritised [rounds] [entries]

Batches of 256 out of a full buffer. An update draws a batch, by priority and with weights, tells
256 errors and takes one new transition in. Of tianshou the sum tree (numba) is used as its buffer
uses it, without the buffer, whose batches take longer; of cpprb (C++) the whole buffer, with one
number a transition. They have no member axis: eight members are eight of them. All run in this
process on one thread, in turns; a number is the processor's time, the median over rounds, and ours
is also told as the median over rounds of its ratio to the other's in the same round. The second
table sets whole updates with and without priorities beside each other.
"""

from __future__ import annotations

import importlib.util
import platform
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch

from agents import lookup
from agents.replay.prioritised import PARAMETERS, Priorities
from benchmarks.agents.dqn import cpu

BATCH, TIMES, ALPHA, BETA = 256, 50, 0.6, 0.4
Parts = Mapping[str, Callable[[], Any]]
"""What is timed: `sample`, and `update`, which is all that one needs."""


def errors(members: int) -> Callable[[], np.ndarray]:
    """Gives errors [P, B], other ones each time."""
    made = np.random.default_rng(0).exponential(size=(64, members, BATCH)).astype(np.float32)
    calls = iter(range(10**12))
    return lambda: made[next(calls) % 64]


def ours(entries: int, members: int) -> Parts:
    """The priorities of a pack."""
    params = {name: known.default for name, known in PARAMETERS.items()}
    priorities = Priorities([params] * members, entries + 1)
    places, of_all = np.arange(entries)[None].repeat(members, 0), np.random.default_rng(0)
    priorities.follow(0, entries)
    priorities.update(places, of_all.exponential(size=(members, entries)))
    draws = of_all.integers(0, 2**32, (64, members, BATCH))
    found, step = errors(members), [0]

    def sample() -> tuple[np.ndarray, np.ndarray]:
        step[0] += 1
        priorities.follow(step[0], entries + step[0])
        return priorities.draw(draws[step[0] % 64], 0.0)

    return {"sample": sample, "update": lambda: priorities.update(sample()[0], found())}


def tianshou(entries: int, members: int) -> Parts:
    """Its SegmentTree, drawn from and told errors as by its PrioritizedReplayBuffer."""
    place = importlib.util.find_spec("tianshou")
    assert place is not None and place.submodule_search_locations is not None
    file = f"{place.submodule_search_locations[0]}/data/utils/segtree.py"
    spec = importlib.util.spec_from_file_location("segtree", file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    rng = np.random.default_rng(0)
    trees = [module.SegmentTree(entries) for _ in range(members)]
    for tree in trees:
        tree[np.arange(entries)] = rng.exponential(size=entries) ** ALPHA
    found, step, ends = errors(members), [0], [[1.0, 1.0] for _ in trees]

    def drawn(tree: Any, end: Sequence[float]) -> Any:
        places = tree.get_prefix_sum_idx(np.random.rand(BATCH) * tree.reduce())
        weights = (tree[places] / end[0]) ** -BETA
        return places, weights / np.max(weights)

    def update() -> None:
        step[0] += 1
        for tree, own, end in zip(trees, found(), ends, strict=True):
            tree[step[0] % entries] = end[1] ** ALPHA
            places, _ = drawn(tree, end)
            priorities = np.abs(own) + 1e-7
            tree[places] = priorities**ALPHA
            end[:] = min(end[0], priorities.min()), max(end[1], priorities.max())

    def sample() -> None:
        for tree, end in zip(trees, ends, strict=True):
            drawn(tree, end)

    return {"sample": sample, "update": update}


def cpprb(entries: int, members: int) -> Parts:
    """Its PrioritizedReplayBuffer with one number a transition."""
    import cpprb as package

    options = {"alpha": ALPHA, "check_for_update": False}
    made = [package.PrioritizedReplayBuffer(entries, {"x": {}}, **options) for _ in range(members)]
    rng, found = np.random.default_rng(0), errors(members)
    for buffer in made:
        for _ in range(0, entries, 10_000):
            buffer.add(x=np.zeros((10_000, 1), np.float32))
        for _ in range(entries // 256):
            buffer.update_priorities(rng.integers(0, entries, 256), rng.exponential(size=256))

    def sample() -> None:
        for buffer in made:
            buffer.sample(BATCH, beta=BETA)

    def update() -> None:
        for buffer, own in zip(made, found(), strict=True):
            buffer.add(x=0.0)
            places = buffer.sample(BATCH, beta=BETA)["indexes"]
            buffer.update_priorities(places, own)

    return {"sample": sample, "update": update}


def timed(parts: Parts, name: str) -> float:
    """Microseconds of one call."""
    begin = time.process_time()
    for _ in range(TIMES):
        parts[name]()
    return 1e6 * (time.process_time() - begin) / TIMES


def of_the_tree(rounds: int, entries: int) -> None:
    """Prints microseconds of sampling and of all that an update needs."""
    beside = {"tianshou": tianshou, "cpprb": cpprb}
    there = {n: make for n, make in beside.items() if importlib.util.find_spec(n) is not None}
    for name in beside.keys() - there.keys():
        print(f"{name} is not there, and left out")
    print(f"\n| {entries:,} entries, µs | sample | update | ours beside it |\n|---|---|---|---|")
    for members in (1, 8):
        made = {"sweeper": ours(entries, members)}
        made |= {name: make(entries, members) for name, make in there.items()}
        found: dict[tuple[str, str], list[float]] = {}
        for _ in range(rounds):
            for what in ("sample", "update"):
                for name, parts in made.items():
                    found.setdefault((name, what), []).append(timed(parts, what))
        for name in made:
            sample, update = (statistics.median(found[name, w]) for w in ("sample", "update"))
            pairs = zip(found["sweeper", "update"], found[name, "update"], strict=True)
            ratio = statistics.median(mine / theirs for mine, theirs in pairs)
            print(
                f"| {name}, P = {members} | {sample:.0f} | {update:.0f} | {ratio:.2f} |", flush=True
            )


def updating(name: str, members: int, sampler: str) -> Callable[[], None]:
    """An update of a pack of agents, its batch drawn from a replay of 100,000."""
    learner = lookup.find("learners", name)
    given = {"warmup_steps": 1_000, "replay.capacity": 100_000, "replay.sampler": sampler}
    given |= {"epsilon.decay_until": 1_000} if name == "dqn" else {}
    task = "minatar/breakout" if name == "dqn" else "navigation/5"
    schedule = SimpleNamespace(every=10**9, episodes=1, steps=None, cap=1)
    params = learner.complete(given)
    runs = [
        SimpleNamespace(params=params, task=task, seed=s, steps=10**6, evaluation=schedule)
        for s in range(members)
    ]
    pack = learner.start(runs, [None] * members, "cpu")
    pack.train(1_100)
    return lambda: pack.learner.learn(pack.replay, 1_100)


def of_updates(rounds: int) -> None:
    """Prints milliseconds of whole updates with each sampler."""
    print("\n| ms an update | uniform | prioritised | more |\n|---|---|---|---|")
    for name in ("dqn", "sac"):
        for members in (1, 8):
            made = {s: updating(name, members, s) for s in ("uniform", "prioritised")}
            found: dict[str, list[float]] = {sampler: [] for sampler in made}
            for _ in range(rounds):
                for sampler, update in made.items():
                    found[sampler].append(timed({"update": update}, "update") / 1_000)
            plain, other = (statistics.median(found[sampler]) for sampler in made)
            pairs = zip(found["prioritised"], found["uniform"], strict=True)
            more = statistics.median(mine - theirs for mine, theirs in pairs) / plain
            row = f"{name.upper()}, P = {members} | {plain:.2f} | {other:.2f} | {100 * more:.0f} %"
            print(f"| {row} |", flush=True)


def main(rounds: int = 15, entries: int = 1_000_000) -> None:
    torch.set_num_threads(1)
    print(f"{date.today()}, {cpu()}, one thread, Python {platform.python_version()}", end="")
    for package in ("numpy", "torch", "tianshou", "numba", "cpprb"):
        try:
            print(f", {package} {version(package)}", end="")
        except PackageNotFoundError:
            continue
    print()
    of_the_tree(rounds, entries)
    of_updates(rounds)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
