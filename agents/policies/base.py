"""Policies: how an actor's outputs become actions in [-1, 1] (Hui 2022, §2.1.2)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

    from agents.layers import autograd
else:
    from agents.lazy import LazyModule

    torch = LazyModule("torch")
    autograd = LazyModule("agents.layers.autograd")


def check(params: Mapping[str, Any]) -> None:
    """Raise ValueError where the bounds of log sigma have no order; not all learners have them."""
    low, high = (params.get(f"policy.log_std_{end}") for end in ("low", "high"))
    if low is not None and low >= high:
        raise ValueError(f"policy.log_std_low must be below policy.log_std_high={high}, got {low}")


class Policy(ABC):
    """Actions from the outputs [P, B, outputs] of an actor and normal noise [P, B, A]."""

    @abstractmethod
    def __init__(self, members: Sequence[Mapping[str, Any]], device: str) -> None:
        """From the parameters `policy.*` of every member."""

    @staticmethod
    @abstractmethod
    def outputs(actions: int) -> int:
        """How many numbers the actor gives for `actions` numbers of an action."""

    @abstractmethod
    def sample(self, out: torch.Tensor, noise: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Actions [P, B, A] and what depends on the actor of their log-density [P, B]."""

    @abstractmethod
    def mode(self, out: torch.Tensor) -> torch.Tensor:
        """The actions [P, B, A] that an evaluation takes."""


class Deterministic(Policy):
    """tanh(out), and normal noise of `std` on it, cut at -1 and 1."""

    def __init__(self, members: Sequence[Mapping[str, Any]], device: str) -> None:
        stds = [[[float(params["policy.std"])]] for params in members]
        self._std = torch.tensor(stds, device=device)

    @staticmethod
    def outputs(actions: int) -> int:
        """The mean."""
        return actions

    def sample(self, out: torch.Tensor, noise: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """The density around a mean does not depend on where that is: its log counts as 0."""
        action = (torch.tanh(out) + self._std * noise).clamp(-1.0, 1.0)
        return action, action.new_zeros(action.shape[:2])

    def mode(self, out: torch.Tensor) -> torch.Tensor:
        """The mean."""
        return torch.tanh(out)


class SquashedGaussian(Policy):
    """tanh z with z ~ N(mu, sigma), both from the actor; log sigma is clamped.

    log pi(a | s) = log N(z; mu, sigma) - sum_j log(1 - a_j^2) (Haarnoja et al. 2018, App. C).
    """

    def __init__(self, members: Sequence[Mapping[str, Any]], device: str) -> None:
        self._low = float(members[0]["policy.log_std_low"])
        self._high = float(members[0]["policy.log_std_high"])

    @staticmethod
    def outputs(actions: int) -> int:
        """Mean and logarithm of the standard deviation."""
        return 2 * actions

    def sample(self, out: torch.Tensor, noise: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Reparametrised."""
        return autograd.squashed(out, noise, self._low, self._high)

    def mode(self, out: torch.Tensor) -> torch.Tensor:
        """tanh of the mean."""
        return torch.tanh(out.chunk(2, dim=2)[0])


POLICIES: Mapping[str, type[Policy]] = {
    "deterministic": Deterministic,
    "squashed_gaussian": SquashedGaussian,
}
