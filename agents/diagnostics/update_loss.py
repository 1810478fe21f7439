"""The losses of all updates (Bjorck et al. 2021, Fig. 3)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from agents.diagnostics.base import UpdateDiagnostic

if TYPE_CHECKING:
    import torch


class Diagnostic(UpdateDiagnostic):
    """The loss that each update of a network descends; of several critics the sum of theirs."""

    measured = "{}_loss"

    def of_update(self, loss: torch.Tensor, gradients: Sequence[torch.Tensor]) -> torch.Tensor:
        """Returns the loss [P]."""
        return loss
