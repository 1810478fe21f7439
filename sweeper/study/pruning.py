"""Pruning: trials that Optuna's pruners end early.

A pruner sees a trial at a step once a fixed set of its runs has reported there: all its runs, or
those under the first `seeds` seeds; of a study that grew, by the seeds that it began with. What it
sees is the aggregate of their normalised scores.
`wilcoxon` compares run by run: its steps are these runs, and what it sees is how they ended.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sweeper import score
from sweeper.files.atomic import link_first, patiently
from sweeper.ledger.lines.kinds import JudgedLine
from sweeper.ledger.run_record import SCORED, RunRecord
from sweeper.ledger.state import LedgerState
from sweeper.ledger.writer import Writer
from sweeper.plan.plan import Run
from sweeper.space import samplers
from sweeper.study.optuna_memory import OptunaMemory
from sweeper.study.study import Study


class Judge:
    """Judges trials as one worker, by what it has shown to the study in Optuna's `memory`."""

    def __init__(
        self, study: Study, ledger_state: LedgerState, ledger: Writer, memory: OptunaMemory
    ) -> None:
        self._study, self._ledger_state, self._ledger = study, ledger_state, ledger
        self._memory = memory
        self._shown: dict[int, set[int]] = {}

    def feed(self, trial: int, *, ended: bool) -> None:
        """Shows Optuna what the pruner has seen of `trial`, and what it kept of that.

        Of an ended trial that is all there is.
        """
        if not self._memory.prunes:
            return
        lines = self._lines(trial)
        values = {step: line.value for step, line in lines.items()}
        if ended:
            values = self.points(trial) | values
        for step in sorted(set(values) - self._shown.setdefault(trial, set())):
            self._show(trial, step, values[step])
            if step in lines:
                self._memory.set_trial_attributes(trial, lines[step].attributes)

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
        for step, value in sorted(self.points(trial).items()):
            if step not in lines and self._decide(trial, step, value):
                self._prune(trial)
                return

    def _decide(self, trial: int, step: int, value: float) -> bool:
        """Asks the pruner, and records its answer in the ledger before anything follows from it."""
        value = self._shown_value(value)
        before = self._memory.trial_attributes(trial)
        self._show(trial, step, value)
        prune = self._memory.should_prune(trial) and not self._done(trial, step)
        after = self._memory.trial_attributes(trial)
        kept = {key: after[key] for key in after if key not in before or after[key] != before[key]}
        line = JudgedLine(trial, self._lives(trial), step, value, prune, kept)
        self._ledger.write([line.to_json()], sync=prune)
        self._ledger_state.add(self._ledger.worker, line)
        return prune

    def _lines(self, trial: int) -> dict[int, JudgedLine]:
        """The judgements of the trial in the ledger, by step.

        Those from before one of its runs was opened again are left out.
        """
        lives, lines = self._lives(trial), self._ledger_state.judged.get(trial, {})
        return {step: line for step, line in lines.items() if line.lives == lives}

    def _lives(self, trial: int) -> int:
        """How often the runs that judge a trial were opened again, together."""
        records = (self._ledger_state.runs.get(run.id) for run in self._judging_runs(trial))
        return sum(record.generation for record in records if record is not None)

    def _done(self, trial: int, step: int) -> bool:
        """Whether all runs of `trial` have reached their end, so that pruning saves nothing."""
        space = self._study.space
        assert space.pruner is not None
        ends = space.pruner.name != "wilcoxon" and step >= space.steps
        return ends and len(self._judging_runs(trial)) == len(self._study.plan.runs_of(trial))

    def _prune(self, trial: int) -> None:
        name = self._study.paths.pruned(trial)
        patiently(lambda: link_first(name, self._ledger.worker.encode()), name.parent)

    def _shown_value(self, value: float) -> float:
        """What Optuna is shown: where diverged runs decide, what is worse than all else."""
        return self._memory.below_all_reports() if math.isnan(value) else value

    def _show(self, trial: int, step: int, value: float) -> None:
        self._memory.report(trial, step, self._shown_value(value))
        self._shown.setdefault(trial, set()).add(step)

    def points(self, trial: int) -> dict[int, float]:
        """The values by which a trial is judged, by step; NaN where diverged runs decide them."""
        space, runs = self._study.space, self._judging_runs(trial)
        assert space.pruner is not None
        records = [self._ledger_state.runs.get(run.id, RunRecord(run.id)) for run in runs]
        if space.pruner.name == "wilcoxon":
            ended = {index: r for index, r in enumerate(records) if r.state in SCORED}
            scores = {i: None if r.state == "nan" else r.score for i, r in ended.items()}
            return {i: math.nan if own is None else own for i, own in scores.items()}
        curves = [self._curve(run, record) for run, record in zip(runs, records, strict=True)]
        steps = sorted({step for curve in curves for step in curve.points if step >= 0})
        return {
            step: score.aggregate([curve.at(step) for curve in curves], space.score.aggregate)
            for step in steps
            if all(curve.reaches(step) for curve in curves)
        }

    def _judging_runs(self, trial: int) -> list[Run]:
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
        worst = score.worst(minimise=space.direction == "minimize")
        return _Curve(points, record.state == "nan", worst)


@dataclass(frozen=True)
class _Curve:
    """A run's normalised points by step; one that diverged is at its `worst` behind its last."""

    points: dict[int, float]
    diverged: bool
    worst: float

    def reaches(self, step: int) -> bool:
        """Whether it has a value at `step`."""
        return step in self.points or (self.diverged and step > max(self.points, default=-1))

    def at(self, step: int) -> float:
        """Its value at `step`."""
        return self.points.get(step, self.worst)


def pruner(study: Study) -> Any:
    """The pruner of the space, with the resources that Optuna would guess from ended trials."""
    space = study.space
    if space.pruner is None:
        return None
    options = dict(space.pruner.options)
    if space.pruner.name == "hyperband":
        options = {"max_resource": space.steps} | options
    if space.pruner.name == "successivehalving":
        options = {"min_resource": max(1, space.steps // 100)} | options
    return samplers.constructor("pruners", samplers.PRUNERS[space.pruner.name])(**options)
