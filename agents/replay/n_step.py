"""Returns over several steps, from which one goes on with the value of a later state."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch
else:
    from agents.lazy import LazyModule

    torch = LazyModule("torch")


def n_step_returns(
    rewards: torch.Tensor, masks: torch.Tensor, lengths: torch.Tensor, gamma: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Returns the return R of the first k = `lengths` [P, B] steps, and what its mask m becomes.

    R = sum_{i < k} gamma^i r_i and m = gamma^(k - 1) m_{k - 1}, both [P, B], so that
    y = R + gamma m V(s_k), which is the target of one step where k = 1 (Sutton & Barto 2018,
    Eq. 7.1). Rewards and masks are [P, B, n], `gamma` [P, 1]; what lies beyond k is not read.
    """
    total, discount = rewards[..., 0], torch.ones_like(rewards[..., 0])
    for i in range(1, rewards.shape[2]):
        within = lengths > i
        discount = torch.where(within, gamma * discount, discount)
        total = torch.where(within, total + discount * rewards[..., i], total)
    return total, discount * masks.gather(2, lengths[..., None] - 1)[..., 0]
