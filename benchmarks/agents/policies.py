"""Milliseconds of an update of SAC by its policy, beside the matrix products that it must do.

    python -m benchmarks.agents.policies [rounds]

Actor and twin critics of 256 x 256, batch 256, on HalfCheetah; couplings have one hidden layer of
256. All run in this process on one thread, in turns; a row is the median over rounds of CPU time.
Products are by oneDNN, which sweeper's perceptrons use on a CPU.
"""

from __future__ import annotations

import platform
import sys
from collections.abc import Callable, Mapping
from datetime import date
from importlib.metadata import version
from typing import Any

import torch

from agents import lookup
from agents.envs import tasks
from benchmarks.agents.control import (
    ACTIONS,
    OBSERVATION,
    TASK,
    Net,
    by_onednn,
    milliseconds,
    update,
)
from benchmarks.agents.dqn import cpu

POLICIES: Mapping[str, Mapping[str, Any]] = {
    "deterministic": {"policy": "deterministic", "entropy.auto": False},
    "squashed_gaussian": {},
    "cnf, 0 couplings": {"policy": "cnf", "policy.couplings": 0},
    "cnf, 1 coupling": {"policy": "cnf", "policy.couplings": 1},
    "cnf, 2 couplings": {"policy": "cnf", "policy.couplings": 2},
    "cnf, 8 couplings": {"policy": "cnf", "policy.couplings": 8},
    "vql, 8 latent numbers": {"policy": "vql", "policy.latent": 8},
    "vql, 64 latent numbers": {"policy": "vql", "policy.latent": 64},
}
_OF_STATES = {"cnf": ("actor",), "vql": ("actor_latent",)}
"""The networks that read states alone, whose inputs have no gradients."""


def products(given: Mapping[str, Any], members: int) -> Callable[[], None]:
    """Those of an update: the policy's networks twice, once of them with gradients; the critics'
    and their targets'."""
    learner = lookup.find("learners", "sac")
    params = learner.complete(given)
    described = learner.described(params, tasks.shape(TASK))
    nets = {
        name: Net(one.inputs, one.outputs, members, by_onednn, params[f"{one.prefix}.layers"])
        for name, one in described.items()
        if name != "critic"
    }
    critics = Net(OBSERVATION + ACTIONS, 1, 2 * members, by_onednn)
    alone = _OF_STATES.get(params["policy"], ("actor",))
    led = [net for name, net in nets.items() if name not in alone]

    def work() -> None:
        for net in nets.values():
            net.forward(), net.forward(), net.weights()
        for net in led:
            net.inputs()
        critics.forward(), critics.forward(), critics.weights()
        critics.forward(), critics.inputs()

    return work


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 9
    torch.set_num_threads(1)
    print(f"SAC on {TASK} by its policy; {date.today()}, {cpu()}, one thread,")
    print(f"Python {platform.python_version()}, torch {version('torch')}")
    print(f"\n    python -m benchmarks.agents.policies {rounds}\n")
    print(
        "| policy | P | ms an update | products, ms | update / products | of squashed_gaussian's |"
    )
    print("|---|---|---|---|---|---|")
    for members in (1, 8):
        contenders: dict[str, Callable[[], None]] = {}
        for name, given in POLICIES.items():
            contenders[name] = update("sac", members, given)
            contenders[f"{name}, products"] = products(given, members)
        found = milliseconds(contenders, rounds)
        usual = found["squashed_gaussian"]
        for name in POLICIES:
            took, least = found[name], found[f"{name}, products"]
            row = f"{took:.2f} | {least:.2f} | {took / least:.2f} | {took / usual:.2f}"
            print(f"| {name} | {members} | {row} |", flush=True)


if __name__ == "__main__":
    main()
