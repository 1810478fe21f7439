"""How many files a study of many short runs leaves when it has ended, as shipped, by folder.

    python -m benchmarks.chaos.at_rest [runs=6480] [workers=2]

Prints a row for docs/measured/kills.md.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections import Counter
from datetime import date
from pathlib import Path

SPACE = """
study: many
function: train.py:train
axes: {{x: {{kind: float, values: {values}}}}}
tasks: {{line: {{low: 0, high: 1}}}}
seeds: 80
steps: 1
score: {{metric: value}}
figures: []
"""


def main(runs: str = "6480", workers: str = "2") -> None:
    with tempfile.TemporaryDirectory() as folder:
        root, begin = Path(folder), time.monotonic()
        (root / "train.py").write_text("def train(config, run):\n    return config['x']\n")
        values = [number / 1000 for number in range(1, int(runs) // 80 + 1)]
        (root / "space.yaml").write_text(SPACE.format(values=values))
        words = ["run", str(root / "space.yaml"), f"root={root / 's'}", f"workers={workers}"]
        subprocess.run(
            [sys.executable, "-m", "sweeper", *words], stdout=subprocess.DEVNULL, check=True
        )
        study = root / "s" / "many"
        found = Counter(
            path.relative_to(study).parts[0] for path in study.rglob("*") if path.is_file()
        )
        number = 80 * len(values)
        print("| date | runs | workers | files at rest | files a run | by folder | s |")
        print("|---|---|---|---|---|---|---|")
        print(
            f"| {date.today()} | {number:,} | {workers} | {found.total()} "
            f"| {found.total() / number:.4f} "
            f"| {', '.join(f'{name} {n}' for name, n in found.most_common())} "
            f"| {time.monotonic() - begin:.0f} |"
        )


if __name__ == "__main__":
    main(**dict(word.split("=", 1) for word in sys.argv[1:]))
