"""A body and a linear head, with spectral normalisation where members ask for it."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from agents import lookup
from agents.heads import base as heads
from agents.layers import norms, spectral_settings
from agents.layers.base import ACTIVATIONS, INITS, ORTHOGONAL_GAIN, Layer
from agents.layers.linear import Linear
from agents.layers.norms import NORMS
from agents.layers.spectral_norm import SpectralNorm
from agents.layers.spectral_schedulers import SpectralSchedulers
from agents.layers.spectral_settings import SpectralNormSettings
from agents.networks import mlp
from agents.networks.layered import Layered
from agents.parameter import Parameter

if TYPE_CHECKING:
    import torch

    from agents.layers.functional import fused_mlp
else:
    from agents.lazy import LazyModule

    torch = LazyModule("torch")
    fused_mlp = LazyModule("agents.layers.functional.fused_mlp")


_OF_IMAGES = "minatar"
"""The body that gives way to an `mlp` where a network that may read images reads vectors."""


def parameters(name: str, body: str, units: int, layers: int, init: str) -> dict[str, Parameter]:
    """Returns the parameters `name.*` that describe a network, with these defaults."""
    described = {
        "body": Parameter(str, body),
        "units": Parameter(int, units, low=1, listed=True, counted_by=f"{name}.layers"),
        "layers": Parameter(int, layers, low=1),
        "activation": Parameter(str, "relu", choices=ACTIVATIONS),
        "norm.kind": Parameter(str, "none", choices=NORMS),
        "norm.groups": Parameter(int, 16, low=1),
        "norm.affine": Parameter(bool, False),
        **{f"norm.{key}": parameter for key, parameter in norms.CONSTANTS.items()},
        "init": Parameter(str, init, choices=INITS),
    }
    return {f"{name}.{key}": parameter for key, parameter in described.items()}


LATER = (
    *("activation", "norm.kind", "norm.groups", "norm.affine", "init"),
    *(f"norm.{key}" for key in norms.CONSTANTS),
)
"""The parameters of a network that DQN did not have at first."""


def part(params: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Returns the parameters `name.*`, without that prefix: the sizes of one network.

    It has as many `layers` as `units` lists.
    """
    prefix = f"{name}."
    sizes = {n.removeprefix(prefix): v for n, v in params.items() if n.startswith(prefix)}
    units = sizes.get("units")
    return {**sizes, "layers": len(units)} if isinstance(units, (tuple, list)) else sizes


def check_widths(params: Mapping[str, Any], parameters: Mapping[str, Parameter]) -> None:
    """Raises ValueError where a network's `units` list other than `layers` widths.

    `parameters` are those of the agent: layers that are left at their default need not agree. Who
    knows which are given may hold those to it too (`Parameter.counted_by`).
    """
    for name, units in params.items():
        network, _, key = name.rpartition(".")
        if key != "units" or not isinstance(units, (tuple, list)):
            continue
        layers = params.get(f"{network}.layers")
        known = parameters.get(f"{network}.layers")
        if layers != len(units) and (known is None or layers != known.default):
            raise ValueError(
                f"{name} must list a width for each of the layers, of which {network}.layers="
                f"{layers}, got {list(units)}: leave {network}.layers out, or let it be "
                f"{len(units)}"
            )


def depth(sizes: Mapping[str, Any], observation: tuple[int, ...]) -> int:
    """Returns the number of parametric layers that `sizes` describe, the head included."""
    return int(_body(sizes, observation).depth(sizes)) + 1


def may_be_fused(sizes: Mapping[str, Any], observation: tuple[int, ...]) -> bool:
    """Returns whether a network without watched layers may be computed as a plain perceptron.

    Its bits are then others than those of the same network beside one with watched layers.
    """
    return bool(getattr(_body(sizes, observation), "chained", True))


def is_split(
    sizes: Mapping[str, Any], observation: tuple[int, ...], watched: Collection[int]
) -> bool:
    """Returns whether one of the `watched` layers is among those that are else computed as one.

    Its bits are then others than those of the same network without watched layers there.
    """
    if may_be_fused(sizes, observation):
        return bool(watched)
    body = _body(sizes, observation)
    first = body.as_one(sizes) if hasattr(body, "as_one") else 0
    return any(depth(sizes, observation) + index < first for index in watched)


def count_parameters(sizes: Mapping[str, Any], observation: tuple[int, ...], outputs: int) -> int:
    """Returns the number of weights and biases of the network, without importing torch."""
    inside, features, _ = _body(sizes, observation).numbers(sizes, observation)
    return int(inside + (features + 1) * outputs * heads.each(sizes))


def count_activations(sizes: Mapping[str, Any], observation: tuple[int, ...], outputs: int) -> int:
    """Returns the most numbers that a pass keeps of one observation, it included; without torch."""
    _, _, inside = _body(sizes, observation).numbers(sizes, observation)
    return int(math.prod(observation) + inside + outputs * heads.each(sizes))


def _body(sizes: Mapping[str, Any], observation: tuple[int, ...]) -> Any:
    """The body that `sizes` name; of a network with convolutions that reads vectors `mlp`."""
    if sizes["body"] == _OF_IMAGES and "convs" in sizes and len(observation) == 1:
        return mlp.Body
    return lookup.find("networks", sizes["body"])


def check(params: Mapping[str, Any], name: str, observation: tuple[int, ...]) -> None:
    """Raises ValueError where body or sizes `name.*` do not fit, without importing torch."""
    sizes = part(params, name)
    try:
        body = _body(sizes, observation)
    except ValueError as error:
        raise ValueError(f"{name}.body: {error}") from error
    units = sizes["units"]
    if isinstance(units, (tuple, list)) and not getattr(body, "lists", False):
        raise ValueError(
            f"{name}.units must be a whole number for {name}.body={sizes['body']}, whose layers "
            f"are of one width, got {list(units)}"
        )
    try:
        body.check(sizes, observation)
        heads.find(sizes).check(sizes)
    except ValueError as error:
        raise ValueError(f"{name}.{error}") from error


def check_normalised(
    params: Mapping[str, Any], name: str, observation: tuple[int, ...], layers: str = "sn.layers"
) -> None:
    """Raises ValueError where `sn.*` do not fit each other or the network `name.*`.

    `layers` is the parameter that names the network's set of layers.
    """
    spectral_settings.check(params, depth(part(params, name), observation), layers)


def normalised(
    params: Mapping[str, Any], name: str, observation: tuple[int, ...], layers: str = "sn.layers"
) -> SpectralNormSettings:
    """Returns which layers of the network `name.*` the parameter `layers` names, and their use."""
    return SpectralNormSettings.of(params, depth(part(params, name), observation), layers)


def _gains(sizes: Mapping[str, Any], depth: int, head_gain: float) -> list[float | None]:
    """The gain of each layer that is orthogonal; `head_gain` is the head's unless all have 1."""
    init = sizes.get("init", "xavier")
    if init == "xavier":
        return [None] * depth
    if init == "orthonormal":
        return [1.0] * depth
    return [*[ORTHOGONAL_GAIN] * (depth - 1), head_gain]


class Network(Layered):
    """P networks of the same `sizes` that give `outputs` values, or what stands for these.

    `settings` name each member's watched layers.
    `schedulers` are what members do with these layers' spectral radii.
    """

    def __init__(
        self,
        sizes: Mapping[str, Any],
        observation: tuple[int, ...],
        outputs: int,
        settings: Sequence[SpectralNormSettings],
        device: str,
        head_gain: float = ORTHOGONAL_GAIN,
    ) -> None:
        """`head_gain` is that of an orthogonal head; hidden layers have sqrt(2)."""
        members = len(settings)
        self.body = _body(sizes, observation)(sizes, observation, members, device)
        self.readout = heads.find(sizes)(sizes)
        """What the outputs stand for."""
        self.head = Linear(members, self.body.features, outputs * self.readout.each, device)
        self.head.activation = None
        layers = [*self.body.layers, self.head]
        for place, layer in enumerate(layers):
            index = place - len(layers)
            if any(index in member.layers for member in settings):
                layer.spectral = SpectralNorm(layer, settings, index)
        self.schedulers = SpectralSchedulers(layers, settings)
        self._plain = self.body.plain and all(layer.spectral is None for layer in layers)
        super().__init__(layers, self.body.norms, _gains(sizes, len(layers), head_gain))

    @property
    def hidden(self) -> list[Layer]:
        """The layers of the body."""
        return self.layers[:-1]

    def features(
        self, x: torch.Tensor, iterate: torch.Tensor | bool = False, training: bool = False
    ) -> torch.Tensor:
        """Returns the features that the head reads, [P, B, ...] -> [P, B, features]."""
        found: torch.Tensor = self.body(x, iterate, training)
        return found

    def activations(self, x: torch.Tensor) -> list[torch.Tensor]:
        """Returns the outputs [P, B, ...] of hidden layers with an activation, in order."""
        return self.seen(x, [layer for layer in self.body.layers if layer.activation is not None])

    def seen(self, x: torch.Tensor, layers: Sequence[Layer]) -> list[torch.Tensor]:
        """Returns the outputs of some of the body's layers, before anything is joined to them."""
        found: list[torch.Tensor] = []
        for layer in layers:
            layer.seen = found.append
        self.features(x)
        for layer in layers:
            layer.seen = None
        return found

    def __call__(
        self, x: torch.Tensor, iterate: torch.Tensor | bool = False, training: bool = False
    ) -> torch.Tensor:
        """[P, B, ...] -> [P, B, outputs], of other than the linear head what stands for these.

        `iterate` says which members do a power iteration first (SpectralNorm.apply); `training`
        takes the statistics of batch norms from this batch.
        """
        if self._plain:
            return fused_mlp.perceptron(x.flatten(2), self.parameters)
        return self.layered(x, iterate, training)

    def values(self, x: torch.Tensor, iterate: torch.Tensor | bool = False) -> torch.Tensor:
        """Returns the values that the outputs stand for, [P, B, ...] -> [P, B, outputs]."""
        return self.readout.values(self(x, iterate))

    def layered(
        self, x: torch.Tensor, iterate: torch.Tensor | bool = False, training: bool = False
    ) -> torch.Tensor:
        """As a call, layer by layer: gradients of what this returns can be differentiated again.

        They can where the body's own functions can be.
        """
        outputs = self.head(self.features(x, iterate, training), iterate, training)
        return self.schedulers.outputs(outputs)
