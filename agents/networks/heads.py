"""Named heads on an encoder's features: the bodies of critic and actor (Bjorck et al. 2021)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agents.parameter import Parameter

HEADS: Mapping[str, Mapping[str, Any]] = {
    "mlp2": {"critic": ("mlp", 2), "actor": ("mlp", 2)},
    "mlp4": {"critic": ("mlp", 4), "actor": ("mlp", 4)},
    "modern2": {"critic": ("residual", 1), "actor": ("residual", 1)},
    "modern4": {"critic": ("residual", 3), "actor": ("residual", 1)},
    "modern4_literal": {"critic": ("residual", 4), "actor": ("residual", 2)},
}
"""Body, and hidden layers or residual blocks, of each head's networks.

Published memory (Table 2) fits three blocks in the critics of `modern4` and one in its actor;
`modern4_literal` has those of the text, four and two.
"""
_NAMES = ("body", "layers")
PARAMETERS: Mapping[str, Parameter] = {"head": Parameter(str, "mlp2", choices=tuple(HEADS))} | {
    f"{name}.{key}": Parameter(kind, None, low=None if kind is str else 1)
    for name in ("actor", "critic")
    for key, kind in zip(_NAMES, (str, int), strict=True)
}
"""The head, and what takes its place in one network where it is given."""


def resolved(params: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the parameters with those of the head where no others are given."""
    named = {
        f"{name}.{key}": value
        for name, body in HEADS.get(params["head"], {}).items()
        for key, value in zip(_NAMES, body, strict=True)
    }
    return {n: named[n] if v is None and n in named else v for n, v in params.items()}
