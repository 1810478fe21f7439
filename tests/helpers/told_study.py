"""Studies whose ledger a test writes line by line, as workers would."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sweeper.ledger.lines.header import WorkerHeader
from sweeper.ledger.lines.kinds import ClaimLine, EndLine, ReportLine, StartLine
from sweeper.ledger.run_record import Point
from sweeper.ledger.writer import Writer
from sweeper.planning.plan import Run
from sweeper.study.study import Study
from sweeper.worker.training.scoring import outcome
from tests.helpers.constructed_study import started

SPACE: dict[str, Any] = {
    "study": "told",
    "function": "file.py:train",
    "axes": {
        "lr": {"kind": "float", "values": [0.1, 0.001, 0.5, 0.25]},
        "layers": {"kind": "choice", "values": ["none", "[-1] η"]},
    },
    "tasks": {"games/ping pong η": {"low": 0.0, "high": 2.0}},
    "seeds": 1,
    "steps": 40,
    "score": {"metric": "return"},
}


class Told:
    """A study and one worker that tells of its runs, which have one attempt but for `takes`."""

    def __init__(self, folder: Path, **keys: Any) -> None:
        self._tell_of(started(folder, SPACE | keys, ()))

    @classmethod
    def of(cls, study: Study) -> Told:
        """A worker that tells of the runs of a study that is there."""
        told = cls.__new__(cls)
        told._tell_of(study)
        return told

    def _tell_of(self, study: Study) -> None:
        self.study = study
        header = WorkerHeader(host="here", time=0.0).to_json()
        self._writer = Writer(self.study.paths.ledger, "teller-1-000000", header)
        self._at: dict[str, tuple[int, int]] = {}

    @property
    def runs(self) -> list[Run]:
        return self.study.plan.runs

    def takes(self, run: Run, supersedes: int | None = None) -> None:
        """A worker takes a run, or takes it over and begins anew."""
        attempt = self._at[run.id][0] + 1 if run.id in self._at else 0
        head = (run.id, 0, attempt)
        claim = ClaimLine(*head, 0, "teller-1-000000", supersedes, 0, None, time=100.0)
        self._writer.write([claim.to_json(), StartLine(*head, 1, pack=1).to_json()])
        self._at[run.id] = attempt, 1

    def reports(self, run: Run, *points: Point) -> None:
        for step, metrics in points:
            attempt, last = self._at[run.id]
            line = ReportLine(run.id, 0, attempt, last + 1, step, metrics)
            self._writer.write([line.to_json()])
            self._at[run.id] = attempt, last + 1

    def ends(self, run: Run, state: str) -> None:
        attempt, last = self._at[run.id]
        reports = self.study.ledger_state().runs[run.id].reports
        step = reports[-1][0] if reports else 0
        told: dict[str, Any] = {"state": state, "step": step}
        if state in ("complete", "nan"):
            told = vars(outcome(self.study.space, run, reports, step, diverged=state == "nan"))
        if state == "failed":
            told["error"] = "Traceback\nValueError: on purpose, η"
        self._writer.write([EndLine(run.id, 0, attempt, last, **told, time=140.0).to_json()])

    def tells(self, run: Run, state: str, *points: Point) -> None:
        """All of a run at once; one in state `running` does not end."""
        self.takes(run)
        self.reports(run, *points)
        if state != "running":
            self.ends(run, state)


def of_every_state(folder: Path) -> Told:
    """Eight runs: one of each state, one without reports, and one that nobody took."""
    told = Told(folder)
    odd = {"return": 0.5, "loss/η (odd) #1": float("inf"), "a//b": float("nan"), "../x": -1.5}
    odd |= {f"sweeper/{name}": 7.0 for name in ("score", "value", "state", "error")}
    odd |= {"": 1.0, "_step": 3.0, "_timestamp": 4.0, "_runtime": 5.0}
    nan = (10, {"return": float("nan")})
    later = [(step, {"return": step / 40}) for step in (10, 20, 40)]
    states = ("complete", "failed", "nan", "pruned", "running", "running", "timeout")
    points = ([(5, odd), *later], later[:1], [nan], later[:2], later[:2], [], [])
    for run, state, reports in zip(told.runs, states, points, strict=False):
        told.tells(run, state, *reports)
    return told
