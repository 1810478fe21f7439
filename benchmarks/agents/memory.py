"""What packs are predicted to take in memory (`pack_bytes`), beside what they take.

    python -m benchmarks.agents.memory

Each row is a process of its own: a pack trains with its replay full, is evaluated for a step of ten
episodes and then loses a member, and what the process's size has grown by at most, since torch was
imported and one environment made, is compared. The smallest and the largest network of
spaces/minatar_adam_sn.yaml, and others whose memory lies elsewhere.
"""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from agents import lookup
from agents.envs import tasks
from agents.envs.settings import Settings
from agents.training.evaluation import Evaluation

STEPS, WARMUP = 5_000_000, 64


@dataclass(frozen=True)
class Case:
    """A pack of `members`."""

    members: int
    params: Mapping[str, Any]
    agent: str = "dqn"
    task: str = "minatar/seaquest"

    @property
    def learner(self) -> Any:
        """Its class."""
        return lookup.find("learners", self.agent)


_ANT = "mujoco/Ant-v4"
_PIXELS = "dmc_pixels/cartpole-swingup"
_SMALL = {
    "env.size": 48,
    "env.quality": "lean",
    "encoder.filters": 16,
    "encoder.strides": (2, 2, 1, 1),
    "actor.units": 256,
    "critic.units": 256,
    "batch_size": 64,
    "augmentation.views": 1,
    "replay.capacity": 10_000,
}
CASES: Mapping[str, Case] = {
    "24/128, the smallest": Case(4, {"network.convs": [24]}),
    "32,32,32/256, the largest": Case(4, {"network.convs": [32] * 3, "network.units": 256}),
    "24,24,24,24/128, the deepest": Case(4, {"network.convs": [24] * 4}),
    "24/128, alone": Case(1, {"network.convs": [24]}),
    "24/128, 16 members": Case(16, {"network.convs": [24]}),
    "24/128, replay of 10,000": Case(8, {"network.convs": [24], "replay.capacity": 10_000}),
    "24/128, replay of 1,000,000": Case(4, {"network.convs": [24], "replay.capacity": 1_000_000}),
    "24/2048": Case(4, {"network.convs": [24], "network.units": 2048}),
    "24/128, batches of 512": Case(4, {"network.convs": [24], "batch_size": 512}),
    "24/128, batches of 512, gradient penalty": Case(
        4, {"network.convs": [24], "batch_size": 512, "penalty.kind": "gradient"}
    ),
    "24/128, batches of 512, batch norm": Case(
        4, {"network.convs": [24], "batch_size": 512, "network.norm.kind": "batch"}
    ),
    "24/128, all diagnostics": Case(
        4,
        {"network.convs": [24], "diagnostics": lookup.names("diagnostics")},
    ),
    "mlp, 3 of 512": Case(
        4,
        {"network.body": "mlp", "network.units": 512, "network.layers": 3},
    ),
    "TD3, 2 of 256": Case(1, {}, "td3", _ANT),
    "TD3, 2 of 256, 4 members": Case(4, {"replay.capacity": 100_000}, "td3", _ANT),
    "SAC, 2 of 256, group norm": Case(1, {"critic.norm.kind": "group"}, "sac", _ANT),
    "SAC v1, densenets, 2 of 2048": Case(
        1,
        {
            f"{net}.{key}": value
            for net in ("actor", "critic")
            for key, value in {"body": "densenet", "units": 2048, "activation": "swish"}.items()
        },
        "sac_v1",
        _ANT,
    ),
    "SAC v1, 16 of 2048": Case(
        1,
        {
            f"{net}.{key}": value
            for net in ("actor", "critic")
            for key, value in {"units": 2048, "layers": 16}.items()
        },
        "sac_v1",
        _ANT,
    ),
    "DrQ, 48 x 48, mlp2 of 256": Case(1, _SMALL, "drq", _PIXELS),
    "DrQ, 48 x 48, mlp2 of 256, 4 members": Case(4, _SMALL, "drq", _PIXELS),
    "DrQ, 48 x 48, modern4 of 1024, normalised": Case(
        1,
        {
            **_SMALL,
            "head": "modern4",
            "actor.units": 1024,
            "critic.units": 1024,
            "critic.sn.layers": "intermediate",
        },
        "drq",
        _PIXELS,
    ),
    "DrQ, 84 x 84, as published but for batches of 128": Case(
        1, {"batch_size": 128, "replay.capacity": 20_000}, "drq", _PIXELS
    ),
}


def grown(case: Case) -> int:
    """Bytes by which this process has grown at most, while a pack trained and lost a member."""
    case.learner.prepare()
    tasks.make(case.task)
    complete = case.learner.complete({"warmup_steps": WARMUP, **case.params})
    schedule = SimpleNamespace(every=10**9, episodes=10, steps=None, cap=1)
    runs = [
        SimpleNamespace(
            params=complete, task=case.task, seed=seed, steps=STEPS, evaluation=schedule
        )
        for seed in range(case.members)
    ]
    before = _status("VmRSS")
    pack = case.learner.start(runs, [None] * case.members, "cpu")
    for member in pack.members:
        pack.replay.frames.of(member).fill_(1)  # as if it had trained for long
    pack.replay.outcomes.fill_(1)
    pack.replay.count = pack.step = complete["replay.capacity"] + 1
    pack.train(pack.step + 20)
    pack.diagnostics.measure(pack.replay, pack.step)
    evaluation = Evaluation(
        [case.task] * case.members,
        range(case.members),
        schedule,
        "evaluation",
        settings=Settings.of(complete),
    )
    evaluation.advance(pack.learner.evaluate, math.inf)
    if case.members > 1:
        pack.drop([0])
        pack.train(pack.step + 8)
    return _status("VmHWM") - before


def _status(key: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) << 10 for line in lines if line.startswith(f"{key}:"))


def main() -> None:
    if len(sys.argv) > 1:
        print(grown(CASES[sys.argv[1]]))
        return
    print(f"On a CPU, torch {version('torch')}, {date.today()}\n")
    print("    python -m benchmarks.agents.memory\n")
    print("| network | members | predicted, MB | measured, MB | predicted / measured |")
    print("|---|---|---|---|---|")
    for name, case in CASES.items():
        command = [sys.executable, __file__, name]
        measured = int(subprocess.run(command, capture_output=True, check=True).stdout)
        predicted = case.learner.pack_bytes(case.params, case.task, STEPS, case.members)
        both = f"{predicted / 1e6:,.0f} | {measured / 1e6:,.0f}"
        print(f"| {name} | {case.members} | {both} | {predicted / measured:.2f} |", flush=True)


if __name__ == "__main__":
    main()
