"""What figures of a part of a large study of 20 blocks cost, beside those of the whole study.

    python -m benchmarks.sweeper.parts [runs=100000] [repeats=3]

Nobody trained the study. Seconds of CPU of each command with a snapshot of the ledger, the median
of its repeats, which take turns. Prints the table for docs/measured/large_studies.md.
"""

from __future__ import annotations

import sys
import tempfile
from datetime import date
from pathlib import Path
from statistics import median

import yaml

from benchmarks.sweeper.blocks import spaces
from benchmarks.sweeper.report import filled, taken
from sweeper.planning.loading import load
from sweeper.study import studies

COMMANDS = ("heatmap", "sensitivity x=optimizer.lr", "curves", "table", "export table=runs")
PARTS = ("", "where=part=3,4", "where=optimizer.lr=1e-4..1e-2,seed=0..3", "top=5")


def main(runs: str = "100000", repeats: str = "3") -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "train.py").write_text("def train(config, run):\n    return 0.0\n")
        keys = {"study": "blocks"} | spaces(int(runs))["blocks"]
        (root / "blocks.yaml").write_text(yaml.safe_dump(keys))
        filled(studies.start(root / "studies" / "blocks", load(root / "blocks.yaml")))
        taken("status", "study=blocks", f"root={root / 'studies'}")  # which leaves a snapshot
        print(f"| date | runs | command | whole | {' | '.join(f'`{one}`' for one in PARTS[1:])} |")
        print("|---|---|---|---|" + "---|" * len(PARTS[1:]), flush=True)
        for command in COMMANDS:
            out = root / ("it.csv" if command.startswith(("table", "export")) else "it.pdf")
            spent: dict[str, list[float]] = {part: [] for part in PARTS}
            for _ in range(int(repeats)):
                for part, seconds in spent.items():
                    words = [*command.split(), *part.split(), "study=blocks", f"out={out}"]
                    seconds.append(taken(*words, f"root={root / 'studies'}")[0])
            whole, *others = (median(spent[part]) for part in PARTS)
            cells = " | ".join(f"{one:.1f} s, {one / whole:.2f} ×" for one in others)
            date_and_size = f"{date.today()} | {int(runs):,}"
            print(f"| {date_and_size} | `{command}` | {whole:.1f} s | {cells} |", flush=True)


if __name__ == "__main__":
    main(**dict(word.split("=", 1) for word in sys.argv[1:]))
