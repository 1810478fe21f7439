"""Time of a critic's update by its norm, beside its bare matrix products.

    python -m benchmarks.agents.norms [rounds]

Twin critics of each member, [2 P, 256, 23] -> 256 -> 256 -> 1 with ReLU: a pass forward and all
gradients of the weights, on one thread. All take turns; a number is the median over rounds of
milliseconds of CPU time.
"""

from __future__ import annotations

import platform
import statistics
import sys
import time
from collections.abc import Callable
from datetime import date

import torch

from agents.layers.functional.matmul import product
from agents.layers.norms import NORMS
from agents.layers.spectral_settings import SpectralNormSettings
from agents.networks.network import Network
from benchmarks.agents.dqn import cpu

INPUTS, UNITS, BATCH, GROUPS, TIMES = 23, 256, 256, 16, 10
PACKS = (1, 4)
Update = Callable[[], object]


def products(members: int) -> Update:
    """The products of an update alone, without biases, activations and norms."""
    x = torch.randn(members, BATCH, INPUTS)
    sizes = ((INPUTS, UNITS), (UNITS, UNITS), (UNITS, 1))
    weights = [torch.randn(members, *pair, requires_grad=True) for pair in sizes]

    def update() -> object:
        y = x
        for weight in weights:
            y = product(y, weight)
        return torch.autograd.grad(y.sum(), weights)

    return update


def critic(members: int, norm: str, affine: bool) -> Update:
    """An update of a critic with this norm in both hidden layers."""
    norms = {"norm.kind": norm, "norm.groups": GROUPS, "norm.affine": affine}
    sizes = {"body": "mlp", "units": UNITS, "layers": 2, **norms}
    settings = [SpectralNormSettings((), "hard", 1.0, True)] * members
    network = Network(sizes, (INPUTS,), 1, settings, "cpu")
    network.initialise(range(members))
    network.train()
    x = torch.randn(members, BATCH, INPUTS)
    return lambda: torch.autograd.grad(network(x, training=True).sum(), network.parameters)


def milliseconds(update: Update) -> float:
    """CPU time of one update."""
    begin = time.process_time()
    for _ in range(TIMES):
        update()
    return (time.process_time() - begin) / TIMES * 1e3


def measured(members: int, rounds: int) -> dict[str, float]:
    """Median milliseconds of the products alone, and of every kind of critic."""
    updates = {"products alone": products(2 * members), "none": critic(2 * members, "none", False)}
    for norm in NORMS[1:]:
        updates[norm] = critic(2 * members, norm, False)
        updates[f"{norm}, affine"] = critic(2 * members, norm, True)
    times: dict[str, list[float]] = {name: [] for name in updates}
    for _ in range(rounds + 1):
        for name, update in updates.items():
            times[name].append(milliseconds(update))
    return {name: statistics.median(found[1:]) for name, found in times.items()}


def main(rounds: int) -> None:
    torch.set_num_threads(1)
    python = platform.python_version()
    print(f"{date.today()}, {cpu()}, one thread, Python {python}, torch {torch.__version__}\n")
    packs = [measured(members, rounds) for members in PACKS]
    print("| norm |" + "".join(f" P = {members}, ms | × products |" for members in PACKS))
    print("|---|" + "---|---|" * len(PACKS))
    for name in packs[0]:
        cells = [f" {ms[name]:.1f} | {ms[name] / ms['products alone']:.2f} |" for ms in packs]
        print(f"| {name} |" + "".join(cells))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 15)
