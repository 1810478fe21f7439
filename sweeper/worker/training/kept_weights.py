"""What to keep of a run: no weights, the last, those of its best evaluation, or all its state."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from sweeper.files.arrays import STATE
from sweeper.space.space import Space
from sweeper.trainable.abilities import SupportsSegments
from sweeper.trainable.contract import Report, State
from sweeper.worker.checkpoints.checkpoint import BestEvaluation
from sweeper.worker.held_run import HeldRun


class KeptWeights:
    """Takes weights from packs as `space.checkpoint.keep` says."""

    def __init__(
        self, space: Space, guarded: Callable[[], AbstractContextManager[None]] = nullcontext
    ) -> None:
        """`guarded` gives what a pack is called in when it is asked later than in `note`."""
        self._guarded = guarded
        self._keep = space.checkpoint.keep
        self._metric = space.score.metric
        self._sign = 1 if space.direction == "maximize" else -1

    def note(self, pack: Any, hold: HeldRun, report: Report) -> None:
        """Looks at a report of `hold` right after `pack` gave it; of equals the first is best.

        A member that diverged has no last weights, but may have had a best evaluation.
        """
        if self._keep == "none":
            return
        if self._keep in ("final", "state"):
            if report.done and not report.diverged:
                last = self._state if self._keep == "state" else _weights
                hold.weights = last(pack, report.member)
            return
        value = report.metrics.get(self._metric)
        if value is not None and not report.diverged and self._better(value, hold.best):
            hold.best = BestEvaluation(value, pack.weights(report.member))
        if report.done and hold.best is not None:
            hold.weights = hold.best.weights

    def _state(self, pack: Any, member: int) -> Callable[[], State]:
        """Gives the last weights and the whole state: when it is written, one run's at a time."""

        def whole() -> State:
            with self._guarded():
                if isinstance(pack, SupportsSegments):
                    small, rows = pack.save_since(member, 0)
                    state: State = small | rows.arrays
                else:
                    state = pack.save(member) or {}
                weights: State = pack.weights(member)
                return weights | {f"{STATE}/{name}": array for name, array in state.items()}

        return whole

    def _better(self, value: float, best: BestEvaluation | None) -> bool:
        return best is None or self._sign * value > self._sign * best.value


def _weights(pack: Any, member: int) -> State | None:
    """The last weights; `None` where there are none."""
    return pack.weights(member) or None
