"""What the runs of a trial have reported so far, seed by seed: the values that pruners judge."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from sweeper import score
from sweeper.ledger.run_record import SCORED, RunRecord
from sweeper.ledger.state import LedgerState
from sweeper.planning.plan import Run
from sweeper.study.study import Study


@dataclass(frozen=True)
class _Curve:
    """A run's normalised points by step; one that diverged is at its `worst` behind its last."""

    task: str
    points: dict[int, float]
    diverged: bool
    worst: float
    end: float | None = None
    """What one that has ended counts with behind its last point."""

    def reaches(self, step: int) -> bool:
        """Whether it has a value at `step`."""
        return step in self.points or (self.diverged and step > max(self.points, default=-1))

    def at(self, step: int) -> float:
        """Its value at `step`."""
        return self.points.get(step, self.worst)

    def since(self, step: int) -> float | None:
        """Its first value from `step` on; `None` where it has none yet, and will have one."""
        later = [place for place in self.points if place >= step]
        return self.points[min(later)] if later else self.end


class TrialCurves:
    """The curves of a trial's runs on all tasks, by the seeds that the study began with."""

    def __init__(self, study: Study, ledger_state: LedgerState, trial: int) -> None:
        self._study = study
        runs = judging_runs(study, trial)
        records = [(run, ledger_state.runs.get(run.id, RunRecord(run.id))) for run in runs]
        self._by_seed = [
            [self._curve(run, record) for run, record in records if run.seed == seed]
            for seed in study.versions[0].space.first_seeds
        ]

    def reached(self) -> dict[int, int]:
        """By how many of the first seeds each step has been reached on all tasks, if by any."""
        found = {step: self._seeds_at(step) for step in _steps(self._by_seed)}
        return {step: seeds for step, seeds in found.items() if seeds}

    def values(self, seeds: int) -> dict[int, float]:
        """The aggregates of the runs under the first `seeds` seeds, by step that all have reached.

        NaN where diverged runs decide them.
        """
        first = self._by_seed[:seeds]
        curves = [curve for own in first for curve in own]
        tasks, how = [curve.task for curve in curves], self._study.space.score.aggregate
        return {
            step: score.aggregate([curve.at(step) for curve in curves], how, tasks)
            for step in _steps(first)
            if all(curve.reaches(step) for curve in curves)
        }

    def standing(self, rung: int, seeds: int, *, ends: bool) -> float | None:
        """The aggregate of the runs under the first `seeds` seeds, each at its first value from
        step `rung` on: runs may report at steps of their own.

        With `ends` runs that ended before count with how they ended. `None` while one has no value.
        """
        curves = [curve for own in self._by_seed[:seeds] for curve in own]
        values = [curve.since(rung) for curve in curves]
        early = [max(curve.points, default=-1) < rung for curve in curves]
        if not curves or None in values or (not ends and any(early)):
            return None
        tasks, how = [curve.task for curve in curves], self._study.space.score.aggregate
        found = [math.nan if value is None else value for value in values]
        return score.aggregate(found, how, tasks)

    def _seeds_at(self, step: int) -> int:
        for seeds, own in enumerate(self._by_seed):
            if not all(curve.reaches(step) for curve in own):
                return seeds
        return len(self._by_seed)

    def _curve(self, run: Run, record: RunRecord) -> _Curve:
        space = self._study.space
        task, metric = space.tasks[run.task], space.score.metric
        points = {
            step: score.normalise(metrics[metric], task.low, task.high)
            for step, metrics in record.reports
            if metric in metrics
        }
        worst = score.worst(minimise=space.direction == "minimize")
        last = points[max(points)] if points else record.score
        end = {"nan": worst, "complete": last}.get(record.state)
        return _Curve(run.task, points, record.state == "nan", worst, end)


def _steps(by_seed: Sequence[Sequence[_Curve]]) -> list[int]:
    """All steps at which some run has reported."""
    return sorted({step for own in by_seed for curve in own for step in curve.points if step >= 0})


class TrialEnds:
    """How the runs of a trial ended, one by one, as `wilcoxon` compares them: runs for steps."""

    def __init__(self, study: Study, ledger_state: LedgerState, trial: int) -> None:
        self._runs = judging_runs(study, trial)
        self._seeds = len(study.versions[0].space.first_seeds)
        self._records = [ledger_state.runs.get(run.id, RunRecord(run.id)) for run in self._runs]

    def reached(self) -> dict[int, int]:
        """The numbers of the runs that have ended, which stand for steps."""
        return dict.fromkeys(self.values(self._seeds), self._seeds)

    def values(self, seeds: int) -> dict[int, float]:
        """Scores of ended runs by their number; NaN of those that diverged."""
        ended = {number: r for number, r in enumerate(self._records) if r.state in SCORED}
        scores = {number: None if r.state == "nan" else r.score for number, r in ended.items()}
        return {number: math.nan if own is None else own for number, own in scores.items()}


def judging_runs(study: Study, trial: int) -> Sequence[Run]:
    """The runs by which a trial may be judged: those of the seeds that the study began with."""
    judges = set(study.versions[0].space.first_seeds)
    return [run for run in study.plan.runs_of(trial) if run.seed in judges]
