"""The same sweep with sweeper and with other tools: how long it takes, and what a kill leaves.

    python -m benchmarks.sweeper.other_tools environments=DIR [repeats=1] [kills=1] [only=WORD]

A run sleeps 20 ms (100 ms where something is killed) and returns a number; two run at a time. Each
tool has an environment of its own in DIR, made where it is missing (minutes; 3 GB) and kept. What
is typed for each tool is in `tools.py`, the scripts are beside it. Tools take turns. With one
repeat and one kill of each kind it takes ten minutes. Prints two tables for
docs/measured/other_tools.md:

- Seconds from the command to the begin of the first run, to the end of the last, and to the prompt
  (medians); the milliseconds between first begin and last end that a worker spends beside a run;
  and of how many runs the tool has two results (the worst repeat).
- After half of the runs have ended, the process of a run, or every process of the sweep, is killed
  with SIGKILL; when the command has returned, what the tool's documentation says is typed, or the
  first command where it says nothing. How many runs the tool has one result of, more than one, and
  none; and how many ran to their end more than once.
"""

from __future__ import annotations

import os
import platform
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from datetime import date
from pathlib import Path
from statistics import median

from benchmarks.sweeper.other_tools.sweep import LIMIT_S, Sweep
from benchmarks.sweeper.other_tools.tools import PACKAGES, TOOLS, Tool

WORK_S, LONG_S = 0.02, 0.1
FEW = 40
"""Runs of a sweep in which something is killed, at most."""
TIMES = (
    "first run begins, s",
    "last has ended, s",
    "prompt, s",
    "ms beside a run",
    "with two results",
)
COUNTS = ("before the second command", "one result", "more", "none", "ran to their end twice")


def installed(folder: Path, name: str) -> bool:
    """Whether an environment is there; it is made where it is missing."""
    if not (folder / name / "done").exists():
        python = folder / name / "bin" / "python"
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder / name], check=True)
        if subprocess.run([python, "-m", "pip", "install", "-q", *PACKAGES[name]]).returncode:
            print(f"pip could not install {PACKAGES[name]}")
            return False
        (folder / name / "done").touch()
    print(versions(folder, name))
    return True


def versions(folder: Path, name: str) -> str:
    """The versions of what was asked for."""
    wanted = {"sweeper": ["sweeper"], "ray": ["ray"]}.get(name, PACKAGES[name])
    code = f"from importlib.metadata import version; print(*map(version, {wanted}))"
    python = folder / name / "bin" / "python"
    found = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True)
    return ", ".join(map(" ".join, zip(wanted, found.stdout.split(), strict=True)))


def timed(folder: Path, tool: Tool) -> tuple[float, float, float, float, int] | None:
    """Seconds to first begin, last end and prompt; ms beside a run; doubled results.

    `None` where results are missing, of which it prints what the tool said.
    """
    with Sweep(folder, tool, tool.runs, WORK_S) as sweep:
        back = sweep.typed(tool.start)
        kept = Counter(sweep.results())
        if len(kept) < tool.runs:
            print(f"{tool.name}: {len(kept)} of {tool.runs} results\n{sweep.printed()[-2000:]}\n")
            return None
        first, last = sweep.span()
        doubled = sum(number > 1 for number in kept.values())
        return first, last, back, 1e3 * (2 * (last - first) / tool.runs - WORK_S), doubled


def killed(folder: Path, tool: Tool, strike: Callable[[Sweep], None]) -> list[object]:
    """What a kill left when the command had returned, and at last."""
    with Sweep(folder, tool, min(tool.runs, FEW), LONG_S) as sweep:
        hung = sweep.typed(tool.start, strike) > LIMIT_S
        before = len(set(sweep.results()))
        if before < sweep.runs:
            sweep.typed(tool.again or tool.start)
        kept = Counter(sweep.results())
        ended = Counter(sweep.ended())
        more, repeated = (sum(number > 1 for number in of.values()) for of in (kept, ended))
        by_itself = f"{before}, then it hung" if hung else before
        return [sweep.runs, by_itself, len(kept) - more, more, sweep.runs - len(kept), repeated]


def main(environments: str, repeats: str = "1", kills: str = "1", only: str = "") -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # which ends the sweep, too
    folder = Path(environments).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    tools = [tool for tool in TOOLS if only.lower() in tool.name.lower()]
    names = dict.fromkeys(tool.environment for tool in tools)
    there = [name for name in names if installed(folder, name)]
    tools = [tool for tool in tools if tool.environment in there]
    print(
        f"{date.today()}, {len(os.sched_getaffinity(0))} cores ({platform.machine()}), Python "
        f"{platform.python_version()}, load {os.getloadavg()[0]:.1f}\n"
    )
    times: dict[str, list[tuple[float, ...]]] = {tool.name: [] for tool in tools}
    for _ in range(int(repeats)):
        for tool in tools:
            row = timed(folder, tool)
            times[tool.name] += [row] if row else []
    tools = [tool for tool in tools if times[tool.name]]
    print(f"| | runs | {' | '.join(TIMES)} |\n|---|---|{'---|' * len(TIMES)}")
    for tool in tools:
        *columns, doubled = zip(*times[tool.name], strict=True)
        *seconds, beside = map(median, columns)
        cells = " | ".join(f"{one:.1f}" for one in seconds)
        print(
            f"| {tool.name} | {tool.runs} | {cells} | {beside:.0f} | {max(doubled)} |", flush=True
        )
    print(f"\n| | killed | runs | {' | '.join(COUNTS)} |\n|---|---|---|{'---|' * len(COUNTS)}")
    for _ in range(int(kills)):
        for tool in tools:
            for what, strike in (("a run's process", Sweep.kill_one), ("all", Sweep.kill_all)):
                cells = " | ".join(map(str, killed(folder, tool, strike)))
                print(f"| {tool.name} | {what} | {cells} |", flush=True)
    print(f"\nload at the end: {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main(**dict(word.split("=", 1) for word in sys.argv[1:]))
