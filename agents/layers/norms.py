"""Norms of the features [P, B, N] of P networks; no operation mixes members.

A network's `norm.kind` names one, `norm.groups` counts the groups of `group`, and with
`norm.affine` a scale and an offset are learned. That is what an axis of kind `norm` sets.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch
    import torch.nn.functional as F

    from agents.layers.functional import autograd
else:
    from agents.lazy import LazyModule

    torch = LazyModule("torch")
    F = LazyModule("torch.nn.functional")
    autograd = LazyModule("agents.layers.functional.autograd")

NORMS = ("none", "layer", "group", "batch")
EPS = 1e-5
MOMENTUM = 0.1


def kind(sizes: Mapping[str, Any]) -> str:
    """Returns the norm that `norm.kind` names, `none` where nothing does."""
    return str(sizes.get("norm.kind", "none"))


def check(sizes: Mapping[str, Any]) -> None:
    """Raises ValueError unless groups of equal size, of at least 2, make up the units.

    A feature that is normalised by itself is 0 whatever it was.
    """
    units, which = sizes["units"], kind(sizes)
    if which == "layer" and units < 2:
        raise ValueError(f"units must be at least 2 with norm.kind=layer, but got {units}")
    groups = sizes["norm.groups"] if which == "group" else 1
    if which == "group" and (units % groups or groups == units):
        valid = ", ".join(str(n) for n in range(1, units) if units % n == 0)
        raise ValueError(
            f"norm.groups must divide the {units} units into groups of at least 2, but got "
            f"{groups}; valid: {valid or 'none'}"
        )


def build(sizes: Mapping[str, Any], members: int, features: int, device: str) -> Norm | None:
    """Returns the norm that `sizes` describe, `None` where they describe none."""
    affine = bool(sizes.get("norm.affine", False))
    if kind(sizes) == "layer":
        return LayerNorm(members, features, affine, device)
    if kind(sizes) == "group":
        return GroupNorm(members, features, affine, device, sizes["norm.groups"])
    if kind(sizes) == "batch":
        return BatchNorm(members, features, affine, device)
    return None


def counts(sizes: Mapping[str, Any], features: int) -> tuple[int, int]:
    """Returns how many numbers the norm of `sizes` learns, and how many a pass keeps of one row.

    Kept are what it gives, twice where it is affine, and a mean and a deviation for each group.
    """
    if kind(sizes) == "none":
        return 0, 0
    affine = features if sizes.get("norm.affine", False) else 0
    groups = {"layer": 1, "group": sizes.get("norm.groups", 1), "batch": 0}[kind(sizes)]
    return 2 * affine, features + affine + 2 * groups


class Norm(ABC):
    """P norms; `weight` and `bias` [P, N] scale and shift their results where they are affine."""

    def __init__(self, members: int, features: int, affine: bool, device: str) -> None:
        self.affine = affine
        self.weight = torch.ones(members, features if affine else 0, device=device)
        self.bias = torch.zeros(members, features if affine else 0, device=device)

    @property
    def parameters(self) -> list[torch.Tensor]:
        """Learned tensors."""
        return [self.weight, self.bias] if self.affine else []

    def tensors(self) -> list[tuple[str, torch.Tensor]]:
        """Returns the tensors of a checkpoint, by name."""
        return [("weight", self.weight), ("bias", self.bias)] if self.affine else []

    @abstractmethod
    def normal(self, x: torch.Tensor, training: bool) -> torch.Tensor:
        """Returns x [P, B, N] normalised."""

    def __call__(self, x: torch.Tensor, training: bool) -> torch.Tensor:
        """Returns x [P, B, N] normalised, then scaled and shifted where the norm is affine."""
        normal = self.normal(x, training)
        return (normal * self.weight[:, None]).add_(self.bias[:, None]) if self.affine else normal


class LayerNorm(Norm):
    """Normalises every row's features to mean 0 and variance 1 (Ba et al. 2016)."""

    def normal(self, x: torch.Tensor, training: bool) -> torch.Tensor:
        """Returns each row normalised by itself, without statistics of the batch."""
        return F.layer_norm(x, x.shape[-1:], eps=EPS)


class GroupNorm(Norm):
    """Normalises every row's `groups` of features to mean 0 and variance 1 (Wu & He 2018)."""

    def __init__(self, members: int, features: int, affine: bool, device: str, groups: int) -> None:
        super().__init__(members, features, affine, device)
        self.groups = groups

    def normal(self, x: torch.Tensor, training: bool) -> torch.Tensor:
        """Returns each row normalised by itself, without statistics of the batch."""
        grouped = x.view(*x.shape[:-1], self.groups, -1)
        return autograd.standardised(grouped, -1, EPS)[0].flatten(-2)


class BatchNorm(Norm):
    """Normalises every feature over a member's batch (Ioffe & Szegedy 2015).

    Where it is not training, with `mean` and `variance` [P, N] of the batches so far: running means
    (momentum 0.1), the variance with n - 1; a batch of one counts as variance 0.
    """

    def __init__(self, members: int, features: int, affine: bool, device: str) -> None:
        super().__init__(members, features, affine, device)
        self.mean = torch.zeros(members, features, device=device)
        self.variance = torch.ones(members, features, device=device)

    def tensors(self) -> list[tuple[str, torch.Tensor]]:
        """Returns what is learned, and the running statistics."""
        return [*super().tensors(), ("mean", self.mean), ("variance", self.variance)]

    def normal(self, x: torch.Tensor, training: bool) -> torch.Tensor:
        """Returns x normalised, in `training` by the batch's statistics; updates running ones."""
        if not training:
            deviation = (self.variance[:, None] + EPS).rsqrt()
            return (x - self.mean[:, None]).mul_(deviation)
        normal, mean, variance = autograd.standardised(x, 1, EPS)
        batch = x.shape[1]
        unbiased = variance * (batch / max(batch - 1, 1))
        for running, new in ((self.mean, mean), (self.variance, unbiased)):
            running.mul_(1.0 - MOMENTUM).add_(MOMENTUM * new[:, 0])
        return normal
