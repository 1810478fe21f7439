"""The effective rank of the critic's features of consecutive states (Gogianu et al. 2021, Fig. 21).

The paper gives no number of states; its public code takes 32 of an evaluation.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from agents.diagnostics.base import EvaluationDiagnostic, Measures
from agents.diagnostics.effective_rank import srank
from agents.diagnostics.spectra import singular_values
from agents.envs import tasks
from agents.envs.settings import Settings
from agents.replay.batch import Batch
from agents.replay.frames import as_floats

if TYPE_CHECKING:
    import torch
else:
    from agents.lazy import LazyModule

    torch = LazyModule("torch")

STATES = 32
"""Consecutive states of one copy of the environment, whose features one rank is of."""
MOST = 64
"""The most ranks that are averaged."""


class Diagnostic(EvaluationDiagnostic):
    """The mean srank of what the (first) critic's head reads in 32 consecutive states.

    Every copy's states are taken in their order from the first on, over the ends of episodes where
    it plays on, 32 at a time: at most 64 times 32 states of an evaluation, as many of each copy.
    What is left of fewer than 32 counts for nothing. So a rank is at most 32, and of states that
    are alike; `srank` is of states from all over the replay.
    """

    @classmethod
    def metrics(cls, networks: Sequence[str]) -> Sequence[str]:
        """Returns the rank's name, which holds the number of states."""
        return (f"srank_{STATES}",)

    def begin(self, observations: np.ndarray, actions: np.ndarray) -> None:
        """Forgets the last evaluation."""
        members, copies = actions.shape[0], min(actions.shape[1], MOST)
        self._rounds = MOST // copies
        self._seen: list[tuple[np.ndarray, np.ndarray]] = []
        self._whole = np.ones((members, copies), dtype=bool)
        self._sums, self._counts = np.zeros(members), np.zeros(members)

    def see(self, observations: np.ndarray, actions: np.ndarray, live: np.ndarray) -> None:
        """Keeps the states until there are 32 of each copy, then measures these."""
        if not self._rounds:
            return
        copies = self._whole.shape[1]
        self._seen.append((observations[:, :copies].copy(), actions[:, :copies].copy()))
        self._whole &= live[:, :copies]
        if len(self._seen) == STATES:
            if self._whole.any():
                self._measure()
            self._rounds -= 1
            self._seen = []

    def record(self, rewards: np.ndarray, terminals: np.ndarray, over: np.ndarray) -> None:
        """Does nothing: states are all that counts."""

    def found(self) -> Measures:
        """Returns every member's mean, NaN where no copy played 32 steps."""
        with np.errstate(invalid="ignore"):
            return {f"srank_{STATES}": self._sums / self._counts}

    def _measure(self) -> None:
        """Adds the ranks of the copies that were live in all 32 states."""
        seen = zip(*self._seen, strict=True)
        features = self._features(*(np.stack(part, axis=2) for part in seen))
        for member in np.flatnonzero(self._whole.any(1)).tolist():
            whole = torch.from_numpy(self._whole[member])
            ranks = srank(singular_values(features[member][whole.to(features.device)]))
            self._sums[member] += ranks.sum()
            self._counts[member] += len(ranks)

    def _features(self, observations: np.ndarray, actions: np.ndarray) -> torch.Tensor:
        """Returns features [P, E, B, F] of states and actions [P, E, B, ...]; no iteration."""
        members, copies, states = observations.shape[:3]
        high = tasks.shape(self.runs[0].task, Settings.of(self.params)).high
        with torch.no_grad():
            net = self.learner.network("critic")
            seen, taken = (
                torch.from_numpy(part.reshape(members, copies * states, *part.shape[3:])).to(
                    net.parameters[0].device
                )
                for part in (observations, actions)
            )
            floats = as_floats(seen, high)
            nothing = floats.new_zeros(floats.shape[:2])
            batch = Batch(floats, taken, nothing, nothing, floats)
            features = net.features(self.learner.network_inputs("critic", batch))
        return features.view(members, copies, states, -1)
