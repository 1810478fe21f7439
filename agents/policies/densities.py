"""Logarithms of densities that policies share (this file imports torch)."""

from __future__ import annotations

import math

import torch

_LOG_2 = math.log(2.0)
_LOG_ROOT_2_PI = 0.5 * math.log(2.0 * math.pi)


def log_normal(off: torch.Tensor, log_std: torch.Tensor) -> torch.Tensor:
    """Returns log N(x; mu, sigma) [P, B] of x that are `off` = (x - mu) / sigma, [P, B, n]."""
    return (-0.5 * off.square() - log_std - _LOG_ROOT_2_PI).sum(2)


def log_slope(z: torch.Tensor) -> torch.Tensor:
    """Returns sum_j log(1 - tanh^2 z_j) [P, B] of z [P, B, n]; no z is too large for it.

    Not by torch's softplus, whose bits depend on what stands beside a number.
    """
    size = z.abs()
    return (2.0 * (_LOG_2 - size - torch.log1p(torch.exp(-2.0 * size)))).sum(2)
