"""Steps per second of packs on a GPU, beside k processes that share it.

    python benchmarks/gpu_packs.py                                     # DQN on MinAtar's Breakout
    python benchmarks/gpu_packs.py agent=td3 task=mujoco/HalfCheetah-v4 members=1,8,64 [steps=400]
        [processes=4] [device=cuda]

A pack of each number of `members` in one process, then `processes` processes with a pack of one
each. Members' steps per second after the warm-up, and of a step of the whole pack the milliseconds
that its environments and its learner (acting and updates) take.
"""

from __future__ import annotations

import multiprocessing
import sys
import time
from collections.abc import Callable
from datetime import date
from importlib.metadata import version
from types import SimpleNamespace
from typing import Any

import torch

from agents import lookup

WARMUP, SETTLE, CAPACITY = 200, 100, 20_000
Timing = tuple[float, float, float]
"""Members' steps a second; milliseconds of a step in environments and in the learner."""


class Clock:
    """Seconds that calls take, the GPU's part included."""

    def __init__(self, device: str) -> None:
        self.seconds, self._device = 0.0, device

    def now(self) -> float:
        """Seconds, once the GPU has done what it was given."""
        if self._device == "cuda":
            torch.cuda.synchronize()
        return time.monotonic()

    def timed(self, call: Callable[..., Any]) -> Callable[..., Any]:
        """`call`, whose time counts."""

        def run(*given: Any) -> Any:
            begin = self.now()
            result = call(*given)
            self.seconds += self.now() - begin
            return result

        return run


def trained(agent: str, task: str, members: int, steps: int, device: str) -> Timing:
    """A pack's rate, its full loop undisturbed, then as many steps with clocks in it."""
    learner = lookup.find("learners", agent)
    params = learner.complete({"warmup_steps": WARMUP, "replay.capacity": CAPACITY})
    schedule = SimpleNamespace(every=10**9, episodes=1, steps=None, cap=1)
    runs = [
        SimpleNamespace(params=params, task=task, seed=s, steps=10**6, evaluation=schedule)
        for s in range(members)
    ]
    pack = learner.start(runs, [None] * members, device)
    pack.train(WARMUP + SETTLE)
    whole, environments, inside = (Clock(device) for _ in range(3))
    whole.timed(pack.train)(pack.step + steps)
    pack._episodes.step = environments.timed(pack._episodes.step)
    for name in ("act", "learn"):
        setattr(pack._agents, name, inside.timed(getattr(pack._agents, name)))
    pack.train(pack.step + steps)
    each = 1e3 / steps
    return members * steps / whole.seconds, environments.seconds * each, inside.seconds * each


def shared(agent: str, task: str, processes: int, steps: int, device: str) -> Timing:
    """Processes that each train one agent at the same time: rates summed, milliseconds averaged."""
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        found = pool.starmap(trained, [(agent, task, 1, steps, device)] * processes)
    rates, environments, inside = zip(*found, strict=True)
    return sum(rates), sum(environments) / processes, sum(inside) / processes


def main(
    agent: str = "dqn",
    task: str = "minatar/breakout",
    members: str = "1,32,256",
    steps: str = "400",
    processes: str = "4",
    device: str = "cuda",
) -> None:
    """Prints the table."""
    if device == "cuda" and not torch.cuda.is_available():
        sys.exit("benchmarks/gpu_packs.py needs a GPU that torch can use; there is none here.")
    name = torch.cuda.get_device_name() if device == "cuda" else "CPU"
    words = " ".join(sys.argv[1:])
    print(f"{agent} on {task}, {name}, torch {version('torch')}, {date.today()}")
    print(f"\n    python benchmarks/gpu_packs.py {words}\n")
    print(
        "| | members' steps/s | environments, ms a step | learner, ms a step |\n|---|---|---|---|"
    )
    for count in map(int, members.split(",")):
        row(f"one process, P = {count}", trained(agent, task, count, int(steps), device))
    k = int(processes)
    row(f"{k} processes, P = 1 each", shared(agent, task, k, int(steps), device))


def row(name: str, timing: Timing) -> None:
    """One row of the table."""
    rate, environments, inside = timing
    print(f"| {name} | {rate:,.0f} | {environments:.2f} | {inside:.2f} |", flush=True)


if __name__ == "__main__":
    main(**dict(word.split("=", 1) for word in sys.argv[1:]))
