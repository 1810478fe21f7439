"""Atari's body: strided convolutions and hidden linear layers, usually with ReLU.

With `convs` [32, 64, 64], `kernels` [8, 4, 3], `strides` [4, 2, 1] and 512 `units` it is that of
Mnih et al. 2015, for frames of 84 x 84.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agents.layers.functional.patches import number
from agents.networks import minatar
from agents.parameter import Parameter

_ONLY = {"network.body": ("atari",)}
PARAMETERS: Mapping[str, Parameter] = {
    "network.kernels": Parameter(tuple, (8, 4, 3), only=_ONLY),
    "network.strides": Parameter(tuple, (4, 2, 1), only=_ONLY),
}
"""Sides of the square kernels, and their strides; as many as `network.convs` lists channels."""


class Body(minatar.Body):
    """`convs` (channels) convolutions of `kernels` with `strides`, then `layers` x `units`.

    They have no padding. Each has the `norm` and the `activation` that the sizes name.
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
                raise ValueError(
                    f"{name} must list a number for each convolution, of which convs="
                    f"{list(sizes['convs'])} are {count}, got {list(sizes[name])}"
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
