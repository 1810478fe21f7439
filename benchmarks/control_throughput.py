"""Environment steps per second of TD3 and SAC on HalfCheetah, one core, beside Stable-Baselines3.

    pip install stable-baselines3 --no-deps     # optional; left out of the table where missing
    python -m benchmarks.control_throughput [rounds]

Actor and critics of 256 x 256, batch 256, an update a step. All run in this process on one thread,
in turns, after their warm-up; a row is the median over rounds of steps per second of CPU time. The
second table sets an update beside the matrix products that it must do.
"""

from __future__ import annotations

import importlib.util
import platform
import statistics
import sys
import time
from collections.abc import Callable
from datetime import date
from importlib.metadata import version
from types import SimpleNamespace
from typing import Any

import torch

from agents import lookup
from benchmarks.dqn_throughput import cpu, measure

TASK = "mujoco/HalfCheetah-v4"
OBSERVATION, ACTIONS, UNITS, BATCH = 17, 6, 256, 256
WARMUP, SLICE = 1_000, 256
Train = Callable[[int], None]


def started(name: str, members: int) -> Any:
    """A pack after its warm-up."""
    learner = lookup.find("learners", name)
    params = learner.complete({"warmup_steps": WARMUP, "replay.capacity": 100_000})
    schedule = SimpleNamespace(every=10**9, episodes=1, steps=None, cap=1)
    runs = [
        SimpleNamespace(params=params, task=TASK, seed=s, steps=10**6, evaluation=schedule)
        for s in range(members)
    ]
    pack = learner.start(runs, [None] * members, "cpu")
    pack.train(WARMUP + 50)
    return pack


def ours(name: str, members: int) -> Train:
    """A pack of `members`; the steps of all members count."""
    pack = started(name, members)
    return lambda steps: pack.train(pack.step + steps // members)


def stable_baselines(name: str) -> Train:
    """Stable-Baselines3's agent with the same sizes (256 x 256, ReLU, batch 256)."""
    import stable_baselines3

    options: dict[str, Any] = {"learning_starts": WARMUP, "batch_size": BATCH, "device": "cpu"}
    options |= {"train_freq": 1, "gradient_steps": 1, "buffer_size": 100_000}
    options |= {"policy_kwargs": {"net_arch": [UNITS, UNITS]}, "learning_rate": 3e-4}
    model = getattr(stable_baselines3, name.upper())("MlpPolicy", "HalfCheetah-v4", **options)
    model.learn(WARMUP + 50)

    def train(steps: int) -> None:
        model.learn(steps, reset_num_timesteps=False)

    return train


def update(name: str, members: int) -> Callable[[], None]:
    """One update, its batch drawn from the replay; acting and the environment left out."""
    pack = started(name, members)
    agents, replay = pack._agents, pack._replay
    return lambda: agents.learn(replay, pack.step)


class Products:
    """The matrix products of an update, named: a pass is [batch, in] x [in, out] of every layer."""

    def __init__(self, members: int) -> None:
        def operands(inputs: int, outputs: int, rows: int) -> list[tuple[torch.Tensor, ...]]:
            sizes = [(inputs, UNITS), (UNITS, UNITS), (UNITS, outputs)]
            return [
                (
                    torch.randn(rows, BATCH, i),
                    torch.randn(rows, i, o),
                    torch.randn(rows, BATCH, o),
                )
                for i, o in sizes
            ]

        self._members = members
        self._operands = operands

    def net(self, inputs: int, outputs: int, copies: int) -> Net:
        """The products of `copies` networks a member."""
        return Net(self._operands(inputs, outputs, copies * self._members))


class Net:
    """The passes of networks of one shape."""

    def __init__(self, layers: list[tuple[torch.Tensor, ...]]) -> None:
        self._layers = layers

    def forward(self) -> None:
        """Outputs."""
        for x, w, _ in self._layers:
            torch.bmm(x, w)

    def weights(self) -> None:
        """Gradients of the weights, and of what is between them."""
        for i, (x, w, g) in enumerate(self._layers):
            torch.bmm(x.transpose(1, 2), g)
            if i:
                torch.bmm(g, w.transpose(1, 2))

    def inputs(self) -> None:
        """Gradients of the inputs alone."""
        for _, w, g in self._layers:
            torch.bmm(g, w.transpose(1, 2))


def td3_products(members: int) -> Callable[[], None]:
    """Two updates of TD3, one of them with the actor's."""
    made = Products(members)
    actor = made.net(OBSERVATION, ACTIONS, 1)
    critics, first = (made.net(OBSERVATION + ACTIONS, 1, copies) for copies in (2, 1))

    def work() -> None:
        for _ in range(2):
            actor.forward(), critics.forward()
            critics.forward(), critics.weights()
        actor.forward(), first.forward(), first.inputs(), actor.weights()

    return work


def sac_products(members: int) -> Callable[[], None]:
    """Two updates of SAC."""
    made = Products(members)
    actor = made.net(OBSERVATION, 2 * ACTIONS, 1)
    critics = made.net(OBSERVATION + ACTIONS, 1, 2)

    def work() -> None:
        for _ in range(2):
            actor.forward(), critics.forward()
            critics.forward(), critics.weights()
            actor.forward(), critics.forward(), critics.inputs(), actor.weights()

    return work


def milliseconds(contenders: dict[str, Callable[[], None]], rounds: int) -> dict[str, float]:
    """Median milliseconds of a pair of updates of each, in turns."""
    found: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, work in contenders.items():
            begin = time.process_time()
            for _ in range(10):
                work()
            found[name].append((time.process_time() - begin) * 100)
    return {name: statistics.median(values) for name, values in found.items()}


def twice(work: Callable[[], None]) -> Callable[[], None]:
    def both() -> None:
        work(), work()

    return both


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 9
    torch.set_num_threads(1)
    beside = importlib.util.find_spec("stable_baselines3") is not None
    packages = ["torch", "numpy", "gymnasium", "mujoco", *["stable-baselines3"] * beside]
    print(f"TD3 and SAC on {TASK}, one core; {date.today()}, {cpu()}, one thread, ")
    versions = ", ".join(f"{p} {version(p)}" for p in packages)
    print(f"Python {platform.python_version()}, {versions}")
    print(f"\n    python -m benchmarks.control_throughput {rounds}\n")
    print("| environment steps/s | sweeper | Stable-Baselines3 | ratio |\n|---|---|---|---|")
    for name in ("td3", "sac"):
        contenders = {"ours": ours(name, 1)}
        contenders |= {"theirs": stable_baselines(name)} if beside else {}
        found = measure(contenders, rounds, SLICE)
        theirs = f"{found['theirs']:.0f}" if beside else ""
        ratio = f"{found['ours'] / found['theirs']:.2f}" if beside else ""
        print(f"| {name.upper()} | {found['ours']:.0f} | {theirs} | {ratio} |", flush=True)
    print("\n| ms an update | update | its products | ratio |\n|---|---|---|---|")
    for name, products in (("td3", td3_products), ("sac", sac_products)):
        for members in (1, 8):
            contenders = {"update": twice(update(name, members)), "products": products(members)}
            both = milliseconds(contenders, rounds)
            ratio = f"{both['update'] / both['products']:.2f}"
            row = " | ".join(f"{ms / 2:.2f}" for ms in both.values())
            print(f"| {name.upper()}, P = {members} | {row} | {ratio} |", flush=True)


if __name__ == "__main__":
    main()
