"""The deterministic policy: tanh, with normal noise while training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from agents.networks.described import Described
from agents.parameter import Parameter
from agents.policies.base import ACTOR, HEAD_GAIN, TARGETS, BasePolicy, Networks

if TYPE_CHECKING:
    import torch
else:
    from agents.lazy import LazyModule

    torch = LazyModule("torch")


class Policy(BasePolicy):
    """tanh mu(s), and normal noise on it, clipped to [-1, 1].

    Exploration has noise of `policy.std`. Updates have it where `policy.noise_in` says so, of
    `smoothing.std` and clipped to `smoothing.clip`, without which it is exploration's.
    """

    parameters: ClassVar[Mapping[str, Parameter]] = {
        "policy.noise_in": Parameter(tuple, (TARGETS, ACTOR)),
        "smoothing.std": Parameter(float, None, low=0.0, packable=True),
        "smoothing.clip": Parameter(float, None, low=0.0, packable=True),
    }
    is_stochastic = False

    @classmethod
    def networks(cls, params: Mapping[str, Any], states: int, actions: int) -> dict[str, Described]:
        """Returns the actor, which gives a mean for each number of an action."""
        return {ACTOR: Described(states, actions, ACTOR, HEAD_GAIN)}

    @classmethod
    def noise_in(cls, params: Mapping[str, Any]) -> Sequence[str]:
        """Returns `policy.noise_in`."""
        return tuple(params["policy.noise_in"])

    def __init__(self, members: Sequence[Mapping[str, Any]], device: str) -> None:
        def each(values: list[float]) -> torch.Tensor:
            return torch.tensor(values, device=device)[:, None, None]

        stds = [float(params["policy.std"]) for params in members]
        smoothing = [params.get("smoothing.std") for params in members]
        clips = [params.get("smoothing.clip") for params in members]
        self._std = each(stds)
        self._smoothing = each(
            [std if own is None else float(own) for std, own in zip(stds, smoothing, strict=True)]
        )
        self._clip = each([_NO_CLIP if clip is None else float(clip) for clip in clips])

    def sample(
        self, networks: Networks, states: torch.Tensor, noise: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Returns noisy actions; their log-density depends on no mean and counts as 0."""
        return self._noisy(networks, states, self._std * noise)

    def sample_in_update(
        self, networks: Networks, states: torch.Tensor, noise: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Returns actions with clipped noise (Fujimoto et al. 2018, Eq. 14), clipped to [-1, 1]."""
        smooth = (self._smoothing * noise).clamp(-self._clip, self._clip)
        return self._noisy(networks, states, smooth)

    def _noisy(
        self, networks: Networks, states: torch.Tensor, noise: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        action = (self.mode(networks, states) + noise).clamp(-1.0, 1.0)
        return action, action.new_zeros(action.shape[:2])

    def mode(self, networks: Networks, states: torch.Tensor) -> torch.Tensor:
        """Returns the mean, tanh mu(s)."""
        return torch.tanh(networks(ACTOR, states))


_NO_CLIP = 2.0  # actions are in [-1, 1], so that more noise than 2 ends at their bounds anyway
