"""Which trials end early, by Optuna's pruners.

A pruner sees a trial at a step once a fixed set of its runs has reported there: all its runs, or
those under the first `seeds` seeds; of a study that grew, by the seeds that it began with. What it
sees is the aggregate of their normalised scores.
`wilcoxon` compares run by run: its steps are these runs, and what it sees is how they ended.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import optuna

from sweeper import score
from sweeper.files.atomic import link_first, patiently
from sweeper.ledger.lines.kinds import JudgedLine
from sweeper.ledger.run_record import SCORED, RunRecord
from sweeper.ledger.state import LedgerState
from sweeper.ledger.writer import Writer
from sweeper.plan.plan import Run
from sweeper.space import samplers
from sweeper.study.study import Study


class Judge:
    """Judges trials as one worker; `judged` is the study in Optuna's memory."""

    def __init__(
        self, study: Study, ledger_state: LedgerState, ledger: Writer, judged: optuna.Study
    ) -> None:
        self._study, self._ledger_state, self._ledger = study, ledger_state, ledger
        self._optuna, self._memory = judged, judged._storage
        self._pruner = _pruner(study)
        judged.pruner = self._pruner
        self._shown: dict[int, set[int]] = {}

    def feed(self, trial: int, *, ended: bool) -> None:
        """Shows Optuna what the pruner has seen of `trial`, and what it kept of that.

        Of an ended trial that is all there is.
        """
        if self._pruner is None:
            return
        lines = self._lines(trial)
        values = {step: line.value for step, line in lines.items()}
        if ended:
            values = self._points(trial) | values
        for step in sorted(set(values) - self._shown.setdefault(trial, set())):
            self._show(trial, step, values[step])
            for key, kept in lines[step].attributes.items() if step in lines else ():
                self._memory.set_trial_system_attr(self._id(trial), key, kept)

    def judge(self, trials: Iterable[int]) -> None:
        """Judges each of `trials` at every step that it has reached since, in their order."""
        for trial in sorted(set(trials)):
            if not self._study.paths.pruned(trial).exists():
                self._judge(trial)

    def _judge(self, trial: int) -> None:
        lines = self._lines(trial)
        if any(line.prune for line in lines.values()):
            self._prune(trial)
            return
        for step, value in sorted(self._points(trial).items()):
            if step not in lines and self._decide(trial, step, value):
                self._prune(trial)
                return

    def _decide(self, trial: int, step: int, value: float) -> bool:
        """Asks the pruner, and writes down what it says before anything follows from it."""
        assert self._pruner is not None
        before = dict(self._memory.get_trial(self._id(trial)).system_attrs)
        self._show(trial, step, value)
        frozen = self._memory.get_trial(self._id(trial))
        prune = bool(self._pruner.prune(self._optuna, frozen)) and not self._done(trial, step)
        after = self._memory.get_trial(self._id(trial)).system_attrs
        kept = {key: after[key] for key in after if key not in before or after[key] != before[key]}
        line = JudgedLine(trial, self._lives(trial), step, value, prune, kept)
        self._ledger.write([line.to_json()], sync=prune)
        self._ledger_state.add(self._ledger.worker, line)
        return prune

    def _lines(self, trial: int) -> dict[int, JudgedLine]:
        """What was said of the trial, by step; what was said before one of its runs was reopened
        no longer counts.
        """
        lives, lines = self._lives(trial), self._ledger_state.judged.get(trial, {})
        return {step: line for step, line in lines.items() if line.lives == lives}

    def _lives(self, trial: int) -> int:
        """How often the runs that judge a trial were opened again, together."""
        records = (self._ledger_state.runs.get(run.id) for run in self._set(trial))
        return sum(record.generation for record in records if record is not None)

    def _done(self, trial: int, step: int) -> bool:
        """Whether all runs of `trial` have got to the end: there is nothing left to save."""
        space = self._study.space
        assert space.pruner is not None
        ends = space.pruner.name != "wilcoxon" and step >= space.steps
        return ends and len(self._set(trial)) == len(self._study.plan.runs_of(trial))

    def _prune(self, trial: int) -> None:
        name = self._study.paths.pruned(trial)
        patiently(lambda: link_first(name, self._ledger.worker.encode()), name.parent)

    def _show(self, trial: int, step: int, value: float) -> None:
        self._memory.set_trial_intermediate_value(self._id(trial), step, value)
        self._shown.setdefault(trial, set()).add(step)

    def _id(self, trial: int) -> int:
        id: int = self._memory.get_trial_id_from_study_id_trial_number(
            self._optuna._study_id, trial
        )
        return id

    def _points(self, trial: int) -> dict[int, float]:
        """What there is to see of a trial, by step."""
        space, runs = self._study.space, self._set(trial)
        assert space.pruner is not None
        records = [self._ledger_state.runs.get(run.id, RunRecord(run.id)) for run in runs]
        if space.pruner.name == "wilcoxon":
            return {
                index: float(record.score)
                for index, record in enumerate(records)
                if record.state in SCORED and record.score is not None
            }
        curves = [self._curve(run, record) for run, record in zip(runs, records, strict=True)]
        steps = sorted({step for curve in curves for step in curve.points if step >= 0})
        return {
            step: score.aggregate([curve.at(step) for curve in curves], space.score.aggregate)
            for step in steps
            if all(curve.reaches(step) for curve in curves)
        }

    def _set(self, trial: int) -> list[Run]:
        """The runs by which a trial is judged."""
        space = self._study.versions[0].space
        assert space.pruner is not None
        judges = set(space.seeds[: space.pruner.seeds])
        return [run for run in self._study.plan.runs_of(trial) if run.seed in judges]

    def _curve(self, run: Run, record: RunRecord) -> _Curve:
        space = self._study.space
        task, metric = space.tasks[run.task], space.score.metric
        points = {
            step: score.normalise(metrics[metric], task.low, task.high)
            for step, metrics in record.reports
            if metric in metrics
        }
        if record.state == "nan" and not points:
            points[-1] = score.normalise(space.worst(run.task), task.low, task.high)
        return _Curve(points, record.state == "nan")


@dataclass(frozen=True)
class _Curve:
    """A run's normalised points by step; one that diverged holds its last."""

    points: dict[int, float]
    diverged: bool

    def reaches(self, step: int) -> bool:
        return step in self.points or (self.diverged and step > max(self.points))

    def at(self, step: int) -> float:
        return self.points[step] if step in self.points else self.points[max(self.points)]


def _pruner(study: Study) -> Any:
    """The pruner of the space; what Optuna would guess from ended trials, the space knows."""
    space = study.space
    if space.pruner is None:
        return None
    options = dict(space.pruner.options)
    if space.pruner.name == "hyperband":
        options = {"max_resource": space.steps} | options
    if space.pruner.name == "successivehalving":
        options = {"min_resource": max(1, space.steps // 100)} | options
    return samplers.constructor("pruners", samplers.PRUNERS[space.pruner.name])(**options)
