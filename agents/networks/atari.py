"""Atari's body: strided convolutions and hidden linear layers, usually with ReLU.

With `convs` [32, 64, 64], `kernels` [8, 4, 3], `strides` [4, 2, 1] and 512 `units` it is that of
Mnih et al. 2015, for frames of 84 x 84.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from agents.layers import base, norms
from agents.layers.functional.patches import number
from agents.networks import minatar
from agents.parameter import Parameter

if TYPE_CHECKING:
    import torch

    from agents.layers.convolution import Convolution
    from agents.layers.functional import fused_convolutions
else:
    from agents.lazy import LazyModule

    fused_convolutions = LazyModule("agents.layers.functional.fused_convolutions")

_ONLY = {"network.body": ("atari",)}
PARAMETERS: Mapping[str, Parameter] = {
    "network.kernels": Parameter(tuple, (8, 4, 3), only=_ONLY),
    "network.strides": Parameter(tuple, (4, 2, 1), only=_ONLY),
}
"""Sides of the square kernels, and their strides; as many as `network.convs` lists channels."""

_FEW = 16
"""The most images, as of acting and evaluating, that are convolved faster as products."""


class Body(minatar.Body):
    """`convs` (channels) convolutions of `kernels` with `strides`, then `layers` x `units`.

    They have no padding. Each has the `norm` and the `activation` that the sizes name. On a CPU
    batches go through plain ones with ReLU by `fused_convolutions`.
    """

    @staticmethod
    def kernels(sizes: Mapping[str, Any]) -> minatar.Kernels:
        """Returns channels, size and stride of each convolution."""
        return list(zip(sizes["convs"], sizes["kernels"], sizes["strides"], strict=True))

    @staticmethod
    def check_kernels(sizes: Mapping[str, Any], observation: tuple[int, ...]) -> None:
        """Raises ValueError where kernels and strides do not fit each other or the observation."""
        count = len(sizes["convs"])
        for name in ("kernels", "strides"):
            minatar.check_numbers(name, sizes[name])
            if len(sizes[name]) != count:
                usual = tuple(sizes[name]) == PARAMETERS[f"network.{name}"].default
                raise ValueError(
                    f"{name} must list a number for each convolution, of which convs="
                    f"{list(sizes['convs'])} are {count}, got {list(sizes[name])}"
                    f"{': give convs, such as [32, 64, 64], or other ' + name if usual else ''}"
                )
        side = whole = min(observation[:2])
        for place, (_, size, stride) in enumerate(Body.kernels(sizes), start=1):
            if side < size:
                raise ValueError(
                    f"kernels={list(sizes['kernels'])} and strides={list(sizes['strides'])} leave "
                    f"{side} of {whole} pixels for convolution {place} of {size} x {size}: take "
                    "larger images (env.size), or fewer or smaller kernels or strides"
                )
            side = number(side, size, stride)

    @staticmethod
    def as_one(sizes: Mapping[str, Any]) -> int:
        """Returns the number of convolutions, where they are plain and have ReLU."""
        plain = norms.kind(sizes) == "none" and base.activation(sizes) == "relu"
        return len(sizes["convs"]) if plain else 0

    def _convolved(
        self, x: torch.Tensor, iterate: torch.Tensor | bool, training: bool
    ) -> torch.Tensor:
        """[P, B, H, W, C] -> [P, B, H', W', channels]."""
        if not self._is_one(x):
            return super()._convolved(x, iterate, training)
        strides = [layer.stride for layer in self._convolutions]
        parameters = [t for layer in self._convolutions for t in (layer.weight, layer.bias)]
        return fused_convolutions.convolutions(x, strides, parameters)

    def _is_one(self, x: torch.Tensor) -> bool:
        """Whether x goes through all convolutions as one, which gives it no gradient.

        Then it does for every member of a pack, and for each alone.
        """
        if x.requires_grad or x.shape[1] <= _FEW or x.device.type != "cpu":
            return False
        return bool(self._convolutions) and all(map(_is_plain, self._convolutions))


def _is_plain(layer: Convolution) -> bool:
    """Whether a convolution has ReLU and nothing besides, and nobody looks at it."""
    beside = layer.spectral, layer.norm, layer.seen
    return layer.activation == "relu" and all(one is None for one in beside)
