"""How long a figure of a part of a study of 100,000 runs takes, beside that of the whole one.

    python -m benchmarks.sweeper.parts [trials=20000] [times=3] [root=FOLDER]

Nobody trained the study: see `benchmarks.sweeper.report`. Each command is run alone on one core,
with a snapshot of the ledger, and the least of its times counts. Prints the table for
docs/measured.md.
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

from benchmarks.sweeper.report import make

COMMANDS = ["heatmap", "sensitivity", "curves", "table", "export table=runs"]
PARTS = ["", "where=sn.layers=none", "where=optimizer.lr=1e-4..1e-2,seed=0..3", "top=5"]


def seconds(root: Path, words: list[str]) -> float:
    """The wall time that a command takes."""
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": os.getcwd()}
    command = [sys.executable, "-m", "sweeper", *words, f"root={root / 'studies'}"]
    begin = time.monotonic()
    subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL)
    return time.monotonic() - begin


def main(words: list[str]) -> None:
    given = dict(word.split("=", 1) for word in words)
    times = int(given.get("times", 3))
    with tempfile.TemporaryDirectory() as folder:
        root = Path(given.get("root", folder))
        if not (root / "studies").exists():
            root.mkdir(exist_ok=True)
            make(root, int(given.get("trials", 20_000)))
        seconds(root, ["report", "study=many"])  # which leaves a snapshot
        print(f"\n({date.today()}, {platform.machine()}, Python {platform.python_version()})\n")
        print(f"| | whole | {' | '.join(f'`{part}`' for part in PARTS[1:])} |")
        print("|---|" + "---|" * len(PARTS), flush=True)
        for command in COMMANDS:
            out = root / ("it.csv" if command[:1] in "te" else "it.pdf")
            first, *rest = command.split()
            asked = [[first, "study=many", *rest, *part.split(), f"out={out}"] for part in PARTS]
            rounds = [[seconds(root, one) for one in asked] for _ in range(times)]
            whole, *others = map(min, zip(*rounds, strict=True))
            cells = [f"{one:.1f} s, {one / whole:.2f} ×" for one in others]
            print(f"| `{command}` | {whole:.1f} s | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
