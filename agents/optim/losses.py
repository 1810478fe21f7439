"""Losses of a critic's residuals, with weights by their sign."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from agents.parameter import Parameter

if TYPE_CHECKING:
    import torch
else:
    from agents.lazy import LazyModule

    torch = LazyModule("torch")

PARAMETERS: Mapping[str, Parameter] = {
    "loss": Parameter(str, "mse", choices=("mse", "huber")),
    "asymmetry.alpha": Parameter(float, None, low=0.0, high=1.0, packable=True),
    "asymmetry.beta": Parameter(float, None, low=0.0, packable=True),
}


def check(params: Mapping[str, Any]) -> None:
    """Raises ValueError where `asymmetry.beta` is given alone, or alpha is 0 or 1."""
    alpha = params["asymmetry.alpha"]
    if alpha is None and params["asymmetry.beta"] is not None:
        raise ValueError("asymmetry.beta needs asymmetry.alpha, which is not given")
    if alpha is not None and not 0.0 < alpha < 1.0:
        raise ValueError(f"asymmetry.alpha must be above 0 and below 1, got {alpha:g}")


def asymmetry(params: Mapping[str, Any]) -> tuple[float, float]:
    """Returns weights of positive and negative residuals: alpha, and beta or 1 - alpha.

    Both are 1 where no alpha is given.
    """
    alpha, beta = params["asymmetry.alpha"], params["asymmetry.beta"]
    if alpha is None:
        return 1.0, 1.0
    return float(alpha), float(1.0 - alpha if beta is None else beta)


class Loss:
    """alpha max(0, d)^2 + beta min(0, d)^2 of residuals d = q - y (Hui 2022, §3.4).

    With `huber` the squares are Huber's function with delta 1 (which is d^2 / 2 near 0). A batch
    may hold several `views` of its transitions, whose mean losses are added up.
    """

    def __init__(self, params: Sequence[Mapping[str, Any]], device: str, views: int = 1) -> None:
        self._views = views
        self._huber = params[0]["loss"] == "huber"
        weights = [asymmetry(member) for member in params]
        self._plain = all(weight == (1.0, 1.0) for weight in weights)
        self._alpha, self._beta = torch.tensor(weights, device=device).T[:, :, None, None]

    def __call__(
        self, q: torch.Tensor, y: torch.Tensor, weights: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Returns the batch's loss [P, C] of q [P, C, B] against y [P, B], and its gradient.

        Each transition's may have a weight [P, B]. Autograd would take longer for the gradient than
        for that of a small layer.
        """
        residual = q - y[:, None]
        if self._huber:
            slope = residual.clamp(-1.0, 1.0)
            loss = slope * (residual - 0.5 * slope)
        else:
            slope, loss = 2.0 * residual, residual.square()
        if not self._plain:
            weight = torch.where(residual > 0, self._alpha, self._beta)
            slope, loss = slope * weight, loss * weight
        if weights is not None:
            slope, loss = slope * weights[:, None], loss * weights[:, None]
        return loss.mean(2) * self._views, slope / (q.shape[2] // self._views)
