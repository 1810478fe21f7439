"""The encoder of images (Bjorck et al. 2021, App. C, after DrQ): convolutions, then trunks.

Actor and critic share the convolutions, which the critic trains; each has a trunk of its own.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from agents.layers.base import ORTHOGONAL_GAIN, Layer
from agents.layers.linear import Linear
from agents.layers.norms import LayerNorm
from agents.networks.ensemble import Rows
from agents.networks.layered import Layered
from agents.parameter import Parameter
from agents.shape import Shape

if TYPE_CHECKING:
    import torch

    from agents.layers.functional import fused_convolutions
else:
    from agents.lazy import LazyModule

    torch = LazyModule("torch")
    fused_convolutions = LazyModule("agents.layers.functional.fused_convolutions")

_SIZE = 3
PARAMETERS: Mapping[str, Parameter] = {
    "encoder.filters": Parameter(int, 32, low=1),
    "encoder.strides": Parameter(tuple, (2, 1, 1, 1)),
    "encoder.features": Parameter(int, 50, low=2),
}
"""Filters of each 3 x 3 convolution, their strides, of which there are as many as convolutions, and
the numbers that a trunk gives."""


def check(params: Mapping[str, Any], shape: Shape) -> None:
    """Raises ValueError where the convolutions do not fit the images, or there are no images."""
    if not shape.is_image:
        raise ValueError(
            f"the encoder reads images [H, W, C], got observations {shape.observation}; "
            "valid: a task of pixels, such as dmc_pixels/cartpole-swingup"
        )
    strides = params["encoder.strides"]
    if not strides:
        raise ValueError("encoder.strides must list the stride of at least one convolution, got []")
    for stride in strides:
        if isinstance(stride, bool) or not isinstance(stride, int) or stride < 1:
            raise ValueError(
                f"encoder.strides must list whole numbers of at least 1, got {stride!r}"
            )
    side = whole = min(shape.observation[:2])
    for place, stride in enumerate(strides, start=1):
        if side < _SIZE:
            raise ValueError(
                f"encoder.strides={list(strides)} leave {side} of {whole} pixels for "
                f"convolution {place} of {_SIZE} x {_SIZE}: take larger images (env.size) or "
                "fewer or smaller strides"
            )
        side = _after(side, stride)


def maps(params: Mapping[str, Any], shape: Shape) -> list[tuple[int, int, int]]:
    """Returns the images [H, W, C] that each convolution reads, and last what they give."""
    height, width, channels = shape.observation
    found = [(height, width, channels)]
    for stride in params["encoder.strides"]:
        height, width = _after(height, stride), _after(width, stride)
        found.append((height, width, int(params["encoder.filters"])))
    return found


def counts(params: Mapping[str, Any], shape: Shape) -> tuple[int, int]:
    """Returns how many numbers the convolutions learn, and how many a trunk does."""
    read, *_, given = images = maps(params, shape)
    channels = [read[2], *[given[2]] * (len(images) - 2)]
    convolutions = sum((_SIZE * _SIZE * c + 1) * given[2] for c in channels)
    features = params["encoder.features"]
    return convolutions, (math.prod(given) + 1) * features + 2 * features


def count_activations(params: Mapping[str, Any], shape: Shape) -> int:
    """Returns how many numbers an update keeps at most for each image of a batch.

    They are the image and the next one, what each convolution gives of it, and the gradients of
    the largest of these and of one beside it.
    """
    images, *given = (math.prod(each) for each in maps(params, shape))
    return 2 * images + sum(given) + 2 * max(given)


def _after(side: int, stride: int) -> int:
    """How many pixels a convolution leaves of a side."""
    return (side - _SIZE) // stride + 1


class Convolutions(Layered):
    """P stacks of 3 x 3 convolutions without padding, a ReLU after each."""

    def __init__(self, params: Mapping[str, Any], shape: Shape, members: int, device: str) -> None:
        self._strides = [int(stride) for stride in params["encoder.strides"]]
        *read, given = maps(params, shape)
        filters, area = given[2], _SIZE * _SIZE
        layers = [Layer(members, (area * c, filters), area, device) for _, _, c in read]
        super().__init__(layers, [], [ORTHOGONAL_GAIN] * len(layers))

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        """Returns what a trunk reads, [P, B, H, W, C] -> [P, B, inputs]; x gets no gradient."""
        return fused_convolutions.convolutions(x, self._strides, self.parameters).flatten(2)


class Trunk(Layered):
    """P linear layers to `encoder.features` numbers, with a layer norm and tanh."""

    def __init__(self, params: Mapping[str, Any], shape: Shape, members: int, device: str) -> None:
        features = params["encoder.features"]
        self._linear = Linear(members, math.prod(maps(params, shape)[-1]), features, device)
        self._linear.norm = LayerNorm(members, features, True, device)
        self._linear.activation = None
        super().__init__([self._linear], [self._linear.norm], [1.0])

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        """Returns features between -1 and 1, [P, B, inputs] -> [P, B, features]."""
        return torch.tanh(self._linear(x, iterate=False))


class Part(Rows):
    """One part of an encoder for each of P members."""

    net: Convolutions | Trunk

    def __init__(self, net: Convolutions | Trunk) -> None:
        super().__init__(net, (len(net.layers[0].weight), 1))

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        """Returns what it makes of x, [P, B, ...] -> [P, B, numbers]."""
        return self.net(x)
