"""Member-updates per second of DQN packs on a GPU, beside k processes that share it.

    python benchmarks/gpu_packs.py [steps=400] [processes=4]

A pack of P = 1, 32, 256 in one process, then `processes` processes with a pack of one each.
"""

from __future__ import annotations

import multiprocessing
import sys
import time
from datetime import date
from importlib.metadata import version
from types import SimpleNamespace

import torch

from agents.learners.dqn import Learner

WARMUP, UPDATE_EVERY = 200, 4


def updates_per_second(members: int, steps: int) -> float:
    """Updates of all members per second, full loop with environments, after the warm-up."""
    params = Learner.complete({"warmup_steps": WARMUP, "replay.capacity": 20_000})
    schedule = SimpleNamespace(every=10**9, episodes=1, steps=None, cap=1)
    runs = [
        SimpleNamespace(
            params=params, task="minatar/breakout", seed=s, steps=10**6, evaluation=schedule
        )
        for s in range(members)
    ]
    pack = Learner.start(runs, [None] * members, "cuda")
    pack.train(WARMUP + 100)
    torch.cuda.synchronize()
    begin = time.monotonic()
    pack.train(pack.step + steps)
    torch.cuda.synchronize()
    return members * steps / UPDATE_EVERY / (time.monotonic() - begin)


def shared(processes: int, steps: int) -> float:
    """The same summed over processes that each train one agent at the same time."""
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        return sum(pool.starmap(updates_per_second, [(1, steps)] * processes))


def main() -> None:
    given = dict(word.split("=", 1) for word in sys.argv[1:])
    steps, processes = int(given.get("steps", 400)), int(given.get("processes", 4))
    if not torch.cuda.is_available():
        sys.exit("benchmarks/gpu_packs.py needs a GPU that torch can use; there is none here.")
    name = torch.cuda.get_device_name()
    print(f"DQN on minatar/breakout, {name}, torch {version('torch')}, {date.today()}")
    print(f"\n    python benchmarks/gpu_packs.py steps={steps} processes={processes}\n")
    print("| | member-updates/s |\n|---|---|")
    for members in (1, 32, 256):
        print(f"| one process, P = {members} | {updates_per_second(members, steps):,.0f} |")
    print(f"| {processes} processes, P = 1 each | {shared(processes, steps):,.0f} |")


if __name__ == "__main__":
    main()
