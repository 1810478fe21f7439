"""MinAtar's body: 3 x 3 convolutions and hidden linear layers, usually with ReLU."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from agents.layers import base, linear, norms
from agents.layers.base import Layer
from agents.layers.convolution import Convolution
from agents.layers.functional.patches import number

if TYPE_CHECKING:
    import torch
else:
    from agents.lazy import LazyModule

    torch = LazyModule("torch")

Kernels = list[tuple[int, int, int]]
"""Channels, size and stride of each convolution."""

_SIZE = 3
_JOINING = "env.stack joins frames along the last axis, where FrameStackObservation adds a first"


class Body:
    """`convs` (channels of each convolution), then `layers` x `units`.

    Each has the `norm` and the `activation` that the sizes name.
    """

    lists: ClassVar[bool] = True
    chained: ClassVar[bool] = False

    @staticmethod
    def kernels(sizes: Mapping[str, Any]) -> Kernels:
        """Returns channels, size and stride of each convolution."""
        return [(channels, _SIZE, 1) for channels in sizes["convs"]]

    @staticmethod
    def check_kernels(sizes: Mapping[str, Any], observation: tuple[int, ...]) -> None:
        """Raises ValueError where there are more convolutions than the observation has room for."""
        most = (min(observation[:2]) - 1) // (_SIZE - 1)
        if len(sizes["convs"]) > most:
            raise ValueError(
                f"convs may have at most {most} convolutions of {_SIZE}x{_SIZE} on "
                f"{observation[0]}x{observation[1]} observations, got {len(sizes['convs'])}"
            )

    @classmethod
    def check(cls, sizes: Mapping[str, Any], observation: tuple[int, ...]) -> None:
        """Raises ValueError where convolutions do not fit the observation, or the norm either."""
        body = sizes.get("body", "minatar")
        if len(observation) != 3:
            more = f"; {_JOINING}" if len(observation) > 3 else ""
            raise ValueError(
                f"body={body} needs images [H, W, C], got observations {observation}{more}"
            )
        if _has_channels_first(observation):
            raise ValueError(
                f"body={body} needs images [H, W, C], but {observation} are [C, H, W]: a wrapper "
                f'of your own may move the axis (env.wrappers: ["path/file.py:Name"]); {_JOINING}'
            )
        check_numbers("convs", sizes["convs"])
        cls.check_kernels(sizes, observation)
        norms.check(sizes)
        height, width, _ = observation
        for channels, size, stride in cls.kernels(sizes):
            height, width = number(height, size, stride), number(width, size, stride)
            norms.check_channels(sizes, channels, height * width)

    @staticmethod
    def depth(sizes: Mapping[str, Any]) -> int:
        """Returns the number of parametric layers."""
        return len(sizes["convs"]) + int(sizes["layers"])

    @staticmethod
    def as_one(sizes: Mapping[str, Any]) -> int:
        """Returns how many of the first layers are one function where none of them is watched."""
        return 0

    @classmethod
    def numbers(
        cls, sizes: Mapping[str, Any], observation: tuple[int, ...]
    ) -> tuple[int, int, int]:
        """Returns counts of what is learned, of features, and of numbers that a pass makes.

        A pass makes of one observation all outputs, and the patches under convolutions.
        """
        height, width, channels = observation
        total = activations = 0
        for outputs, size, stride in cls.kernels(sizes):
            patch, channels = size * size * channels, outputs
            height, width = number(height, size, stride), number(width, size, stride)
            learned, made = base.hidden_numbers(sizes, patch, outputs, height * width)
            total, activations = total + learned, activations + height * width * patch + made
        features = height * width * channels
        for hidden in linear.each_layer(sizes):
            learned, made = linear.hidden_numbers(hidden, features)
            total, activations = total + learned, activations + made
            features = hidden["units"]
        return total, features, activations

    def __init__(
        self, sizes: Mapping[str, Any], observation: tuple[int, ...], members: int, device: str
    ) -> None:
        self._convolutions: list[Convolution] = []
        height, width, channels = observation
        for outputs, size, stride in self.kernels(sizes):
            image = (height, width, channels)
            layer = Convolution(members, image, outputs, size, device, stride).hidden(sizes)
            self._convolutions.append(layer)
            height, width, channels = layer.output_shape
        self._hidden: list[linear.Linear] = []
        self.features = height * width * channels
        for hidden in linear.each_layer(sizes):
            self._hidden.append(linear.hidden(hidden, members, self.features, device))
            self.features = hidden["units"]
        self.norms = [layer.norm for layer in self.layers if layer.norm is not None]
        self.plain = False

    @property
    def layers(self) -> list[Layer]:
        """Parametric layers in forward order."""
        return [*self._convolutions, *self._hidden]

    def __call__(
        self, x: torch.Tensor, iterate: torch.Tensor | bool, training: bool = False
    ) -> torch.Tensor:
        """[P, B, H, W, C] -> [P, B, features]."""
        x = self._convolved(x, iterate, training).flatten(2)
        for layer in self._hidden:
            x = layer(x, iterate, training)
        return x

    def _convolved(
        self, x: torch.Tensor, iterate: torch.Tensor | bool, training: bool
    ) -> torch.Tensor:
        """[P, B, H, W, C] -> [P, B, H', W', channels]."""
        for convolution in self._convolutions:
            x = convolution(x, iterate, training)
        return x


def check_numbers(name: str, listed: Sequence[Any]) -> None:
    """Raises ValueError where not all that is listed are whole numbers of at least 1."""
    for one in listed:
        if isinstance(one, bool) or not isinstance(one, int) or one < 1:
            raise ValueError(f"{name} must list whole numbers of at least 1, got {one!r}")


def _has_channels_first(observation: tuple[int, ...]) -> bool:
    """Whether an image must be [C, H, W]: its first axis is short beside two others alike."""
    first, *others = observation
    return first < min(others) and (others[0] == others[1] or 2 * first <= min(others))
