"""Weights to keep of a run: none, the last, or those of its best evaluation."""

from __future__ import annotations

from typing import Any

from sweeper.space.space import Space
from sweeper.trainable.contract import Report
from sweeper.worker.checkpoints.checkpoint import BestEvaluation
from sweeper.worker.held_run import HeldRun


class KeptWeights:
    """Takes weights from packs as `space.checkpoint.keep` says."""

    def __init__(self, space: Space) -> None:
        self._keep = space.checkpoint.keep
        self._metric = space.score.metric
        self._sign = 1 if space.direction == "maximize" else -1

    def note(self, pack: Any, hold: HeldRun, report: Report) -> None:
        """Looks at a report of `hold` right after `pack` gave it; of equals the first is best.

        A member that diverged has no last weights, but may have had a best evaluation.
        """
        if self._keep == "none":
            return
        if self._keep == "final":
            if report.done and not report.diverged:
                hold.weights = pack.weights(report.member)
            return
        value = report.metrics.get(self._metric)
        if value is not None and not report.diverged and self._better(value, hold.best):
            hold.best = BestEvaluation(value, pack.weights(report.member))
        if report.done and hold.best is not None:
            hold.weights = hold.best.weights

    def _better(self, value: float, best: BestEvaluation | None) -> bool:
        return best is None or self._sign * value > self._sign * best.value
