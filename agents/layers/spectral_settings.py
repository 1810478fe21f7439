"""The parameters of spectral normalisation: which layers are watched, and what becomes of them.

Layers count from the output: -1 is the output layer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agents.parameter import Parameter

PROJECTIONS = ("hard", "divide", "clip_scaled")
USES = ("project", "watch")
SCHEDULERS = ("none", "bias_scaling", "divout", "divgrad", "muleps", "div_lr")
SCOPES = ("product", "own")
INTERMEDIATE = "intermediate"
"""The word for all layers but the first and the last (Bjorck et al. 2021, App. C)."""
_BESIDE_PROJECTION = ("none", "bias_scaling")
LAYERS = Parameter(tuple, (), choices=(INTERMEDIATE,), packable=True)
"""A set of layers of one network."""
PROJECTED: Mapping[str, Parameter] = {
    "sn.projection": Parameter(str, "divide", choices=PROJECTIONS, packable=True),
    "sn.coefficient": Parameter(float, 1.0, low=1e-6, packable=True),
    "sn.detach_rho": Parameter(bool, False, packable=True),
}
"""What becomes of the weights of a set's layers: lambda, and how rho is found."""
PARAMETERS: Mapping[str, Parameter] = {
    "sn.layers": LAYERS,
    "sn.use": Parameter(str, None, choices=USES, packable=True),
    "sn.scheduler": Parameter(str, "none", choices=SCHEDULERS, packable=True),
    "sn.scope": Parameter(
        str, "product", choices=SCOPES, packable=True, only={"sn.scheduler": ("divgrad",)}
    ),
    **PROJECTED,
    "sn.iterate_on_act": Parameter(bool, True, packable=True),
}
"""The layers that are watched, what becomes of their weights, who else uses their radii and whether
all of them or each its own, lambda, and how rho is found. Without `sn.use` layers are projected,
unless a scheduler takes the place of that."""


@dataclass(frozen=True)
class SpectralNormSettings:
    """One member's settings: `layers` counted from the output, lambda, and how rho is used."""

    layers: tuple[int, ...]
    projection: str
    coefficient: float
    detach_rho: bool
    scheduler: str = "none"
    scope: str = "product"
    projects: bool = True
    """Whether the watched layers are projected."""

    @classmethod
    def of(
        cls, params: Mapping[str, Any], depth: int, name: str = "sn.layers"
    ) -> SpectralNormSettings:
        """Returns the `sn.*` of a run for a network of `depth` layers, whose set is called `name`.

        Without `sn.use` and `sn.scheduler` its layers are projected.
        """
        return cls(
            layers=_indices(params[name], depth),
            projection=params["sn.projection"],
            coefficient=float(params["sn.coefficient"]),
            detach_rho=params["sn.detach_rho"],
            scheduler=_scheduler(params),
            scope=params.get("sn.scope", "product"),
            projects=_use(params) == "project",
        )


NOT_NORMALISED = SpectralNormSettings((), "divide", 1.0, detach_rho=False)


def _indices(layers: Any, depth: int) -> tuple[int, ...]:
    """The layers of a set, from the output on."""
    return tuple(range(-2, -depth, -1)) if layers == INTERMEDIATE else tuple(layers)


def _scheduler(params: Mapping[str, Any]) -> str:
    return str(params.get("sn.scheduler", "none"))


def _use(params: Mapping[str, Any]) -> str:
    """What becomes of the weights of watched layers."""
    if params.get("sn.use") is not None:
        return str(params["sn.use"])
    return "project" if _scheduler(params) in _BESIDE_PROJECTION else "watch"


def check(params: Mapping[str, Any], depth: int, name: str = "sn.layers") -> None:
    """Raises ValueError where `sn.*` do not fit each other, or the set `name` no `depth` layers."""
    _check_layers(name, params[name], depth)
    scheduler, use = _scheduler(params), _use(params)
    if scheduler != "none" and not params[name]:
        raise ValueError(
            f"sn.scheduler={scheduler} uses the spectral radii of the layers in {name}, and "
            f"there are none; valid: a list of layers, such as [-2], or sn.scheduler=none"
        )
    if scheduler == "bias_scaling" and use == "watch":
        raise ValueError(
            "sn.scheduler=bias_scaling divides biases by what the weights before them are divided "
            "by, and with sn.use=watch no weight is; valid: sn.use=project"
        )
    if scheduler not in _BESIDE_PROJECTION and use == "project":
        raise ValueError(
            f"sn.scheduler={scheduler} takes the place of the projection of weights, so that "
            f"sn.use=project contradicts it; valid: sn.use=watch, or no sn.use"
        )


def _check_layers(name: str, layers: Any, depth: int) -> None:
    """Raises ValueError unless they are different layers of -1 ... -depth, or the word for some."""
    valid = ", ".join(str(-i) for i in range(1, depth + 1))
    if layers == INTERMEDIATE:
        if depth < 3:
            raise ValueError(
                f"{name}={INTERMEDIATE} is all layers but the first and the last, and of {depth} "
                f"layers there are no others; valid here: a list of {valid}, or more layers"
            )
        return
    for index in layers:
        if isinstance(index, bool) or not isinstance(index, int) or not -depth <= index <= -1:
            raise ValueError(
                f"{name} counts layers from the output; valid here: {valid}; got {index!r}"
            )
    if len(set(layers)) != len(layers):
        raise ValueError(f"{name} must not name a layer twice, got {list(layers)}")
