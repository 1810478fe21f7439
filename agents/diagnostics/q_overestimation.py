"""By how much the critic's value exceeds the return that follows (Hui 2022, Fig. 3.2)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from agents.diagnostics.base import EvaluationDiagnostic, Measures

_REST = 0.01


class Diagnostic(EvaluationDiagnostic):
    """Q(s0, a0) minus the discounted return of the episode from s0, at every evaluation.

    The mean over the first episode of each of an evaluation's copies. A truncated one counts where
    gamma^T < 0.01, as if nothing followed, and else not: without one that counts there is none.
    Rewards are scaled as the critic's are. Q is the (first) critic's; a soft one holds entropies.
    """

    @classmethod
    def metrics(cls, networks: Sequence[str]) -> Sequence[str]:
        """The difference."""
        return ("q_overestimation",)

    def begin(self, observations: np.ndarray, actions: np.ndarray) -> None:
        """Q of the first states and actions."""
        self._q = self.learner.q_values(observations, actions).astype(np.float64)
        self._return, self._weight = np.zeros_like(self._q), np.ones_like(self._q)
        self._going = np.ones(self._q.shape, dtype=bool)
        self._counts = np.zeros(self._q.shape, dtype=bool)

    def record(self, rewards: np.ndarray, terminals: np.ndarray, over: np.ndarray) -> None:
        """Rewards of first episodes count; their weight becomes gamma times what it was."""
        self._return += np.where(self._going, self._weight * self._scale() * rewards, 0.0)
        self._weight *= self._vector("gamma")
        self._counts |= self._going & over & (terminals | (self._weight < _REST))
        self._going &= ~over

    def found(self) -> Measures:
        """The mean of every member's."""
        excess = self._q - self._return
        means = [
            row[counts].mean() if counts.any() else np.nan
            for row, counts in zip(excess, self._counts, strict=True)
        ]
        return {"q_overestimation": np.array(means)}

    def _scale(self) -> np.ndarray | float:
        return self._vector("reward_scale") if "reward_scale" in self.params else 1.0

    def _vector(self, name: str) -> np.ndarray:
        return np.array([[float(run.params[name])] for run in self.runs])
