"""Spectral radii of P layers at once, for a per-member set of layers, and normalisation by them.

A layer of the set is watched: power iteration keeps an estimate rho of its spectral radius. A
member either projects its watched layers, or leaves their weights as they are and gives rho to a
scheduler (agents/layers/spectral_schedulers.py). Which, its settings say (spectral_settings.py).

Linear layers follow Gogianu et al. 2021 §3 (one power iteration per forward pass in training mode,
the gradient flows through rho) and the public configurations of its Fig. 3 (W / rho, also where
rho < 1); convolutions take the operator norm on the actual input size (Gouk et al. 2018). Layers
count from the output: -1 is the output layer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np

from agents import streams
from agents.layers.spectral_settings import PROJECTIONS, SpectralNormSettings

if TYPE_CHECKING:
    import torch
else:
    from agents.lazy import LazyModule

    torch = LazyModule("torch")

_EPS = 1e-12
_Map = Callable[["torch.Tensor"], "torch.Tensor"]


class LinearMap(Protocol):
    """The linear maps of P layers, [P, B, *input_shape] -> [P, B, *output_shape]."""

    @property
    def weight(self) -> torch.Tensor:
        """The weights [P, in, out]."""

    @property
    def convolves(self) -> bool:
        """Whether the maps are convolutions."""

    @property
    def input_shape(self) -> tuple[int, ...]:
        """The shape of one input."""

    @property
    def output_shape(self) -> tuple[int, ...]:
        """The shape of one output."""

    def map(self, x: torch.Tensor) -> torch.Tensor:
        """Returns W x, [P, B, *output_shape]."""

    def adjoint(self, y: torch.Tensor) -> torch.Tensor:
        """Returns W^T y, [P, B, *input_shape]."""


class SpectralNorm:
    """Power iteration and scale of one layer; members that do not project it have scale 1.

    `u` and `v` [P, 1, ...] are unit vectors on the two sides of the layer's linear map W. As in the
    two published algorithms, a linear layer keeps u on its output side and lets the gradient flow
    through rho unless `detach_rho`; a convolution keeps u on its input side and never lets it.

    With that flow the gradient of a layer that is divided by rho is orthogonal to its weights: an
    update turns them and hardly stretches them. Without it nothing holds rho back.
    """

    def __init__(
        self, layer: LinearMap, settings: Sequence[SpectralNormSettings], index: int
    ) -> None:
        members, device = len(settings), layer.weight.device
        self._layer = layer
        maps: tuple[_Map, _Map] = (layer.adjoint, layer.map)
        shapes = (layer.output_shape, layer.input_shape)
        if layer.convolves:
            maps, shapes = maps[::-1], shapes[::-1]
        self._to_v, self._to_u = maps
        u_shape, v_shape = shapes
        self.u = torch.zeros(members, 1, *u_shape, device=device)
        self.v = torch.zeros(members, 1, *v_shape, device=device)

        def mask(flags: list[bool]) -> torch.Tensor:
            return torch.tensor(flags, device=device)

        watched = [index in s.layers for s in settings]
        projected = [index in s.layers and s.projects for s in settings]
        detached = [layer.convolves or s.detach_rho for s in settings]
        self.members = [i for i, flag in enumerate(watched) if flag]
        """The members that watch the layer."""
        self.projects = any(projected)
        self.used = self.projects or any(settings[i].scheduler == "divout" for i in self.members)
        """Whether a pass needs the radii of any member, also one without a power iteration."""
        self.last_scale = torch.ones(members, device=device)
        """The factors [P] of the last pass."""
        self._rho = torch.ones(members, device=device)
        self._watched, self._projected, self._detached = map(mask, (watched, projected, detached))
        self._flows = any(flag and not detached[i] for i, flag in enumerate(projected))
        self._coefficient = torch.tensor([s.coefficient for s in settings], device=device)
        used = {s.projection for s, flag in zip(settings, projected, strict=True) if flag}
        self._projections = {
            name: mask([s.projection == name for s in settings])
            for name in PROJECTIONS
            if name in used
        }

    def initialise(self, keys: np.ndarray, rows: Sequence[int] | None = None) -> None:
        """Draws u and v, unit vectors of Gaussian numbers, from the streams `keys` [P].

        `rows` are the members that the keys are of, where they are not of all.
        """
        every = range(len(self.u)) if rows is None else rows
        for which, vectors in enumerate((self.u, self.v)):
            _fill([vectors[row] for row in every], keys, which << 32)

    def borrow(self, other: SpectralNorm, every: int) -> None:
        """Shares the memory of u and v of every `every`-th member of `other`, and has its settings.

        A power iteration of either is one of both.
        """
        for name, value in vars(other).items():
            if isinstance(value, torch.Tensor):
                setattr(self, name, value.detach()[::every])
        self._projections = {name: mask[::every] for name, mask in other._projections.items()}

    def apply(self, y: torch.Tensor, iterate: torch.Tensor | bool) -> torch.Tensor:
        """Returns the layer's outputs y [P, rows, out] before biases as the projection leaves them.

        `iterate` True: every member does one power iteration first; a mask [P]: these members do.
        The result lies in memory as y does, as some sums depend on that: a member that is not
        normalised has the same with and without others that are.
        """
        if not self.used and iterate is False:
            return y
        scale = self.scale(iterate)
        if not self.projects:
            return y
        scaled = y * scale[:, None, None]
        if y.is_contiguous():
            return scaled
        return torch.empty_strided(y.shape, y.stride(), device=y.device).copy_(scaled)

    def scale(self, iterate: torch.Tensor | bool) -> torch.Tensor:
        """Returns the factors [P] of the layer's linear maps; `iterate` as in `apply`."""
        rho = (self.rho() if iterate is False else self._iterate(iterate)).detach()
        self._rho = rho
        if self._flows and torch.is_grad_enabled() and self._layer.weight.requires_grad:
            rho = torch.where(self._detached, rho, self._flowing())
        rho = torch.where(self._projected, rho, 1.0)
        scale = torch.ones_like(rho)
        for name, members in self._projections.items():
            scale = torch.where(members, _project(name, rho, self._coefficient), scale)
        self.last_scale = torch.where(self._projected, scale, 1.0)
        return self.last_scale

    def radii(self) -> torch.Tensor:
        """Returns max(rho / lambda, 1) [P] of the last pass, 1 where a member does not watch.

        It is without gradient (Gogianu et al. 2021, Eqs. 5 and 9, with k = 1).
        """
        return torch.where(self._watched, self._rho / self._coefficient, 1.0).clamp(min=1.0)

    def rho(self) -> torch.Tensor:
        """Returns the estimated norm u^T W v of every member's linear map, [P]."""
        return (self.u * self._to_u(self.v)).flatten(1).sum(1)

    def _flowing(self) -> torch.Tensor:
        """As `rho`, for a gradient: a pass that follows before it is taken may change u and v."""
        return (self.u.clone() * self._to_u(self.v.clone())).flatten(1).sum(1)

    def _iterate(self, which: torch.Tensor | bool) -> torch.Tensor:
        """One power iteration of the members `which`; returns every member's rho, detached."""
        with torch.no_grad():
            self._replace(self.v, _unit(self._to_v(self.u)), which)
            image = self._to_u(self.v)
            self._replace(self.u, _unit(image), which)
            return (self.u * image).flatten(1).sum(1)

    @staticmethod
    def _replace(old: torch.Tensor, new: torch.Tensor, which: torch.Tensor | bool) -> None:
        old.copy_(new if isinstance(which, bool) else torch.where(_broadcast(which, new), new, old))


def norm(layer: LinearMap, keys: np.ndarray, iterations: int) -> torch.Tensor:
    """Returns the operator norms [P] of a layer's linear maps, by as many power iterations.

    They begin at Gaussian vectors from the streams `keys` [P]; the layer is left as it is.
    """
    u = torch.zeros(len(keys), 1, *layer.input_shape, device=layer.weight.device)
    _fill(u, keys, 0)
    for _ in range(iterations):
        u = _unit(layer.adjoint(layer.map(u)))
    return _length(layer.map(u))


def _fill(vectors: torch.Tensor | Sequence[torch.Tensor], keys: np.ndarray, begin: int) -> None:
    """Unit vectors of Gaussian numbers from the streams `keys` [P]."""
    counter = np.arange(vectors[0].numel(), dtype=np.int64) + begin
    for row, key in zip(vectors, keys, strict=True):
        normal = streams.normals(key, counter)
        row.copy_(torch.from_numpy(normal / np.linalg.norm(normal)).view(row.shape))


def _project(name: str, rho: torch.Tensor, coefficient: torch.Tensor) -> torch.Tensor:
    if name == "hard":
        return 1.0 / torch.maximum(coefficient, rho)
    if name == "divide":
        return coefficient / rho
    return 1.0 / (rho / coefficient).clamp(min=1.0)


def _unit(x: torch.Tensor) -> torch.Tensor:
    return x / _broadcast(_length(x).clamp(min=_EPS), x)


def _length(x: torch.Tensor) -> torch.Tensor:
    return (x * x).flatten(1).sum(1).sqrt()


def _broadcast(vector: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
    return vector.view(-1, *[1] * (like.dim() - 1))
