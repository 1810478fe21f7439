"""The categorical head of C51 (Bellemare et al. 2017): a distribution of returns on fixed atoms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from agents.heads.base import BaseHead
from agents.parameter import Parameter

if TYPE_CHECKING:
    import torch
else:
    from agents.lazy import LazyModule

    torch = LazyModule("torch")


_FINEST, _LARGEST = 1e-4, 1e30
"""The least gap between atoms, in parts of the largest, with which projections in single precision
keep their mass to a thousandth; and the largest of atoms."""


class Head(BaseHead):
    """Logits of `head.atoms` returns z_i, evenly spaced from `head.v_min` to `head.v_max`.

    A value is the mean. Targets are projected onto the atoms, losses are cross-entropies, and so
    are the errors that priorities are of (Hessel et al. 2018).
    """

    parameters: ClassVar[Mapping[str, Parameter]] = {
        "head.atoms": Parameter(int, 51, low=2),
        "head.v_min": Parameter(float, -10.0),
        "head.v_max": Parameter(float, 10.0),
    }

    @classmethod
    def check(cls, sizes: Mapping[str, Any]) -> None:
        """Raises ValueError where the support is empty, or single precision cannot have it."""
        low, high = sizes["head.v_min"], sizes["head.v_max"]
        if low >= high:
            raise ValueError(f"head.v_min must be below v_max, which is {high}, got {low}")
        largest = max(abs(low), abs(high))
        if largest > _LARGEST:
            raise ValueError(
                f"head.v_min and v_max must lie within {_LARGEST:g} of 0, got {low} and {high}"
            )
        if high - low < _FINEST * largest * (sizes["head.atoms"] - 1):
            raise ValueError(
                f"head.atoms must be atoms that single precision tells apart, a gap of at least "
                f"{_FINEST:g} of the largest, got {sizes['head.atoms']} from {low} to {high}"
            )

    def __init__(self, sizes: Mapping[str, Any]) -> None:
        super().__init__(sizes)
        self.each = int(sizes["head.atoms"])
        self.scratch = 2 * self.each**2
        self._low, self._high = float(sizes["head.v_min"]), float(sizes["head.v_max"])
        self._gap = (self._high - self._low) / (self.each - 1)

    def _atoms(self, like: torch.Tensor) -> torch.Tensor:
        """The returns z [atoms]; the last is exactly v_max."""
        places = torch.arange(self.each, device=like.device, dtype=like.dtype)
        return (self._low + self._gap * places).clamp(max=self._high)

    def values(self, outputs: torch.Tensor) -> torch.Tensor:
        """Returns the means of the distributions."""
        logits = outputs.view(*outputs.shape[:-1], -1, self.each)
        return (torch.softmax(logits, -1) * self._atoms(outputs)).sum(-1)

    def chosen(self, outputs: torch.Tensor, actions: torch.Tensor) -> torch.Tensor:
        """Returns the logits [P, B, atoms] of the actions."""
        logits = outputs.view(*outputs.shape[:2], -1, self.each)
        places = actions[..., None, None].expand(-1, -1, 1, self.each)
        return logits.gather(2, places).squeeze(2)

    def target(
        self, rewards: torch.Tensor, discounts: torch.Tensor, following: torch.Tensor
    ) -> torch.Tensor:
        """Returns probabilities [P, B, atoms]: those of r + d z, projected onto the atoms.

        The share of z_j that z_i gets is 1 - |r + d z_j - z_i| / gap, at least 0, r + d z_j cut at
        v_min and v_max (Eq. 7).
        """
        atoms = self._atoms(following)
        moved = (rewards[..., None] + discounts[..., None] * atoms).clamp(self._low, self._high)
        off = (moved[..., None, :] - atoms[:, None]).abs_().div_(self._gap)
        shares = off.neg_().add_(1.0).clamp_(min=0.0)
        return (shares * torch.softmax(following, -1)[..., None, :]).sum(-1)

    def mean(self, target: torch.Tensor) -> torch.Tensor:
        """Returns the means [P, B] of probabilities."""
        return (target * self._atoms(target)).sum(-1)

    def loss(self, chosen: torch.Tensor, target: torch.Tensor, kind: str | None) -> torch.Tensor:
        """Returns cross-entropies."""
        return -(target * torch.log_softmax(chosen, -1)).sum(-1)

    def errors(self, chosen: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        """Returns cross-entropies, which are above 0."""
        return self.loss(chosen.detach(), target, None)
