"""SACLite (Hui 2022, Alg. 2): SAC whose targets leave out the entropy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agents.learners import sac
from agents.replay.batch import Batch

if TYPE_CHECKING:
    import torch
else:
    from agents.lazy import LazyModule

    torch = LazyModule("torch")


class Learner(sac.Learner):
    """SAC with plain values in targets; where Algorithm 2 prints one critic there are two."""

    def next_values(self, batch: Batch, noise: torch.Tensor | None) -> torch.Tensor:
        """Returns min_j Q'_j(s', a') with a' ~ pi, [P, B]."""
        actions, _ = self.next_actions(batch.next_observations, noise)
        return self.min_q(batch.next_observations, actions, target=True)
