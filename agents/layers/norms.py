"""Norms of the features [P, B, N] of P networks; no operation mixes members.

A network's `norm.kind` names one, `norm.groups` counts the groups of `group`, and with
`norm.affine` a scale and an offset are learned. That is what an axis of kind `norm` sets.

Of a convolution a row is a pixel and features are channels, [P, B pixels, N]. As in Wu & He 2018
(Fig. 2), layer norm is then over all channels and pixels of an image, group norm over a group of
channels and all pixels of an image, batch norm over all pixels of a batch; scale and offset are
each channel's.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from agents.parameter import Parameter

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
CONSTANTS: Mapping[str, Parameter] = {
    "eps": Parameter(float, EPS, low=0.0),
    "momentum": Parameter(float, MOMENTUM, low=0.0, high=1.0),
}
"""What is added to variances, and the weight of a new batch in the running statistics of `batch`:
torch's values. Keras has 1e-3 and 0.01, its momentum being 1 minus this one."""


def kind(sizes: Mapping[str, Any]) -> str:
    """Returns the norm that `norm.kind` names, `none` where nothing does."""
    return str(sizes.get("norm.kind", "none"))


def check(sizes: Mapping[str, Any]) -> None:
    """Raises ValueError unless groups of equal size, of at least 2, make up the units of a layer.

    A feature that is normalised by itself is 0 whatever it was.
    """
    given = sizes["units"]
    for units in given if isinstance(given, (tuple, list)) else (given,):
        if kind(sizes) == "layer" and units < 2:
            raise ValueError(f"units must be at least 2 with norm.kind=layer, but got {units}")
        _check_groups(sizes, units, f"{units} units", 1)


def check_channels(sizes: Mapping[str, Any], channels: int, pixels: int) -> None:
    """Raises ValueError unless groups of equal size make up the channels of a convolution.

    As with units, a group needs at least 2 numbers, those of its `pixels` counted.
    """
    if kind(sizes) == "layer" and channels * pixels < 2:
        raise ValueError(
            "convs must leave at least 2 numbers of an image with norm.kind=layer, but leave 1"
        )
    _check_groups(sizes, channels, f"{channels} channels of a convolution", pixels)


def _check_groups(sizes: Mapping[str, Any], features: int, what: str, pixels: int) -> None:
    if kind(sizes) != "group":
        return
    groups, most = sizes["norm.groups"], features if pixels > 1 else features - 1
    if features % groups or groups > most:
        valid = ", ".join(str(n) for n in range(1, most + 1) if features % n == 0)
        least = "" if pixels > 1 else " into groups of at least 2"
        raise ValueError(
            f"norm.groups must divide the {what}{least}, but got {groups}; valid: {valid or 'none'}"
        )


def build(
    sizes: Mapping[str, Any], members: int, features: int, device: str, pixels: int = 1
) -> Norm | None:
    """Returns the norm that `sizes` describe, `None` where they describe none.

    Of a convolution `pixels` counts the rows of an image.
    """
    affine = bool(sizes.get("norm.affine", False))
    eps = float(sizes.get("norm.eps", EPS))
    if kind(sizes) == "layer":
        return LayerNorm(members, features, affine, device, pixels, eps)
    if kind(sizes) == "group":
        return GroupNorm(members, features, affine, device, sizes["norm.groups"], pixels, eps)
    if kind(sizes) == "batch":
        momentum = float(sizes.get("norm.momentum", MOMENTUM))
        return BatchNorm(members, features, affine, device, eps, momentum)
    return None


def counts(sizes: Mapping[str, Any], features: int, pixels: int = 1) -> tuple[int, int]:
    """Returns how many numbers the norm of `sizes` learns, and how many a pass keeps of one input.

    Kept are what it gives, twice where it is affine, and a mean and a deviation for each group.
    """
    if kind(sizes) == "none":
        return 0, 0
    affine = features if sizes.get("norm.affine", False) else 0
    groups = {"layer": 1, "group": sizes.get("norm.groups", 1), "batch": 0}[kind(sizes)]
    return 2 * affine, pixels * (features + affine) + 2 * groups


class Norm(ABC):
    """P norms; `weight` and `bias` [P, N] scale and shift their results where they are affine."""

    def __init__(
        self, members: int, features: int, affine: bool, device: str, eps: float = EPS
    ) -> None:
        self.affine, self.eps = affine, eps
        self.weight = torch.ones(members, features if affine else 0, device=device)
        self.bias = torch.zeros(members, features if affine else 0, device=device)

    @property
    def parameters(self) -> list[torch.Tensor]:
        """Learned tensors."""
        return [self.weight, self.bias] if self.affine else []

    def tensors(self) -> list[tuple[str, torch.Tensor]]:
        """Returns the tensors of a checkpoint, by name."""
        return [("weight", self.weight), ("bias", self.bias)] if self.affine else []

    def initialise(self, rows: Sequence[int] | None = None) -> None:
        """Sets norms to how they begin, those of some `rows` or all."""
        with torch.no_grad():
            for tensor, value in self._beginnings():
                tensor[slice(None) if rows is None else list(rows)] = value

    def _beginnings(self) -> list[tuple[torch.Tensor, float]]:
        return [(self.weight, 1.0), (self.bias, 0.0)]

    @abstractmethod
    def normal(self, x: torch.Tensor, training: bool) -> torch.Tensor:
        """Returns x [P, B, N] normalised."""

    def __call__(self, x: torch.Tensor, training: bool) -> torch.Tensor:
        """Returns x [P, B, N] normalised, then scaled and shifted where the norm is affine."""
        normal = self.normal(x, training)
        return (normal * self.weight[:, None]).add_(self.bias[:, None]) if self.affine else normal


class LayerNorm(Norm):
    """Normalises every input's features to mean 0 and variance 1 (Ba et al. 2016).

    An input is a row, or `pixels` rows where that is more than 1.
    """

    def __init__(
        self,
        members: int,
        features: int,
        affine: bool,
        device: str,
        pixels: int = 1,
        eps: float = EPS,
    ) -> None:
        super().__init__(members, features, affine, device, eps)
        self.pixels = pixels

    def normal(self, x: torch.Tensor, training: bool) -> torch.Tensor:
        """Returns each input normalised by itself, without statistics of the batch."""
        whole = x.reshape(len(x), -1, self.pixels * x.shape[2])
        return F.layer_norm(whole, whole.shape[-1:], eps=self.eps).view(x.shape)


class GroupNorm(Norm):
    """Normalises every input's `groups` of features to mean 0 and variance 1 (Wu & He 2018).

    An input is a row, or `pixels` rows where that is more than 1.
    """

    def __init__(
        self,
        members: int,
        features: int,
        affine: bool,
        device: str,
        groups: int,
        pixels: int = 1,
        eps: float = EPS,
    ) -> None:
        super().__init__(members, features, affine, device, eps)
        self.groups, self.pixels = groups, pixels

    def normal(self, x: torch.Tensor, training: bool) -> torch.Tensor:
        """Returns each input normalised by itself, without statistics of the batch."""
        if self.pixels > 1:
            return self._of_images(x)
        grouped = x.view(*x.shape[:-1], self.groups, -1)
        return autograd.standardised(grouped, -1, self.eps)[0].flatten(-2)

    def _of_images(self, x: torch.Tensor) -> torch.Tensor:
        """As `normal`, where groups have to be brought together from an image's rows."""
        images = x.view(len(x), -1, self.pixels, self.groups, x.shape[2] // self.groups)
        together = images.transpose(2, 3).flatten(3)
        normal = autograd.standardised(together, -1, self.eps)[0]
        apart = normal.view(images.transpose(2, 3).shape).transpose(2, 3)
        return apart.reshape(x.shape)


class BatchNorm(Norm):
    """Normalises every feature over a member's batch (Ioffe & Szegedy 2015).

    Where it is not training, with `mean` and `variance` [P, N] of the batches so far: running means
    in which a new batch weighs `momentum`, the variance with n - 1; a batch of one counts as
    variance 0. Where it is not `following`, batches leave them as they are.
    """

    def __init__(
        self,
        members: int,
        features: int,
        affine: bool,
        device: str,
        eps: float = EPS,
        momentum: float = MOMENTUM,
    ) -> None:
        super().__init__(members, features, affine, device, eps)
        self.momentum = momentum
        self.following = True
        self.mean = torch.zeros(members, features, device=device)
        self.variance = torch.ones(members, features, device=device)

    def tensors(self) -> list[tuple[str, torch.Tensor]]:
        """Returns what is learned, and the running statistics."""
        return [*super().tensors(), ("mean", self.mean), ("variance", self.variance)]

    def _beginnings(self) -> list[tuple[torch.Tensor, float]]:
        return [*super()._beginnings(), (self.mean, 0.0), (self.variance, 1.0)]

    def normal(self, x: torch.Tensor, training: bool) -> torch.Tensor:
        """Returns x normalised, in `training` by the batch's statistics; updates running ones."""
        if not training:
            deviation = (self.variance[:, None] + self.eps).rsqrt()
            return (x - self.mean[:, None]).mul_(deviation)
        normal, mean, variance = autograd.standardised(x, 1, self.eps)
        if self.following:
            self.follow(mean[:, 0], variance[:, 0], x.shape[1])
        return normal

    def follow(self, mean: torch.Tensor, variance: torch.Tensor, batch: int) -> None:
        """Moves the running statistics towards those [P, N] of `batch` rows, a variance with n."""
        unbiased = variance * (batch / max(batch - 1, 1))
        for running, new in ((self.mean, mean), (self.variance, unbiased)):
            running.mul_(1.0 - self.momentum).add_(self.momentum * new)
