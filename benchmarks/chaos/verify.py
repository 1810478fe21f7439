"""Whether a study that was disturbed is whole, and equal to one that was not."""

from __future__ import annotations

import json
import shutil
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from sweeper.ledger.claims.claims import FINISH
from sweeper.ledger.lines.kinds import EndLine
from sweeper.ledger.reader import Reader
from sweeper.ledger.state import LedgerState
from sweeper.report.status import summarise
from sweeper.results import frames
from sweeper.study.study import Study

_OWN = ("attempts", "seconds", "worker")
"""Columns that tell how a run was done, not what came out."""

_STAYS = {"figures/.edition", "snapshots/.lock"}

Bodies = dict[tuple[str, int], dict[int, dict[str, Any]]]
"""Claims and ends by run, generation and number."""


def lost(study: Study) -> list[str]:
    """Planned runs that have not ended as complete."""
    runs = study.ledger_state(reports=False).runs
    return [
        f"{run.id} is {runs[run.id].state if run.id in runs else 'open'}"
        for run in study.plan.runs
        if run.id not in runs or runs[run.id].state not in ("complete", "pruned", "paused")
    ]


def twice(study: Study) -> list[str]:
    """Generations of runs with more than one end, or several different ends in the ledger."""
    ends: dict[tuple[str, int], set[str]] = defaultdict(set)
    for _, line in Reader(study.paths.ledger).refresh():
        if isinstance(line, EndLine):
            ends[line.run, line.generation].add(_text(line.to_json()))
    found = [
        f"{key}: the ledger knows {len(own)} ends" for key, own in ends.items() if len(own) > 1
    ]
    for key, numbers in _claims(study).items():
        kinds = [numbers[number]["kind"] for number in sorted(numbers)]
        if kinds.count("end") > 1:
            found.append(f"{key}: {kinds.count('end')} ends were placed")
    return found


def wrong(study: Study, killed: Iterable[int]) -> Iterator[str]:
    """What else is amiss: claims and ledger that differ, files left behind, what status says."""
    yield from inconsistent(study)
    yield from (f"{file} was left behind" for file in _left(study))
    summary = summarise(study)
    yield from (f"{file} is missing" for file in summary.missing)
    yield from (f"an error: {error}" for error in summary.errors)
    pids = {str(pid) for pid in killed}
    for damage in summary.damaged:
        if damage.file.rsplit(".", 2)[0].rsplit("-", 2)[1] not in pids:
            yield f"{damage.file} is damaged, and its writer was not killed"


def files(study: Study) -> int:
    """How many files runs have left, besides weights, and those that they wrote themselves.

    Each worker leaves two more, and each study some: `at_rest.py` counts all.
    """
    paths = study.paths
    folders = (paths.claims, paths.trials, paths.checkpoints)
    return sum(path.is_file() for folder in folders for path in folder.rglob("*"))


def differ(study: Study, calm: Study) -> Iterator[str]:
    """In what the tables, the kept weights and the figures' tables differ from `calm`'s."""
    tables = [_tables(made, made.ledger_state()) for made in (calm, study)]
    shutil.rmtree(study.paths.snapshots, ignore_errors=True)
    tables.append(_tables(study, study.ledger_state()))
    for name in tables[0]:
        if not tables[0][name].equals(tables[1][name]):
            yield f"the table of {name} differs"
        if not tables[1][name].equals(tables[2][name]):
            yield f"the table of {name} differs without snapshots"
    for folder, pattern in (("weights", "*"), ("figures", "*.csv")):
        files = [_contents(made.folder / folder, pattern) for made in (calm, study)]
        if files[0] != files[1]:
            yield f"{folder}/ differs"


def chosen(study: Study) -> list[Any]:
    """Trials as they were planned, what was known of others then, and how each ended."""
    table = frames.trials(study, study.ledger_state())
    labels = [dict(trial.labels) for trial in study.plan.trials]
    ended = list(zip(labels, table["state"], table["value"].astype(str), strict=True))
    files = {int(file.name): file for file in study.paths.trials.iterdir() if file.name.isdigit()}
    return [ended, {first: json.loads(file.read_bytes())["seen"] for first, file in files.items()}]


def _tables(study: Study, ledger_state: LedgerState) -> dict[str, pd.DataFrame]:
    runs = frames.runs(study, ledger_state).drop(columns=list(_OWN))
    return {"runs": runs, "reports": frames.reports(study, ledger_state)}


def _contents(folder: Path, pattern: str) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.glob(pattern)}


def _text(line: dict[str, Any]) -> str:
    return json.dumps({key: line[key] for key in line if key != "crc"}, sort_keys=True)


def _claims(study: Study) -> Bodies:
    """All claims and ends by name, packed or not, but for who finished."""
    found: Bodies = defaultdict(dict)
    for name, data in study.claims("verify").folders.standing().items():
        if not name.startswith(f"{FINISH}."):
            run, generation, number = name.split(".")
            found[run, int(generation)][int(number)] = json.loads(data)
    return found


def inconsistent(study: Study) -> Iterator[str]:
    """Where the newest generation's claims and the ledger's state do not say the same."""
    runs = study.ledger_state().runs
    for (run, generation), numbers in _claims(study).items():
        last = max(numbers)
        kinds = [numbers[number]["kind"] for number in sorted(numbers)]
        if runs[run].state == "paused" and sorted(numbers) == list(range(last + 1)):
            if kinds != ["claim"] * len(kinds):
                yield f"{run}.{generation} has paused, but has {kinds}"
            continue
        if sorted(numbers) != list(range(last + 1)) or kinds != ["claim"] * last + ["end"]:
            yield f"{run}.{generation} has {kinds} at {sorted(numbers)}"
        elif generation == runs[run].generation:
            end, tries = numbers[last]["lines"][run], runs[run].tries
            known = runs[run].end
            if known is None or _text(known.to_json()) != _text(end):
                yield f"{run}.{generation}: the ledger's end is another"
            holders = [numbers[number]["lines"][run]["worker"] for number in range(last)]
            if holders != [tries[number].worker for number in sorted(tries)]:
                yield f"{run}.{generation}: the ledger's attempts are others"


def _left(study: Study) -> Iterator[str]:
    """Temporary files, and checkpoints of runs that have ended; records of figures stay."""
    runs = study.ledger_state(reports=False).runs.values()
    kept = {run.resume_from.file for run in runs if run.state == "paused" and run.resume_from}
    for file in study.folder.rglob("*"):
        name = str(file.relative_to(study.folder))
        record = file.parent == study.paths.figures and file.suffix == ".json"
        temporary = file.name.startswith(".") and name not in _STAYS and not record
        saved = name.startswith("checkpoints/") and file.name not in kept
        if file.is_file() and (temporary or saved):
            yield name
    claims = sorted(file.name for file in study.paths.claims.iterdir() if file.is_dir())
    if len(claims) != 1:
        yield f"of {claims} in claims/ all but one"
