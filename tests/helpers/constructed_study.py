"""Studies whose ledgers are written at once, as a worker would have written them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

from sweeper.ledger.lines.header import WorkerHeader
from sweeper.ledger.lines.kinds import ClaimLine, EndLine, ReportLine, RunLine, StartLine
from sweeper.ledger.writer import Writer
from sweeper.planning.loading import load
from sweeper.planning.plan import Run
from sweeper.space.overrides import parse_words
from sweeper.study import studies
from sweeper.study.study import Study
from sweeper.worker.training.scoring import outcome

Reports = list[tuple[int, dict[str, float]]]
Went = Callable[[Run, Mapping[str, Any]], tuple[str, Reports] | None]
"""From a run and its trial's labels to how it ended and what it reported; `None` while open."""


def constructed(folder: Path, space: Mapping[str, Any], went: Went, *words: str) -> Study:
    """A study of `space`, changed by `words`, in which the runs went so."""
    begun = started(folder, space, words)
    return played(begun, went, "first")


def extended(folder: Path, space: Mapping[str, Any], went: Went, *words: str) -> Study:
    """That study, grown by `words`, with its new runs played."""
    return played(started(folder, space, words, extend=True), went, "second")


def started(
    folder: Path, space: Mapping[str, Any], words: tuple[str, ...], *, extend: bool = False
) -> Study:
    """The study, in which nobody has trained what is new."""
    (folder / "file.py").write_text("def train(config, run):\n    return 0.0\n")
    file = folder / f"{space['study']}.yaml"
    file.write_text(yaml.safe_dump(dict(space), sort_keys=False))
    loaded = load(file, None, parse_words(words, ())[1])
    return studies.start(folder / "studies" / str(space["study"]), loaded, extend=extend)


def played(begun: Study, went: Went, worker: str) -> Study:
    """The study, opened again, after a worker called so took all runs that were open."""
    known = begun.ledger_state().runs
    writer = Writer(begun.paths.ledger, worker, WorkerHeader(host="here", time=0.0).to_json())
    for run in begun.plan.runs:
        ended = went(run, begun.plan.trials[run.trial].labels)
        if run.id not in known and ended is not None:
            writer.write([line.to_json() for line in _lines(begun, run, worker, *ended)])
    writer.close()
    return Study.open(begun.folder)


def _lines(begun: Study, run: Run, worker: str, state: str, reports: Reports) -> list[RunLine]:
    head = (run.id, 0, 0)
    lines: list[RunLine] = [
        ClaimLine(*head, 0, worker, None, False, 0, None, time=100.0),
        StartLine(*head, 1, pack=1),
        *(ReportLine(*head, 2 + place, *point) for place, point in enumerate(reports)),
    ]
    step = reports[-1][0] if reports else 0
    if state == "failed":
        end = {"state": state, "step": step, "error": "Traceback\nValueError: on purpose"}
    else:
        found = outcome(begun.space, run, reports, step, diverged=state == "nan")
        end = vars(found)
    return [*lines, EndLine(*head, len(lines) - 1, **end, time=102.5)]
