"""What packs are predicted to take in memory (`pack_bytes`), beside what they take.

    python benchmarks/memory.py

Each row is a process of its own: a pack trains with its replay full and then loses a member, and
what the process's size has grown by at most, since torch was imported, is compared. The smallest
and the largest network of spaces/minatar_adam_sn.yaml, and others whose memory lies elsewhere.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from datetime import date
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from agents import lookup
from agents.learners.dqn import Learner

TASK, STEPS, WARMUP = "minatar/seaquest", 5_000_000, 64

CASES: Mapping[str, tuple[int, Mapping[str, Any]]] = {
    "24/128, the smallest": (4, {"network.convs": [24]}),
    "32,32,32/256, the largest": (4, {"network.convs": [32] * 3, "network.units": 256}),
    "24,24,24,24/128, the deepest": (4, {"network.convs": [24] * 4}),
    "24/128, alone": (1, {"network.convs": [24]}),
    "24/128, 16 members": (16, {"network.convs": [24]}),
    "24/128, replay of 10,000": (8, {"network.convs": [24], "replay.capacity": 10_000}),
    "24/128, replay of 1,000,000": (4, {"network.convs": [24], "replay.capacity": 1_000_000}),
    "24/2048": (4, {"network.convs": [24], "network.units": 2048}),
    "24/128, batches of 512": (4, {"network.convs": [24], "batch_size": 512}),
    "24/128, all diagnostics": (
        4,
        {"network.convs": [24], "diagnostics": lookup.names("diagnostics")},
    ),
    "mlp, 3 of 512": (
        4,
        {"network.body": "mlp", "network.units": 512, "network.layers": 3},
    ),
}


def grown(members: int, params: Mapping[str, Any]) -> int:
    """Bytes by which this process has grown at most, while a pack trained and lost a member."""
    Learner.prepare()
    complete = Learner.complete({"warmup_steps": WARMUP, **params})
    schedule = SimpleNamespace(every=10**9, episodes=1, steps=None, cap=1)
    runs = [
        SimpleNamespace(params=complete, task=TASK, seed=seed, steps=STEPS, evaluation=schedule)
        for seed in range(members)
    ]
    before = _status("VmRSS")
    pack = Learner.start(runs, [None] * members, "cpu")
    pack._replay.frames.fill_(1)  # as if it had trained for long
    pack._replay.outcomes.fill_(1)
    pack._replay.count = pack.step = complete["replay.capacity"] + 1
    pack.train(pack.step + 20)
    pack._diagnostics.measure(pack._replay, pack.step)
    if members > 1:
        pack.drop([0])
        pack.train(pack.step + 8)
    return _status("VmHWM") - before


def _status(key: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) << 10 for line in lines if line.startswith(f"{key}:"))


def main() -> None:
    if len(sys.argv) > 1:
        print(grown(*CASES[sys.argv[1]]))
        return
    print(f"DQN on {TASK} on a CPU, torch {version('torch')}, {date.today()}\n")
    print("    python benchmarks/memory.py\n")
    print("| network | members | predicted, MB | measured, MB | predicted / measured |")
    print("|---|---|---|---|---|")
    for name, (members, params) in CASES.items():
        command = [sys.executable, __file__, name]
        measured = int(subprocess.run(command, capture_output=True, check=True).stdout)
        predicted = Learner.pack_bytes(params, TASK, STEPS, members)
        share = predicted / measured
        print(
            f"| {name} | {members} | {predicted / 1e6:.0f} | {measured / 1e6:.0f} | {share:.2f} |"
        )


if __name__ == "__main__":
    main()
