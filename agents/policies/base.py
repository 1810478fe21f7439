"""What policies share: `agents/policies/<name>.py` defines class `Policy`.

Actions are in [-1, 1] (Hui 2022, §2.1.2).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from agents import lookup
from agents.networks.described import Described
from agents.parameter import Parameter, of_kinds

if TYPE_CHECKING:
    import torch

KIND = "policy"
ACTOR = "actor"
_BODY = ".body"
TARGETS = "targets"
HEAD_GAIN = 1.0
"""The gain of the last layers of a policy's networks, where they are orthogonal."""
Networks = Callable[[str, "torch.Tensor"], "torch.Tensor"]
"""What the policy's network of that name gives, [P, B, inputs] -> [P, B, outputs]."""


class BasePolicy(ABC):
    """Actions for states as the actor reads them, [P, B, S], by networks that learn together.

    Its networks are the agent's: the agent makes them, and hands in a function that calls them.
    The first is called `actor`.
    """

    parameters: ClassVar[Mapping[str, Parameter]] = {}
    """What it has besides those of all policies, by whole names; they belong to it alone."""
    is_stochastic: ClassVar[bool] = True
    """Whether actions have a density, so that they have an entropy."""

    @classmethod
    def networks(cls, params: Mapping[str, Any], states: int, actions: int) -> dict[str, Described]:
        """Returns its networks by name, for states and actions of so many numbers.

        Here that is the actor, which gives a mean and a log sigma for each number of an action.
        """
        return {ACTOR: Described(states, 2 * actions, ACTOR, HEAD_GAIN)}

    @classmethod
    def normals(cls, params: Mapping[str, Any], actions: int) -> int:
        """Returns how many normal numbers it takes to draw an action of `actions` numbers."""
        return actions

    @classmethod
    def noise_in(cls, params: Mapping[str, Any]) -> Sequence[str]:
        """Returns where updates draw actions, `targets` or `actor`: elsewhere they take modes."""
        return TARGETS, ACTOR

    @abstractmethod
    def __init__(self, members: Sequence[Mapping[str, Any]], device: str) -> None:
        """A policy of P members, from the parameters of each."""

    @abstractmethod
    def sample(
        self, networks: Networks, states: torch.Tensor, noise: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Returns actions [P, B, A] by normal `noise` [P, B, normals], and log pi(a|s) [P, B].

        log pi leaves out what no network changes.
        """

    def sample_in_update(
        self, networks: Networks, states: torch.Tensor, noise: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Returns as `sample` the actions that updates draw, where `noise_in` says so."""
        return self.sample(networks, states, noise)

    @abstractmethod
    def mode(self, networks: Networks, states: torch.Tensor) -> torch.Tensor:
        """Returns the actions [P, B, A] that an evaluation takes."""


def find(params: Mapping[str, Any], otherwise: str = "") -> type[BasePolicy]:
    """Returns the class that `policy` names, or `otherwise` where there is no such parameter.

    Raises ValueError where it names no policy.
    """
    kind = str(params.get(KIND, otherwise))
    return lookup.derived("policies", KIND, kind, BasePolicy)  # type: ignore[type-abstract]


def parameters(default: str) -> dict[str, Parameter]:
    """Returns `policy`, and what each policy has; these belong to it alone."""
    own = {name: lookup.find("policies", name).parameters for name in lookup.names("policies")}
    return {KIND: Parameter(str, default), **of_kinds(KIND, own)}


def check(params: Mapping[str, Any], known: Mapping[str, Parameter]) -> None:
    """Raises ValueError where parameters, each valid, do not fit each other; `known` are all."""
    low, high = (params.get(f"policy.log_std_{end}") for end in ("low", "high"))
    if low is not None and low >= high:
        raise ValueError(f"policy.log_std_low must be below policy.log_std_high={high}, got {low}")
    noisy = params.get("policy.noise_in") or ()
    for place in noisy:
        if place not in (TARGETS, ACTOR):
            raise ValueError(f"policy.noise_in may name {TARGETS} and {ACTOR}, got {place!r}")
    if len(set(noisy)) != len(noisy):
        raise ValueError(f"policy.noise_in must not name one twice, got {list(noisy)}")
    for name in ("smoothing.std", "smoothing.clip"):
        if name in params and not noisy and params[name] != known[name].default:
            raise ValueError(
                f"{name} is of noise in updates, of which policy.noise_in=[] has none: leave it "
                f"out, or let policy.noise_in name {TARGETS}, {ACTOR} or both; got {params[name]}"
            )


def check_networks(
    params: Mapping[str, Any], networks: Mapping[str, Described], others: Collection[str]
) -> None:
    """Raises ValueError where a policy's networks do not fit an agent that has `others`."""
    said = f"{KIND}={params.get(KIND)}"
    taken = sorted({*others} & {*networks} - {ACTOR})
    if ACTOR not in networks or taken:
        raise ValueError(
            f"{said}: one of its networks must be called {ACTOR}, and none as others of the "
            f"agent, {', '.join(others)}; got {', '.join(networks)}"
        )
    described = {n.removesuffix(_BODY) for n in params if n.endswith(_BODY)}
    for name, one in networks.items():
        if one.prefix not in described:
            raise ValueError(
                f"{said}: its network {name} must be described by parameters that there are; "
                f"valid prefixes: {', '.join(sorted(described))}; got {one.prefix!r}"
            )
