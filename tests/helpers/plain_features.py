"""OFENet for one agent, written from its equations with torch.nn, in float64."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import nn

State = Mapping[str, np.ndarray]


class Dense(nn.Module):
    """Layers of linear map, batch norm and Swish, each behind all before it."""

    def __init__(self, state: State, name: str, eps: float, momentum: float) -> None:
        super().__init__()
        self.linears, self.norms = nn.ModuleList(), nn.ModuleList()
        place = 0
        while f"{name}.{place}.weight" in state:
            weight = torch.from_numpy(state[f"{name}.{place}.weight"]).double()
            linear = nn.Linear(*weight.shape, dtype=torch.float64)
            linear.weight.data.copy_(weight.T)
            linear.bias.data.copy_(torch.from_numpy(state[f"{name}.{place}.bias"]))
            norm = nn.BatchNorm1d(weight.shape[1], eps, momentum, dtype=torch.float64)
            for mine, theirs in PARTS.items():
                kept = torch.from_numpy(state[f"{name}.norm{place}.{theirs}"]).double()
                getattr(norm, mine).data.copy_(kept)
            self.linears.append(linear)
            self.norms.append(norm)
            place += 1

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for linear, norm in zip(self.linears, self.norms, strict=True):
            y = norm(linear(x))
            x = torch.cat((x, y * torch.sigmoid(y)), dim=1)
        return x


PARTS = {"weight": "weight", "bias": "bias", "running_mean": "mean", "running_var": "variance"}


class PlainOFENet(nn.Module):
    """phi_s, phi_sa and the read-out of a saved state; `target.` names those of targets."""

    def __init__(self, state: State, prefix: str, eps: float, momentum: float) -> None:
        super().__init__()
        self.states = Dense(state, f"{prefix}states", eps, momentum)
        self.pairs = Dense(state, f"{prefix}pairs", eps, momentum)
        weight = torch.from_numpy(state["features.readout.0.weight"]).double()
        self.readout = nn.Linear(*weight.shape, dtype=torch.float64)
        self.readout.weight.data.copy_(weight.T)
        self.readout.bias.data.copy_(torch.from_numpy(state["features.readout.0.bias"]))

    def pair(self, states: torch.Tensor, actions: torch.Tensor) -> torch.Tensor:
        """z_sa of z_s and a."""
        return self.pairs(torch.cat((states, actions), dim=1))

    def loss(self, s: torch.Tensor, a: torch.Tensor, following: torch.Tensor) -> torch.Tensor:
        """The mean squared error of the first numbers of the next state."""
        predicted = self.readout(self.pair(self.states(s), a))
        return nn.functional.mse_loss(predicted, following[:, : predicted.shape[1]])
