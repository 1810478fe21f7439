"""Steps per second of packs on a GPU, beside k processes that share it.

    python -m benchmarks.agents.gpu_packs                       # DQN on MinAtar's Breakout
    python -m benchmarks.agents.gpu_packs agent=td3 task=mujoco/HalfCheetah-v4 members=1,8,64
        [steps=400] [processes=4] [device=cuda]

A pack of each number of `members` in one process, then `processes` processes with a pack of one
each. Members' steps per second after the warm-up, and of a step of the whole pack the milliseconds
that its environments and its learner (acting and updates) take. Then an update of the whole pack
from a batch on the GPU, called and replayed as a CUDA graph, beside drawing a batch; the last
column is the largest relative difference between the weights after called and replayed updates.
"""

from __future__ import annotations

import multiprocessing
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from datetime import date
from importlib.metadata import version
from types import SimpleNamespace
from typing import Any

import torch

from agents import lookup, streams
from agents.learners.actor_critic import ActorCritic
from agents.replay.batch import Batch

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


def started(agent: str, task: str, members: int, device: str) -> Any:
    """A pack after its warm-up."""
    learner = lookup.find("learners", agent)
    params = learner.complete({"warmup_steps": WARMUP, "replay.capacity": CAPACITY})
    schedule = SimpleNamespace(every=10**9, episodes=1, steps=None, cap=1)
    runs = [
        SimpleNamespace(params=params, task=task, seed=s, steps=10**6, evaluation=schedule)
        for s in range(members)
    ]
    pack = learner.start(runs, [None] * members, device)
    pack.train(WARMUP + SETTLE)
    return pack


def trained(agent: str, task: str, members: int, steps: int, device: str) -> Timing:
    """A pack's rate, its full loop undisturbed, then as many steps with clocks in it."""
    pack = started(agent, task, members, device)
    whole, environments, inside = (Clock(device) for _ in range(3))
    whole.timed(pack.train)(pack.step + steps)
    pack.episodes.step = environments.timed(pack.episodes.step)
    for name in ("act", "learn"):
        setattr(pack.learner, name, inside.timed(getattr(pack.learner, name)))
    pack.train(pack.step + steps)
    each = 1e3 / steps
    return members * steps / whole.seconds, environments.seconds * each, inside.seconds * each


class Updates:
    """Two updates of a whole pack, one of them with the actor's, from a batch that stays."""

    def __init__(self, pack: Any) -> None:
        self._agents, self._replay, self._runs = pack.learner, pack.replay, pack.runs
        self._continuous = isinstance(self._agents, ActorCritic)
        self._batch, self._noise = self.drawn()

    def drawn(self) -> tuple[Batch, Sequence[torch.Tensor]]:
        """A batch, and the noise of an update."""
        if not self._continuous:
            keys = streams.keys([run.seed for run in self._runs], "batches")
            draws = streams.Draws(keys, self._runs[0].params["batch_size"])
            return self._replay.sample(draws.at(0)), ()
        draws = self._agents.draws
        return self._replay.sample(draws.batch(0)).flattened(), draws.noise(0)

    def __call__(self) -> None:
        """Both updates."""
        for _ in range(2):
            if self._continuous:
                self._agents.updates += 1
            self._agents.update(self._batch, *self._noise)

    def captured(self) -> torch.cuda.CUDAGraph:
        """A graph of both updates; the weights go on from where they were."""
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(3):
                self()
        torch.cuda.current_stream().wait_stream(side)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            self()
        return graph


def updates(agent: str, task: str, members: int, rounds: int = 50) -> tuple[float, ...]:
    """Milliseconds of an update called and replayed, and of drawing a batch; their difference."""
    pack = started(agent, task, members, "cuda")
    work = Updates(pack)
    called, drawn = (median_ms(call, rounds) for call in (work, work.drawn))
    graph = work.captured()
    replayed = median_ms(graph.replay, rounds)
    return called / 2, replayed / 2, drawn, difference(pack, work, graph)


def median_ms(call: Callable[[], Any], rounds: int) -> float:
    """Milliseconds of a call, the GPU's part included."""
    clock, found = Clock("cuda"), []
    for _ in range(rounds):
        begin = clock.now()
        call()
        found.append(1e3 * (clock.now() - begin))
    return statistics.median(found)


def difference(pack: Any, work: Updates, graph: torch.cuda.CUDAGraph) -> float:
    """The largest relative difference of weights after two updates, called and replayed."""
    agents = pack.learner
    steps = [one.steps for one in agents.optimisers.values()]
    before = [t.clone() for _, t, _ in agents.tensors()]
    after = []
    for run in (work, graph.replay):
        with torch.no_grad():
            for (_, tensor, _), value in zip(agents.tensors(), before, strict=True):
                tensor.copy_(value)
        for one, count in zip(agents.optimisers.values(), steps, strict=True):
            one.steps = count
        run()
        after.append([t.detach().double().flatten() for _, t, _ in agents.tensors()])
    gaps = [(x - y).norm() / x.norm().clamp(min=1e-12) for x, y in zip(*after, strict=True)]
    return float(torch.stack(gaps).max())


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
        sys.exit(
            "benchmarks/agents/gpu_packs.py needs a GPU that torch can use; there is none here."
        )
    name = torch.cuda.get_device_name() if device == "cuda" else "CPU"
    words = " ".join(sys.argv[1:])
    print(f"{agent} on {task}, {name}, torch {version('torch')}, {date.today()}")
    print(f"\n    python -m benchmarks.agents.gpu_packs {words}\n")
    print(
        "| | members' steps/s | environments, ms a step | learner, ms a step |\n|---|---|---|---|"
    )
    for count in map(int, members.split(",")):
        row(f"one process, P = {count}", trained(agent, task, count, int(steps), device))
    for k in map(int, processes.split(",")):
        row(f"{k} processes, P = 1 each", shared(agent, task, k, int(steps), device))
    if device != "cuda":
        return
    head = "| | an update called, ms | replayed, ms | ratio | a batch drawn, ms | difference |"
    print(f"\n{head}\n|---|---|---|---|---|---|")
    for count in map(int, members.split(",")):
        called, replayed, drawn, gap = updates(agent, task, count)
        ratio = f"{called / replayed:.1f}"
        times = f"{called:.3f} | {replayed:.3f} | {ratio} | {drawn:.3f}"
        print(f"| P = {count} | {times} | {gap:.1e} |", flush=True)


def row(name: str, timing: Timing) -> None:
    """One row of the table."""
    rate, environments, inside = timing
    print(f"| {name} | {rate:,.0f} | {environments:.2f} | {inside:.2f} |", flush=True)


if __name__ == "__main__":
    main(**dict(word.split("=", 1) for word in sys.argv[1:]))
