"""Norms of the features [P, B, N] of P networks; no operation mixes members."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch
    import torch.nn.functional as F
else:
    from agents.lazy import LazyModule

    torch = LazyModule("torch")
    F = LazyModule("torch.nn.functional")

NORMS = ("none", "layer")


def made(sizes: Mapping[str, Any], members: int, features: int, device: str) -> Norm | None:
    """The norm that `norm` names; with a learned scale and offset where `affine` says so."""
    name = sizes.get("norm", "none")
    if name == "none":
        return None
    return LayerNorm(members, features, bool(sizes.get("affine", False)), device)


class Norm(ABC):
    """A norm; `weight` and `bias` [P, N] scale and shift what it gives where it is affine."""

    def __init__(self, members: int, features: int, affine: bool, device: str) -> None:
        self.affine = affine
        self.weight = torch.ones(members, features if affine else 0, device=device)
        self.bias = torch.zeros(members, features if affine else 0, device=device)

    @property
    def parameters(self) -> list[torch.Tensor]:
        """What is learned."""
        return [self.weight, self.bias] if self.affine else []

    def tensors(self) -> list[tuple[str, torch.Tensor]]:
        """What belongs in a checkpoint, by name."""
        return [("weight", self.weight), ("bias", self.bias)] if self.affine else []

    @abstractmethod
    def normal(self, x: torch.Tensor, training: bool) -> torch.Tensor:
        """x [P, B, N] normalised."""

    def __call__(self, x: torch.Tensor, training: bool) -> torch.Tensor:
        """x [P, B, N] normalised, then scaled and shifted where the norm is affine."""
        normal = self.normal(x, training)
        return normal * self.weight[:, None] + self.bias[:, None] if self.affine else normal


class LayerNorm(Norm):
    """Every row's features to mean 0 and variance 1 (Ba et al. 2016; eps 1e-5)."""

    def normal(self, x: torch.Tensor, training: bool) -> torch.Tensor:
        """Each row by itself; a batch has no part in it."""
        return F.layer_norm(x, x.shape[-1:])
