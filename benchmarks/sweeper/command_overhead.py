"""What a run by `command` costs beside starting the bare script, both in one run of this file.

    python -m benchmarks.sweeper.command_overhead [runs=10] [seconds=2]

The script reports twenty times and takes two seconds, of waiting, so that what else the machine
does counts little. It is started `runs` times one after another by itself, and by a worker as the
runs of a study. Prints a row for docs/measured/programs.md: the median seconds of both, of
the study from one run's end to the next one's, their ratio, and that of the totals.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

import yaml

from sweeper.planning.loading import load
from sweeper.study import studies
from sweeper.study.study import Study
from sweeper.worker.worker import Worker

SCRIPT = """
import argparse, json, os, time
words = argparse.ArgumentParser()
words.add_argument("--seed", type=int)
words.add_argument("--seconds", type=float)
args = words.parse_args()
with open(os.environ["SWEEPER_METRICS"], "a") as file:
    for step in range(1, 21):
        time.sleep(args.seconds / 20)
        print(json.dumps({"step": step, "return": step + args.seed}), file=file, flush=True)
"""


def begun(folder: Path, runs: int, seconds: float) -> Study:
    """A study of the script with so many seeds."""
    (folder / "script.py").write_text(SCRIPT)
    space = {
        "study": "overhead",
        "command": ["python", "script.py", "--seed={seed}", f"--seconds={seconds}"],
        "tasks": {"line": {"low": 0, "high": 100}},
        "seeds": runs,
        "steps": 20,
        "score": {"metric": "return"},
    }
    (folder / "overhead.yaml").write_text(yaml.safe_dump(space))
    return studies.start(folder / "study", load(folder / "overhead.yaml"))


def bare(folder: Path, runs: int, seconds: float) -> list[float]:
    """Seconds of each start of the script by itself."""
    found = []
    environment = {**os.environ, "SWEEPER_METRICS": str(folder / "metrics.jsonl")}
    for seed in range(runs):
        begin = time.perf_counter()
        words = [sys.executable, "script.py", f"--seed={seed}", f"--seconds={seconds}"]
        subprocess.run(words, cwd=folder, env=environment, check=True)
        found.append(time.perf_counter() - begin)
    return found


def swept(study: Study, runs: int) -> tuple[list[float], float]:
    """Seconds from each end of a run to the next one's, and of the whole worker."""
    begin = time.time()
    Worker(study, pack="1", device="cpu", workers=1).run()
    whole = time.time() - begin
    records = study.ledger_state().runs.values()
    assert {record.state for record in records} == {"complete"} and len(records) == runs
    ends = sorted(record.ended or 0.0 for record in records)
    starts = min(record.started or 0.0 for record in records)
    return [after - before for before, after in zip([starts, *ends], ends, strict=False)], whole


def main() -> None:
    options = dict(word.split("=", 1) for word in sys.argv[1:])
    runs, seconds = int(options.get("runs", 10)), float(options.get("seconds", 2))
    with tempfile.TemporaryDirectory() as name:
        study = begun(Path(name), runs, seconds)
        alone = bare(Path(name), runs, seconds)
        swept_s, whole = swept(study, runs)
    one, other = statistics.median(alone), statistics.median(swept_s)
    print(
        f"| {date.today()} | {runs} | {one:.2f} | {other:.2f} | {other / one:.3f} | "
        f"{whole / sum(alone):.3f} |"
    )


if __name__ == "__main__":
    main()
