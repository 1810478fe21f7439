"""Tries every command of README.md and docs/ at smoke scale, each page in a folder of its own.

    python -m benchmarks.sweeper.docs_commands [PAGE.md ...]

Files that a page shows, whose first line is `# name.yaml` or `# name.py`, are written there before.
Commands that need a cluster are tried where SLURM_CONF names one. Prints a table of commands and
results; the exit code is 1 where a command failed.
"""

from __future__ import annotations

import csv
import importlib.util
import os
import re
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PROGRAMS = ("sweeper", "pip", "make", "python", "sbatch", "slurm/cluster")
SMALL = {"seeds": "2", "steps": "400", "top": "2"}
"""What these words become, whatever a command says."""

TIMEOUT_S = 900
FENCE = re.compile(r"^```\w*\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def shown_files(text: str) -> dict[str, str]:
    """The files that a page shows, by name."""
    found = {}
    for block in FENCE.findall(text):
        name = re.match(r"# (\w+\.(?:yaml|py))\n", block)
        if name:
            found[name[1]] = block
    return found


def commands(text: str) -> Iterator[list[str]]:
    """The words of each command in a page's indented blocks and the first cells of its tables."""
    for line in FENCE.sub("", text).splitlines():
        row = re.match(r"(?:    |\| `)(\S[^`]*)", line)
        if row and row[1].startswith(tuple(f"{program} " for program in PROGRAMS)):
            yield shlex.split(row[1].split("  #")[0].split(" && ")[0].split(";")[0])


def reason(words: list[str]) -> str:
    """Why a command is not tried; empty where it is."""
    said = " ".join(words)
    if words[0] in ("pip", "make"):
        return "it installs"
    if words[0] == "slurm/cluster":
        return "it starts or stops a cluster"
    if said.startswith("python -m benchmarks."):
        return "it takes minutes to hours"
    if re.search(r"^sbatch|=slurm", said) and not os.environ.get("SLURM_CONF"):
        return "it needs a cluster, and SLURM_CONF names none"
    if "profile=gpu," in said:
        return "it needs a cluster with GPUs"
    if words[1] == "dashboard":
        return "it serves until Ctrl-C"
    if words[1] == "delete" and "yes=true" not in words:
        return "it asks"
    if words[1] == "compare":
        return "nobody published numbers of the smoke scale's tasks"
    return ""


def small(words: list[str], folder: Path) -> list[str]:
    """The same command at smoke scale, with one worker, on a run and a study that there are.

    A profile that asks for GPUs is replaced by one that any cluster meets.
    """
    words = [word.replace("profile=slurm/gpu.yaml", "profile=slurm/default.yaml") for word in words]
    words = [re.sub(r"=ID$", lambda _: f"={some_run(words, folder)}", word) for word in words]
    words = [re.sub(r"studies/NAME$", lambda _: f"{newest(folder)}", word) for word in words]
    if words[:2] not in (["sweeper", "run"], ["sweeper", "rerank"]):
        return words
    given = dict(word.split("=", 1) for word in words if "=" in word)
    plain = [word for word in words if "=" not in word]
    if not {"dispatch", "workers"} & set(given):
        given["workers"] = "1"
    space = folder / plain[2] if len(plain) > 2 else folder
    if space.is_file() and "\n  smoke:" in space.read_text() and given.get("scale") != "smoke":
        given = {"name": space.stem, **given, "scale": "smoke"}
    elif space.is_file() and space.is_relative_to(folder / "benchmarks"):
        return ["sweeper", "plan", plain[2]]  # an hour: it is planned instead
    given = {name: SMALL.get(name, value) for name, value in given.items()}
    return [*plain, *(f"{name}={value}" for name, value in given.items())]


def newest(folder: Path) -> Path:
    """The study in `folder` that was at work last."""
    return max((folder / "studies").iterdir(), key=lambda study: study.stat().st_mtime)


def some_run(words: list[str], folder: Path) -> str:
    """The id of a run of the study that a command names."""
    study = next(word for word in words if word.startswith("study="))
    out = folder / "some_runs.csv"
    sweeper(["sweeper", "export", study, "table=runs", f"out={out}"], folder)
    with out.open() as file:
        return next(csv.DictReader(file))["run"]


def sweeper(words: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Runs a command in `folder` with the code of this checkout; what it redirects is dropped."""
    programs = {"sweeper": [sys.executable, "-m", "sweeper"], "python": [sys.executable]}
    command = [*programs.get(words[0], [words[0]]), *words[1:]]
    command = command[: command.index(">")] if ">" in command else command
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    return subprocess.run(
        command,
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT), "PATH": path},
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
    )


def tried(words: list[str], folder: Path) -> str:
    """What came of a command, in a few words; a failure begins with FAILED."""
    if words[:2] == ["python", "-m"]:
        try:
            found = importlib.util.find_spec(words[2])
        except ModuleNotFoundError:
            found = None
        if found is None:
            return f"FAILED: there is no module {words[2]}"
    why = reason(words)
    if why:
        return f"not tried: {why}"
    began = time.monotonic()
    try:
        smaller = small(words, folder)
        done = sweeper(smaller, folder)
    except (subprocess.TimeoutExpired, OSError, StopIteration, ValueError) as error:
        return f"FAILED: {type(error).__name__}: {error}"
    seconds = f"{time.monotonic() - began:.0f} s"
    as_small = "" if smaller == words else f", as `{shlex.join(smaller)}`"
    if done.returncode == 0:
        return f"ok, {seconds}{as_small}"
    last = (done.stderr.strip() or done.stdout.strip() or "nothing was said").splitlines()[-1]
    return f"FAILED with {done.returncode}{as_small}: {last}"


def main(pages: list[Path]) -> int:
    """Tries the commands of all pages; returns the exit code."""
    failures = 0
    print("| page | command | result |\n|---|---|---|")
    for page in pages:
        text = page.read_text(encoding="utf-8")
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
            folder = Path(name)
            for shared in ("spaces", "slurm", "benchmarks"):
                (folder / shared).symlink_to(ROOT / shared)
            for file, block in shown_files(text).items():
                (folder / file).write_text(block, encoding="utf-8")
            for words in commands(text):
                result = tried(words, folder)
                failures += result.startswith("FAILED")
                print(f"| {page.name} | `{' '.join(words)}` | {result} |", flush=True)
    print(f"\n{failures} failed")
    return int(failures > 0)


if __name__ == "__main__":
    chosen = [Path(word) for word in sys.argv[1:]]
    sys.exit(main(chosen or [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]))
