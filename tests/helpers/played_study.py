"""Studies that nobody ran, whose runs did as a test says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import yaml

from sweeper.planning.loading import load
from sweeper.study import studies
from sweeper.study.study import Study
from sweeper.worker.training.scoring import outcome

Reports = list[tuple[int, dict[str, float]]]
Outcome = Callable[[Any, Any], tuple[str, Reports] | None]
"""From a run and its trial's labels to its state and reports, or to nothing while it is open."""


def player(folder: Path) -> Callable[..., Study]:
    """Makes studies in `folder`: `went` says how each run did. Other keys are the space's."""

    def play(went: Outcome, name: str = "played", **keys: Any) -> Study:
        (folder / "file.py").write_text("def train(config, run):\n    return 0.0\n")
        keys = {
            "study": "played",
            "function": "file.py:train",
            "tasks": {"line": {"low": 0.0, "high": 2.0}},
            "seeds": 5,
            "steps": 40,
            "score": {"metric": "return"},
        } | keys
        file = folder / f"{name}.yaml"
        file.write_text(yaml.safe_dump(keys, sort_keys=False))
        made = studies.start(folder / "studies" / name, load(file))
        runs = {}
        for run in made.plan.runs:
            ended = went(run, made.plan.trials[run.trial].labels)
            if ended is not None:
                runs[run.id] = _record(made, run, *ended)
        made.ledger_state = lambda **_: SimpleNamespace(runs=runs, workers={})  # type: ignore[method-assign]
        return made

    return play


def _record(made: Study, run: Any, state: str, reports: Reports) -> SimpleNamespace:
    """What the ledger says of a run that ended so."""
    step = reports[-1][0] if reports else 0
    end = outcome(made.space, run, reports, step, diverged=state != "complete")
    return SimpleNamespace(
        state=state,
        reports=reports,
        score=end.score,
        value=end.value,
        also=end.also,
        step=step,
        end=None if state == "running" else end,
        settled=state != "running",
        generation=0,
        attempts=1,
        started=100.0,
        ended=None if state == "running" else 102.5,
        worker="w",
    )
