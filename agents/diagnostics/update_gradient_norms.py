"""The norms of the gradients of all updates (Bjorck et al. 2021, Figs. 3 and 6)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from agents.diagnostics.base import UpdateDiagnostic

if TYPE_CHECKING:
    import torch
else:
    from agents.lazy import LazyModule

    torch = LazyModule("torch")


class Diagnostic(UpdateDiagnostic):
    """The L2 norm of all gradients of a network, at every update, before anything scales them.

    Of several critics it is over all of them, whose losses are added up; of an agent that learns
    from images also over the parts of the encoder that learn with the network.
    """

    measured = "grad_norm_{}"

    def of_update(self, loss: torch.Tensor, gradients: Sequence[torch.Tensor]) -> torch.Tensor:
        """Returns the norms [P]."""
        return norms(gradients, len(self.runs))


def norms(gradients: Sequence[torch.Tensor], members: int) -> torch.Tensor:
    """Returns the L2 norms [P] of gradients [P C, ...], float64.

    On a CPU each member's tensors are reduced by themselves, so that its norm is bit for bit the
    same in any pack.
    """
    rows = [gradient.reshape(members, -1) for gradient in gradients]
    whole: torch.Tensor
    if rows[0].device.type == "cpu":
        split = [row.contiguous().unbind(0) for row in rows]
        parts = [own[member] for member in range(members) for own in split]
        found = torch.stack(torch._foreach_norm(parts)).double().view(members, -1)
        whole = torch.stack(torch._foreach_norm(list(found.unbind(0))))
    else:
        norms_of = [torch.linalg.vector_norm(row, dim=1, dtype=torch.float64) for row in rows]
        whole = torch.linalg.vector_norm(torch.stack(norms_of), dim=0)
    return whole
