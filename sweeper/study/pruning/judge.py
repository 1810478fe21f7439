"""Judgements of trials, as Optuna's pruners make them of what the trials' runs have reported.

A trial is judged once at each step, by the runs under as many of its first seeds as have reached
the step by then: by one seed where runs go one by one, by all where they train together. What is
judged is the aggregate of their normalised scores, and what it is compared with is the aggregate of
the same set of runs of other trials. `wilcoxon` compares run by run: its steps are these runs, and
what it sees is how they ended. Only the seeds that a study began with judge.
"""

from __future__ import annotations

from collections.abc import Iterable

from sweeper.files.atomic import link_first, patiently
from sweeper.ledger.lines.kinds import JudgedLine
from sweeper.ledger.state import LedgerState
from sweeper.ledger.writer import Writer
from sweeper.study.pruning.curves import TrialCurves, TrialEnds, judging_runs
from sweeper.study.pruning.promotion import Promotions
from sweeper.study.pruning.seed_view import SeedView, Verdict
from sweeper.study.sampling.optuna_memory import OptunaMemory
from sweeper.study.study import Study


class Judge:
    """Judges trials as one worker; Optuna's `memory`, which samplers look at, is told as well."""

    def __init__(
        self, study: Study, ledger_state: LedgerState, ledger: Writer, memory: OptunaMemory
    ) -> None:
        self._study, self._ledger_state, self._ledger = study, ledger_state, ledger
        self._memory = memory
        self._told: dict[int, set[int]] = {}
        self._verdicts: dict[int, Verdict | None] = {}
        self._views: dict[int, SeedView] = {}

    def feed(self, trial: int, verdict: Verdict | None) -> None:
        """Takes in what is known of `trial`, and how it ended where it has."""
        if not self._memory.prunes:
            return
        self._verdicts[trial] = verdict
        for _, line in sorted(self._lines(trial).items()):
            self._tell(trial, line)
        for seeds in self._views:
            self._feed_view(seeds, trial)

    def judge(self, trials: Iterable[int]) -> None:
        """Judges each of `trials` at every step that it has reached since, in their order."""
        for trial in sorted(set(trials)):
            if not self._study.paths.pruned(trial).exists():
                self._judge(trial)

    def curves(self, trial: int) -> TrialCurves | TrialEnds:
        """What the runs by which a trial is judged have come to."""
        pruner = self._study.space.pruner
        assert pruner is not None
        kind = TrialEnds if pruner.name == "wilcoxon" else TrialCurves
        return kind(self._study, self._ledger_state, trial)

    def _judge(self, trial: int) -> None:
        lines = self._lines(trial)
        if any(line.prune for line in lines.values()):
            self._prune(trial)
            return
        pruner, curves = self._study.space.pruner, self.curves(trial)
        assert pruner is not None
        if self._study.promotions is not None:
            assert isinstance(curves, TrialCurves)
            self._stand(trial, self._study.promotions, curves)
            return
        for step, seeds in sorted(curves.reached().items()):
            if step in lines or seeds < (pruner.seeds or 1):
                continue
            if self._decide(trial, step, seeds, curves.values(seeds)):
                self._prune(trial)
                return

    def _stand(self, trial: int, promotions: Promotions, curves: TrialCurves) -> None:
        """Records how good a trial is at each rung that enough of its seeds have come to.

        Runs that have ended before count where it may pause next, as on a task of fewer steps.
        """
        pruner, lines = self._study.space.pruner, self._lines(trial)
        needed = (pruner and pruner.seeds) or len(self._study.versions[0].space.first_seeds)
        for rung in promotions.rungs:
            value = curves.standing(rung, needed, ends=rung <= promotions.bound(trial))
            if value is None or rung in lines:
                continue
            line = JudgedLine(trial, self.lives(trial), rung, value, False, {}, needed)
            self._ledger.write([line.to_json()], sync=True)
            self._ledger_state.add(self._ledger.worker, line)
            self._tell(trial, line)

    def _decide(self, trial: int, step: int, seeds: int, values: dict[int, float]) -> bool:
        """Asks the pruner, and records its answer in the ledger before anything follows from it."""
        until = {place: value for place, value in values.items() if place <= step}
        prune, kept, value = self._view(seeds).prune(trial, until)
        prune = prune and not self._done(trial, step, seeds)
        line = JudgedLine(trial, self.lives(trial), step, value, prune, kept, seeds)
        self._ledger.write([line.to_json()], sync=prune)
        self._ledger_state.add(self._ledger.worker, line)
        self._tell(trial, line)
        return prune

    def _view(self, seeds: int) -> SeedView:
        """The trials by their first `seeds` seeds."""
        if seeds not in self._views:
            self._views[seeds] = SeedView(self._study.space)
            for trial in sorted(self._verdicts):
                self._feed_view(seeds, trial)
        return self._views[seeds]

    def _feed_view(self, seeds: int, trial: int) -> None:
        """Of a trial that has not ended others see no more than what the pruner kept of it."""
        verdict = self._verdicts[trial]
        values = {} if verdict is None else self.curves(trial).values(seeds)
        lines = [line for _, line in sorted(self._lines(trial).items())]
        kept = [line.attributes for line in lines if line.seeds in (seeds, None)]
        self._views[seeds].feed(trial, values, kept, verdict)

    def _tell(self, trial: int, line: JudgedLine) -> None:
        """Tells samplers what was judged: those of pruned trials are best that got furthest."""
        told = self._told.setdefault(trial, set())
        if line.step not in told:
            place = ((line.seeds or 1) - 1) * self._study.space.steps + line.step
            self._memory.report(trial, place, line.value)
            told.add(line.step)

    def _lines(self, trial: int) -> dict[int, JudgedLine]:
        """The judgements of the trial in the ledger, by step.

        Those from before one of its runs was opened again are left out.
        """
        lives, lines = self.lives(trial), self._ledger_state.judged.get(trial, {})
        return {step: line for step, line in lines.items() if line.lives == lives}

    def lives(self, trial: int) -> int:
        """How often the runs that judge a trial were opened again, together."""
        runs = judging_runs(self._study, trial)
        records = (self._ledger_state.runs.get(run.id) for run in runs)
        return sum(record.generation for record in records if record is not None)

    def _done(self, trial: int, step: int, seeds: int) -> bool:
        """Whether all runs of `trial` have reached their end, so that pruning saves nothing."""
        space = self._study.space
        assert space.pruner is not None
        ends = space.pruner.name != "wilcoxon" and step >= space.steps
        return ends and seeds == len(space.first_seeds)

    def _prune(self, trial: int) -> None:
        name = self._study.paths.pruned(trial)
        patiently(lambda: link_first(name, self._ledger.worker.encode()), name.parent)
