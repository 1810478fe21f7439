"""What it costs to load a space and to plan its runs, each time in a fresh process.

    python -m benchmarks.sweeper.load_space [space=spaces/minatar_adam_sn.yaml] [scale=paper]
        [repeats=5] [beside=FOLDER]

Prints the median CPU milliseconds (user and system, of the process after its imports of sweeper) of
loading the space and of planning it, and the number of runs. With `beside`, another checkout of
sweeper, both are measured in turns and the ratio of the medians is printed too.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parents[2]

MEASURE = """
import importlib, json, sys, time

def found(*places):
    for module, name in places:
        try:
            return getattr(importlib.import_module(module), name)
        except (ImportError, AttributeError):
            continue
    raise SystemExit(f"none of these is there: {places}")

load = found(
    ("sweeper.planning.loading", "load"),
    ("sweeper.plan.loading", "load"),
    ("sweeper.space", "load"),
)
trainable = found(
    ("sweeper.trainable.loading", "load_trainable"), ("sweeper.trainable", "load_trainable")
)
Plan = found(
    ("sweeper.planning.plan", "Plan"), ("sweeper.plan.plan", "Plan"), ("sweeper.plan", "Plan")
)
found(
    ("sweeper.planning.check", "checked"),
    ("sweeper.plan.check", "checked"),
    ("sweeper.check", "checked"),
)
start = time.process_time()
space = load(sys.argv[1], sys.argv[2])
loaded = time.process_time()
plan = Plan(space, trainable(space))
ended = time.process_time()
print(json.dumps([1000 * (loaded - start), 1000 * (ended - loaded), len(plan.runs)]))
"""


def measured(checkout: Path, space: str, scale: str) -> tuple[float, float, int]:
    """CPU milliseconds of loading and of planning in one fresh process, and the runs planned."""
    environment = {**os.environ, "PYTHONPATH": str(checkout)}
    words = [sys.executable, "-c", MEASURE, str(HERE / space), scale]
    done = subprocess.run(
        words, cwd=checkout, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(done.stderr)
    loading, planning, runs = json.loads(done.stdout)
    return loading, planning, runs


def main() -> None:
    options = dict(word.split("=", 1) for word in sys.argv[1:])
    space = options.get("space", "spaces/minatar_adam_sn.yaml")
    scale = options.get("scale", "paper")
    checkouts = [HERE, *([Path(options["beside"]).resolve()] if "beside" in options else [])]
    rows: dict[Path, list[tuple[float, float, int]]] = {checkout: [] for checkout in checkouts}
    for _ in range(int(options.get("repeats", 5))):
        for checkout in checkouts:
            rows[checkout].append(measured(checkout, space, scale))
    totals = []
    for checkout, found in rows.items():
        loading, planning = (statistics.median(row[part] for row in found) for part in (0, 1))
        totals.append(statistics.median(row[0] + row[1] for row in found))
        print(
            f"{space} at {scale}, {found[0][2]} runs, {checkout}: "
            f"load {loading:.0f} ms, plan {planning:.0f} ms, both {totals[-1]:.0f} ms"
        )
    if len(totals) > 1:
        print(f"ratio {totals[0] / totals[1]:.2f}")


if __name__ == "__main__":
    main()
