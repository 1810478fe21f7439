"""A penalty on how far the gradient of Q by the state is from a length."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from agents.parameter import Parameter

if TYPE_CHECKING:
    import torch

    from agents.networks.network import Network
else:
    from agents.lazy import LazyModule

    torch = LazyModule("torch")

KINDS = ("none", "gradient")
_ONLY = {"penalty.kind": ("gradient",)}
PARAMETERS: Mapping[str, Parameter] = {
    "penalty.kind": Parameter(str, "none", choices=KINDS),
    "penalty.weight": Parameter(float, 1.0, low=0.0, packable=True, only=_ONLY),
    "penalty.target": Parameter(float, 2.0, low=0.0, packable=True, only=_ONLY),
}
"""The defaults are beta and k of Gogianu et al. 2021's public file for MinAtar."""
_PASSES = 4
"""Its own, the way back to the states, and what the gradients of both need at a time: 2 to 5 were
measured (benchmarks/agents/memory.py)."""


def passes(params: Mapping[str, Any]) -> int:
    """Returns how many passes of a batch it keeps in memory at once, at most."""
    return 0 if params["penalty.kind"] == "none" else _PASSES


class GradientPenalty:
    """The mean over a batch of (|grad_s Q(s, a)| - target)^2 (as Gulrajani et al. 2017, Eq. 3).

    It is of the batch's own states and actions, and of the function that acts: a pass of its own
    does no power iteration, and batch norms take their running statistics, with which, other than
    with a batch's, a value depends on one state alone.
    """

    def __init__(self, members: Sequence[Mapping[str, Any]], device: str) -> None:
        """`weight` and the targets are [P], from each member's parameters."""
        self.weight = torch.tensor([float(p["penalty.weight"]) for p in members], device=device)
        targets = [[float(p["penalty.target"])] for p in members]
        self._target = torch.tensor(targets, device=device)

    @classmethod
    def of(
        cls,
        members: Sequence[Mapping[str, Any]],
        network: Network,
        observation: tuple[int, ...],
        device: str,
    ) -> GradientPenalty | None:
        """Returns the penalty of `network`, `None` where `penalty.kind` is none.

        Raises ValueError where the network's body is not differentiable twice.
        """
        if members[0]["penalty.kind"] == "none":
            return None
        penalty = cls(members, device)
        penalty.check_body(network, observation, members[0]["network.body"])
        return penalty

    def __call__(
        self, network: Network, observations: torch.Tensor, actions: torch.Tensor
    ) -> torch.Tensor:
        """Returns the penalties [P], without their weights, of actions [P, B]."""
        x = observations.detach().requires_grad_()
        chosen = network.readout.values(network.layered(x)).gather(2, actions[..., None])
        (gradient,) = torch.autograd.grad(chosen.sum(), x, create_graph=True)
        return (lengths(gradient) - self._target).square().mean(1)

    def check_body(self, network: Network, observation: tuple[int, ...], name: str) -> None:
        """Raises ValueError where a network with the body `name` is not differentiable twice.

        It is tried on one blank observation. What is lost on the way is the head's gradient at
        least, on which all that came before depends.
        """
        members = len(self.weight)
        blank = torch.zeros(members, 1, *observation, device=self.weight.device)
        actions = torch.zeros(members, 1, dtype=torch.int64, device=blank.device)
        try:  # not by autograd.grad, which leaves out what raises where no parameter lies behind it
            torch.autograd.backward(self(network, blank, actions).sum())
            problem = None if network.head.weight.grad is not None else "it detaches gradients"
        except RuntimeError as error:
            problem = str(error).splitlines()[0]
        for parameter in network.parameters:
            parameter.grad = None
        if problem is not None:
            raise ValueError(
                "penalty.kind=gradient needs a body that can be differentiated twice, and "
                f"network.body={name} cannot be ({problem}): write the backward passes of its own "
                "functions in operations that autograd knows, or take penalty.kind=none"
            )


def lengths(x: torch.Tensor) -> torch.Tensor:
    """Returns the L2 norms of rows [P, B, ...], [P, B]; at 0 the gradient is 0, not NaN."""
    squared = x.flatten(2).square().sum(2)
    above = squared > 0
    return torch.where(above, torch.where(above, squared, 1.0).sqrt(), 0.0)
