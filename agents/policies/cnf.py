"""A conditional normalising flow: RealNVP over a Gaussian, both conditioned on the state."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from agents.networks import network
from agents.networks.described import Described
from agents.parameter import Parameter
from agents.policies import squashed_gaussian
from agents.policies.base import ACTOR, Networks

if TYPE_CHECKING:
    import torch

    from agents.policies import densities
else:
    from agents.lazy import LazyModule

    densities = LazyModule("agents.policies.densities")
    torch = LazyModule("torch")

_NETWORK = "coupling"


class Policy(squashed_gaussian.Policy):
    """tanh z_k, where z_0 ~ N(mu(s), sigma(s)) and k affine couplings lead from z_0 to z_k.

    A coupling keeps one half of z and gives the other z exp(r) + t, with (r, t) from a network that
    reads the half it keeps and the state; halves take turns (Dinh et al. 2017; Hui 2022, §2.1.2).
    r is a tanh, so that no coupling stretches by more than e. Each network's head begins at 0 where
    `coupling.init` is orthogonal, so that the flow begins as the squashed Gaussian. An action of
    one number has no other half: its couplings read the state alone.

    log pi(a|s) = log N(z_0; mu, sigma) - sum of all r - sum_j log(1 - a_j^2).
    """

    parameters: ClassVar[Mapping[str, Parameter]] = {
        "policy.couplings": Parameter(int, 2, low=0),
        **network.parameters(_NETWORK, "mlp", 256, 1, "orthogonal"),
    }

    @classmethod
    def networks(cls, params: Mapping[str, Any], states: int, actions: int) -> dict[str, Described]:
        """Returns the actor, which gives mu and log sigma, and a network for each coupling."""
        coupling = Described(states + actions, 2 * actions, _NETWORK, head_gain=0.0)
        couplings = {f"{_NETWORK}_{place}": coupling for place in range(params["policy.couplings"])}
        return {**super().networks(params, states, actions), **couplings}

    def __init__(self, members: Sequence[Mapping[str, Any]], device: str) -> None:
        super().__init__(members, device)
        self._names = [f"{_NETWORK}_{i}" for i in range(members[0]["policy.couplings"])]

    def sample(
        self, networks: Networks, states: torch.Tensor, noise: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Returns reparametrised actions and their log-density."""
        out = networks(ACTOR, states)
        if not self._names:
            return self.squashed(out, noise)
        mean, log_std = self.normal(out)
        z, stretched = self.forward(networks, states, mean + log_std.exp() * noise)
        return torch.tanh(z), densities.log_normal(
            noise, log_std
        ) - stretched - densities.log_slope(z)

    def log_prob(
        self, networks: Networks, states: torch.Tensor, actions: torch.Tensor
    ) -> torch.Tensor:
        """Returns log pi(a|s) [P, B] of actions strictly inside (-1, 1)."""
        z = torch.atanh(actions)
        mean, log_std = self.normal(networks(ACTOR, states))
        start, stretched = self.inverse(networks, states, z)
        noise = (start - mean) / log_std.exp()
        return densities.log_normal(noise, log_std) - stretched - densities.log_slope(z)

    def forward(
        self, networks: Networks, states: torch.Tensor, z: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Returns z_k of z_0 [P, B, A], and log |d z_k / d z_0| [P, B]."""
        stretched = z.new_zeros(z.shape[:2])
        for place in range(len(self._names)):
            kept, log_scale, shift = self._coupling(networks, states, z, place)
            z = torch.where(kept, z, z * log_scale.exp() + shift)
            stretched = stretched + log_scale.sum(2)
        return z, stretched

    def inverse(
        self, networks: Networks, states: torch.Tensor, z: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Returns z_0 of z_k [P, B, A], and log |d z_k / d z_0| [P, B]."""
        stretched = z.new_zeros(z.shape[:2])
        for place in reversed(range(len(self._names))):
            kept, log_scale, shift = self._coupling(networks, states, z, place)
            z = torch.where(kept, z, (z - shift) * (-log_scale).exp())
            stretched = stretched + log_scale.sum(2)
        return z, stretched

    def _coupling(
        self, networks: Networks, states: torch.Tensor, z: torch.Tensor, place: int
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Returns which numbers a coupling keeps [A], r (0 for these) and t, [P, B, A] each."""
        kept = self._kept(z, place)
        read = torch.cat((z * kept, states), dim=2)
        raw, shift = networks(self._names[place], read).chunk(2, dim=2)
        return kept, torch.tanh(raw) * ~kept, shift

    def _kept(self, z: torch.Tensor, place: int) -> torch.Tensor:
        """The first half of the numbers, then the second, and so on; of one number none."""
        numbers = z.shape[2]
        is_first = torch.arange(numbers, device=z.device) < numbers // 2
        return ~is_first if place % 2 and numbers > 1 else is_first

    def mode(self, networks: Networks, states: torch.Tensor) -> torch.Tensor:
        """Returns the action of z_0 = mu."""
        mean = networks(ACTOR, states).chunk(2, dim=2)[0]
        return torch.tanh(self.forward(networks, states, mean)[0])
