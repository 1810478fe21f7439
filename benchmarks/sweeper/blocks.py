"""What 20 blocks cost beside an axis of 20 values: planning, status and a figure of a large study.

    python -m benchmarks.sweeper.blocks [runs=100000] [repeats=3]

Both studies hold the same configurations; nobody trained them. Seconds of CPU of each command, the
median of its repeats, which take turns. Prints the table for docs/measured/large_studies.md.
"""

from __future__ import annotations

import sys
import tempfile
from datetime import date
from pathlib import Path
from statistics import median
from typing import Any

import yaml

from benchmarks.sweeper.report import filled, taken
from sweeper.planning.loading import load
from sweeper.study import studies

BLOCKS, SEEDS = 20, 5


def spaces(runs: int) -> dict[str, dict[str, Any]]:
    """The keys of the two spaces."""
    cells = runs // (BLOCKS * SEEDS)
    ranges = {"kind": "float", "low": 1e-5, "high": 1e-1, "log": True}
    common = {
        "function": "train.py:train",
        "tasks": {"line": {"low": 0, "high": 2}},
        "seeds": SEEDS,
        "steps": 400,
        "score": {"metric": "return"},
    }
    axes = {
        "optimizer.lr": {**ranges, "count": 10},
        "optimizer.eps": {**ranges, "count": cells // 10},
    }
    parts = list(range(BLOCKS))
    return {
        "axis": common | {"axes": {"part": {"kind": "choice", "values": parts}, **axes}},
        "blocks": common
        | {"axes": axes, "blocks": {f"part {n}": {"fixed": {"part": n}} for n in parts}},
    }


COMMANDS = {
    "plan": "plan {name}.yaml",
    "status": "status study={name}",
    "figure": "sensitivity study={name} x=optimizer.lr",
}


def main(runs: str = "100000", repeats: str = "3") -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "train.py").write_text("def train(config, run):\n    return 0.0\n")
        for name, keys in spaces(int(runs)).items():
            (root / f"{name}.yaml").write_text(yaml.safe_dump({"study": name} | keys))
            filled(studies.start(root / "studies" / name, load(root / f"{name}.yaml")))
        print("| date | runs | command | CPU s, an axis | CPU s, 20 blocks | ratio |")
        print("|---|---|---|---|---|---|", flush=True)
        for command, text in COMMANDS.items():
            spent: dict[str, list[float]] = {"axis": [], "blocks": []}
            for _ in range(int(repeats)):
                for name, seconds in spent.items():
                    words = text.format(name=root / name if command == "plan" else name).split()
                    seconds.append(taken(*words, f"root={root / 'studies'}")[0])
            one, other = (median(spent[name]) for name in ("axis", "blocks"))
            print(
                f"| {date.today()} | {int(runs):,} | {command} | {one:.2f} | {other:.2f} "
                f"| {other / one:.2f} |",
                flush=True,
            )


if __name__ == "__main__":
    main(**dict(word.split("=", 1) for word in sys.argv[1:]))
