"""What prioritised replay costs beside two public implementations, and in an update.

    pip install --target=FOLDER --no-deps cpprb tianshou numba llvmlite cachebox \\
        sensai-utils deepdiff overrides h5py orderly-set pettingzoo tensorboard
    PYTHONPATH=$PWD:FOLDER python -m benchmarks.agents.prioritised [rounds] [entries]

Batches of 256 out of a full buffer. An update draws a batch, by priority and with weights, tells
256 errors and takes one new transition in. In the first table nothing but places is drawn: of
tianshou the sum tree (numba) is used as its buffer uses it, of cpprb (C++) the buffer, with one
number a transition. They have no member axis: several members are several of them. In the second
table whole batches of HalfCheetah's size are drawn, from whole buffers. All run
in this process on one thread, in turns; a number is the processor's time, the median over rounds,
and ours is also told as the median over rounds of its ratio to the other's in the same round. The
third table sets whole updates with and without priorities beside each other.
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
from agents.replay import prioritised
from agents.replay.prioritised import PARAMETERS, Priorities
from agents.shape import Shape
from benchmarks.agents.dqn import cpu

BATCH, TIMES, ALPHA, BETA = 256, 50, 0.6, 0.4
SEEN, ACTED = 17, 6
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


def our_replay(entries: int) -> Parts:
    """A replay of one member, full."""
    params = {name: known.default for name, known in PARAMETERS.items()}
    shape = Shape((SEEN,), "float32", ACTED, continuous=True)
    asked = [params | {"replay.sampler": "prioritised"}]
    replay, found = prioritised.made(asked, shape, entries, "cpu"), errors(1)
    row, action = np.zeros((1, SEEN), np.float32), np.zeros((1, ACTED), np.float32)
    reward, terminal = np.zeros(1, np.float32), np.zeros(1, bool)
    draws, step = np.random.default_rng(0).integers(0, 2**32, (64, 1, BATCH)), [0]

    def add() -> None:
        replay.add_observations(row)
        replay.add(action, reward, terminal)

    for _ in range(entries + 2):
        add()

    def sample() -> Any:
        step[0] += 1
        return replay.draw(draws[step[0] % 64], 0.0)

    def update() -> None:
        add()
        replay.tell(sample(), torch.from_numpy(found()))

    return {"sample": sample, "update": update}


def tianshou_replay(entries: int) -> Parts:
    """Its PrioritizedReplayBuffer, full."""
    from tianshou.data import Batch, PrioritizedReplayBuffer

    buffer, found = PrioritizedReplayBuffer(entries, ALPHA, BETA), errors(1)
    row, action = np.zeros(SEEN, np.float32), np.zeros(ACTED, np.float32)
    step = {"obs": row, "act": action, "rew": 0.0, "terminated": False, "truncated": False}

    def add() -> None:
        buffer.add(Batch(obs_next=row, info={}, **step))

    for _ in range(entries):
        add()

    def update() -> None:
        add()
        buffer.update_weight(buffer.sample(BATCH)[1], found()[0])

    return {"sample": lambda: buffer.sample(BATCH), "update": update}


def cpprb_replay(entries: int) -> Parts:
    """Its PrioritizedReplayBuffer, full."""
    import cpprb as package

    parts = {"obs": SEEN, "act": ACTED, "rew": 1, "next_obs": SEEN, "done": 1}
    shapes = {name: {"shape": size} for name, size in parts.items()}
    buffer = package.PrioritizedReplayBuffer(entries, shapes, alpha=ALPHA, check_for_update=False)
    buffer.add(**{name: np.zeros((entries, size), np.float32) for name, size in parts.items()})
    one, found = {name: np.zeros(size, np.float32) for name, size in parts.items()}, errors(1)

    def update() -> None:
        buffer.add(**one)
        buffer.update_priorities(buffer.sample(BATCH, beta=BETA)["indexes"], found()[0])

    return {"sample": lambda: buffer.sample(BATCH, beta=BETA), "update": update}


def timed(parts: Parts, name: str) -> float:
    """Microseconds of one call."""
    begin = time.process_time()
    for _ in range(TIMES):
        parts[name]()
    return 1e6 * (time.process_time() - begin) / TIMES


def importable(name: str) -> bool:
    """Whether a package is there and loads."""
    try:
        importlib.import_module(name)
    except ImportError as error:
        print(f"{name} is left out: {error}")
        return False
    return True


def beside(made: Mapping[str, Parts], members: int, rounds: int) -> None:
    """Prints a row for each: microseconds of a sample and of an update, and ours beside it."""
    found: dict[tuple[str, str], list[float]] = {}
    for _ in range(rounds):
        for what in ("sample", "update"):
            for name, parts in made.items():
                found.setdefault((name, what), []).append(timed(parts, what))
    for name in made:
        sample, update = (statistics.median(found[name, w]) for w in ("sample", "update"))
        pairs = zip(found["sweeper", "update"], found[name, "update"], strict=True)
        ratio = statistics.median(mine / theirs for mine, theirs in pairs)
        row = f"{name}, P = {members} | {sample:.0f} | {update:.0f} | {ratio:.2f}"
        print(f"| {row} |", flush=True)


def of_places(rounds: int, entries: int) -> None:
    """Prints what places alone take."""
    makers = {"sweeper": ours, "tianshou": tianshou, "cpprb": cpprb}
    there = {n: m for n, m in makers.items() if n == "sweeper" or importlib.util.find_spec(n)}
    print(f"\n| places of {entries:,}, µs | sample | update | ours beside it |\n|---|---|---|---|")
    for members in (1, 2, 4, 8):
        beside({n: make(entries, members) for n, make in there.items()}, members, rounds)


def of_batches(rounds: int, entries: int) -> None:
    """Prints what whole batches take."""
    makers = {"tianshou.data": tianshou_replay, "cpprb": cpprb_replay}
    made = {"sweeper": our_replay(entries)}
    made |= {n.split(".")[0]: m(entries) for n, m in makers.items() if importable(n)}
    print(f"\n| batches of {entries:,}, µs | sample | update | ours beside it |\n|---|---|---|---|")
    beside(made, 1, rounds)


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
    of_places(rounds, entries)
    of_batches(rounds, entries)
    of_updates(rounds)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
