"""Policies: how an actor's outputs become actions."""

from collections.abc import Mapping

from agents.policies.base import Policy
from agents.policies.deterministic import Deterministic
from agents.policies.squashed_gaussian import SquashedGaussian

POLICIES: Mapping[str, type[Policy]] = {
    "deterministic": Deterministic,
    "squashed_gaussian": SquashedGaussian,
}
