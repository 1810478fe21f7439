"""Stable-Baselines3's PPO on a cart-pole by `command`, killed again and again while it trains.

    python -m benchmarks.sweeper.killed_programs [kills=10] [seed=0] [folder=DIR] [WORD …]

The script and the space are those of docs/how_to/a_program.md (two learning rates, five seeds);
further words are handed to `sweeper run`. At random moments a worker, a program, or the whole sweep
with all its workers is killed, or a worker asked to leave; the sweep is started again until all
runs have ended. Then every run must have completed once, with a report at each rollout, and no
process may be left. Prints a row for docs/measured/programs.md.
"""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from datetime import date
from pathlib import Path

import psutil

from sweeper.study.study import Study

ROOT = Path(__file__).resolve().parents[2]
WORDS = ["workers=2", "limits.failures=20", "limits.deaths=20"]
ROLLOUT = 512
PAUSE_S = (5.0, 20.0)


def written(folder: Path) -> None:
    """Writes the files of the documented example."""
    page = (ROOT / "docs" / "how_to" / "a_program.md").read_text()
    for name in ("ppo.py", "ppo.yaml"):
        (text,) = re.findall(rf"^```\w+\n(# {name}\n.*?)^```$", page, re.MULTILINE | re.DOTALL)
        (folder / name).write_text(text)


def processes(folder: Path, word: str) -> list[psutil.Process]:
    """The processes whose command line has `word` in it, and that work on the study in `folder`."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            line = process.cmdline()
            within = process.cwd().startswith(str(folder)) or str(folder) in " ".join(line)
            if within and any(word in part for part in line):
                found.append(process)
    return found


def strike(folder: Path, sweep: subprocess.Popen[bytes], rng: random.Random) -> str | None:
    """Kills something that is at work; says what, or `None` where nothing was."""
    kind = rng.choice(["worker", "worker asked to leave", "program", "sweep"])
    if kind == "sweep":
        sweep.kill()
        sweep.wait()
    programs = [
        one for one in processes(folder, "ppo.py") if "watcher.py" not in str(one.cmdline())
    ]
    workers = processes(folder, "submitit")
    victims = programs[:1] if kind == "program" else workers
    if kind.startswith("worker"):
        victims = rng.sample(victims, min(1, len(victims)))
    number = signal.SIGTERM if "asked" in kind else signal.SIGKILL
    for victim in victims:
        with suppress(psutil.Error):
            victim.send_signal(number)
    return kind if victims else None


def trained(folder: Path, kills: int, rng: random.Random, words: list[str]) -> Counter[str]:
    """Runs the sweep to its end; what was killed how often."""
    command = [sys.executable, "-m", "sweeper", "run", "ppo.yaml", *WORDS, *words]
    told: Counter[str] = Counter()
    while True:
        with (folder / "printed.txt").open("ab") as printed:
            sweep = subprocess.Popen(command, cwd=folder, stdout=printed, stderr=printed)
        while sweep.poll() is None:
            with suppress(subprocess.TimeoutExpired):
                sweep.wait(rng.uniform(*PAUSE_S))
            if sweep.poll() is None and told.total() < kills:
                kind = strike(folder, sweep, rng)
                told.update([kind] if kind else [])
        if sweep.returncode != -signal.SIGKILL:
            return told


def wrong(study: Study) -> list[str]:
    """All that is lost, or there twice."""
    found = []
    state = study.ledger_state()
    steps = [*range(ROLLOUT, study.space.steps, ROLLOUT), study.space.steps]
    for run in study.plan.runs:
        record = state.runs[run.id]
        if record.state != "complete":
            found.append(f"{run.id} is {record.state}: {record.error}")
        if [step for step, _ in record.reports] != steps:
            found.append(f"{run.id} has reports at {[step for step, _ in record.reports]}")
    if not (study.paths.figures / "heatmap.png").exists():
        found.append("there is no heat map")
    return found


def main() -> None:
    options = dict(word.split("=", 1) for word in sys.argv[1:] if word.split("=")[0] in KEYS)
    words = [word for word in sys.argv[1:] if word.split("=")[0] not in KEYS]
    rng = random.Random(int(options.get("seed", 0)))
    folder = Path(options.get("folder") or tempfile.mkdtemp()).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    written(folder)
    begin = time.monotonic()
    told = trained(folder, int(options.get("kills", 10)), rng, words)
    study = Study.open(folder / "studies" / "ppo")
    time.sleep(1)
    left = processes(folder, "ppo.py")
    mistakes = [*wrong(study), *(f"left running: {process}" for process in left)]
    attempts = sum(record.attempts for record in study.ledger_state().runs.values())
    kinds = ", ".join(f"{number} × {kind}" for kind, number in sorted(told.items()))
    print(
        f"| {date.today()} | {len(study.plan.runs)} | {study.space.steps:,} | {kinds} | "
        f"{attempts} | {(time.monotonic() - begin) / 60:.1f} | {len(mistakes)} |"
    )
    print(*mistakes, sep="\n")
    print(f"the study: {os.path.relpath(study.folder)}")
    raise SystemExit(bool(mistakes))


KEYS = ("kills", "seed", "folder")

if __name__ == "__main__":
    main()
