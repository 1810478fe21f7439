"""How steep Q is where the greedy policy goes (Gogianu et al. 2021, section 5.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from agents.analyses.base import GreedyPlay
from agents.replay.frames import as_floats

if TYPE_CHECKING:
    import torch
else:
    from agents.lazy import LazyModule

    torch = LazyModule("torch")


class Analysis(GreedyPlay):
    """The gradient of Q(s, a*) with respect to the observation, a* the greedy action in s.

    `grad_max` and `grad_mean` are the largest and the mean L2 norm of it, over the whole
    observation as the network reads it, of all states that the greedy policy visits; `return` is
    the mean return of its episodes. No power iteration is done, as when evaluating.
    """

    name = "smoothness"
    metrics = ("grad_max", "grad_mean", "return")
    sums = ("largest", "norms", "visited")

    def visit(self, observations: np.ndarray, live: np.ndarray) -> np.ndarray:
        """Takes in the norms at states [P, E, ...]; returns the greedy actions, [P, E]."""
        norms, actions = self.slopes(observations)
        norms = np.where(live, norms, 0.0)
        self.totals["largest"] = np.maximum(self.totals["largest"], norms.max(axis=1))
        self.totals["norms"] += norms.sum(axis=1)
        self.totals["visited"] += live.sum(axis=1)
        return actions

    def slopes(self, observations: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Returns ||grad_s Q(s, a*)||_2 and a*, [P, E] each, of observations [P, E, ...]."""
        network = self.learner.network("critic")
        for parameter in network.parameters:
            parameter.requires_grad_(False)
        x = torch.from_numpy(observations).to(self.device)
        x = as_floats(x, self.high).clone().requires_grad_(True)
        q = network.values(x)
        actions = q.detach().argmax(2)
        best = q.gather(2, actions[..., None])
        (slopes,) = torch.autograd.grad(best.sum(), x)
        flat = slopes.flatten(2).cpu().numpy().astype(np.float64)
        return np.sqrt(np.square(flat).sum(axis=2)), actions.cpu().numpy()

    def found(self) -> dict[str, np.ndarray]:
        """Returns the largest and the mean norm, [P]."""
        totals = self.totals
        return {"grad_max": totals["largest"], "grad_mean": totals["norms"] / totals["visited"]}
