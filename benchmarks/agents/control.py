"""Environment steps per second of TD3 and SAC on HalfCheetah, one core, beside Stable-Baselines3.

    pip install stable-baselines3 --no-deps     # optional; left out of the table where missing
    python -m benchmarks.agents.control [rounds]

Actor and critics of 256 x 256, batch 256, an update a step. All run in this process on one thread,
in turns, after their warm-up; a row is the median over rounds of steps per second of CPU time. The
second table sets an update beside the matrix products that it must do, by torch.bmm and by oneDNN,
which sweeper's perceptrons use on a CPU (agents/layers/functional/fused_mlp.py).
"""

from __future__ import annotations

import importlib.util
import itertools
import platform
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from datetime import date
from importlib.metadata import version
from types import SimpleNamespace
from typing import Any

import torch

from agents import lookup
from benchmarks.agents.dqn import cpu, measure

TASK = "mujoco/HalfCheetah-v4"
OBSERVATION, ACTIONS, UNITS, BATCH = 17, 6, 256, 256
WARMUP, SLICE = 1_000, 256
Train = Callable[[int], None]


def started(name: str, members: int, given: Mapping[str, Any] | None = None) -> Any:
    """A pack after its warm-up."""
    learner = lookup.find("learners", name)
    sizes = {"warmup_steps": WARMUP, "replay.capacity": 100_000}
    params = learner.complete(sizes | dict(given or {}))
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


def update(name: str, members: int, given: Mapping[str, Any] | None = None) -> Callable[[], None]:
    """One update, its batch drawn from the replay; acting and the environment left out."""
    pack = started(name, members, given)
    agents, replay = pack.learner, pack.replay
    return lambda: agents.learn(replay, pack.step)


Multiply = Callable[[torch.Tensor, torch.Tensor], Any]


def by_bmm(a: torch.Tensor, b: torch.Tensor) -> None:
    """The batched product."""
    torch.bmm(a, b)


def by_onednn(a: torch.Tensor, b: torch.Tensor) -> None:
    """One product a member."""
    for x, y in zip(a, b, strict=True):
        torch.ops.mkldnn._linear_pointwise(x, y.mT, None, "none", [], "")


class Net:
    """The products of `rows` networks inputs -> hidden -> outputs: a pass is of every layer."""

    def __init__(
        self, inputs: int, outputs: int, rows: int, multiply: Multiply, hidden: int = 2
    ) -> None:
        """`hidden` is how many layers of 256 units there are."""

        def drawn(*size: int) -> torch.Tensor:
            return torch.randn(rows, *size)

        widths = [inputs, *[UNITS] * hidden, outputs]
        sizes = list(itertools.pairwise(widths))
        self._layers = [(drawn(BATCH, i), drawn(i, o), drawn(BATCH, o)) for i, o in sizes]
        self._multiply = multiply

    def forward(self) -> None:
        """Outputs."""
        for x, w, _ in self._layers:
            self._multiply(x, w)

    def weights(self) -> None:
        """Gradients of the weights, and of what is between them."""
        for i, (x, w, g) in enumerate(self._layers):
            self._multiply(x.mT, g)
            if i:
                self._multiply(g, w.mT)

    def inputs(self) -> None:
        """Gradients of the inputs alone."""
        for _, w, g in self._layers:
            self._multiply(g, w.mT)


def td3_products(members: int, multiply: Multiply = by_bmm) -> Callable[[], None]:
    """Two updates of TD3, one of them with the actor's."""
    actor = Net(OBSERVATION, ACTIONS, members, multiply)
    critics = Net(OBSERVATION + ACTIONS, 1, 2 * members, multiply)
    first = Net(OBSERVATION + ACTIONS, 1, members, multiply)

    def work() -> None:
        for _ in range(2):
            actor.forward(), critics.forward()
            critics.forward(), critics.weights()
        actor.forward(), first.forward(), first.inputs(), actor.weights()

    return work


def sac_products(members: int, multiply: Multiply = by_bmm) -> Callable[[], None]:
    """Two updates of SAC."""
    actor = Net(OBSERVATION, 2 * ACTIONS, members, multiply)
    critics = Net(OBSERVATION + ACTIONS, 1, 2 * members, multiply)

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
    print(f"\n    python -m benchmarks.agents.control {rounds}\n")
    print("| environment steps/s | sweeper | Stable-Baselines3 | ratio |\n|---|---|---|---|")
    for name in ("td3", "sac"):
        contenders = {"ours": ours(name, 1)}
        contenders |= {"theirs": stable_baselines(name)} if beside else {}
        found = measure(contenders, rounds, SLICE)
        theirs = f"{found['theirs']:.0f}" if beside else ""
        ratio = f"{found['ours'] / found['theirs']:.2f}" if beside else ""
        print(f"| {name.upper()} | {found['ours']:.0f} | {theirs} | {ratio} |", flush=True)
    print("\n| ms an update | update | products, torch.bmm | ratio | products, oneDNN | ratio |")
    print("|---|---|---|---|---|---|")
    for name, products in (("td3", td3_products), ("sac", sac_products)):
        for members in (1, 8):
            found = milliseconds(
                {
                    "update": twice(update(name, members)),
                    "bmm": products(members),
                    "onednn": products(members, by_onednn),
                },
                rounds,
            )
            took = found.pop("update")
            row = " | ".join(f"{ms / 2:.2f} | {took / ms:.2f}" for ms in found.values())
            print(f"| {name.upper()}, P = {members} | {took / 2:.2f} | {row} |", flush=True)


if __name__ == "__main__":
    main()
