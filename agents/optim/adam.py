"""Adam with per-member step size, epsilon and decay rates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agents.optim.schedule import CONSTANT, Schedule, factors

if TYPE_CHECKING:
    import torch
else:
    from agents.lazy import LazyModule

    torch = LazyModule("torch")


@dataclass(frozen=True)
class AdamSettings:
    """One member's hyperparameters; `eps` is outside the root."""

    lr: float
    eps: float
    beta1: float
    beta2: float
    schedule: Schedule = CONSTANT

    @classmethod
    def of(cls, params: Mapping[str, Any], updates: int, lr: str = "optimizer.lr") -> AdamSettings:
        """Returns the `optimizer.*` of a run, and its step size `lr`, for so many `updates`."""
        names = (lr, "optimizer.eps", "optimizer.beta1", "optimizer.beta2")
        rate, eps, beta1, beta2 = (float(params[name]) for name in names)
        return cls(rate, eps, beta1, beta2, Schedule.of(params, updates))


class Adam:
    """Kingma & Ba 2015, as torch.optim.Adam: x -= lr m' / (sqrt(v') + eps), bias-corrected.

    A member's schedule multiplies its lr, by the number of steps that were done.
    On a CPU torch's fused kernel takes members one by one (bit-equal in any pack, and the fastest);
    elsewhere all members are updated at once, with hyperparameters as tensors [P] and the number of
    the step on the device, so that a CUDA graph may hold the update.
    """

    def __init__(
        self, parameters: Sequence[torch.Tensor], settings: Sequence[AdamSettings]
    ) -> None:
        self._parameters = list(parameters)
        device = self._parameters[0].device
        self._on_cpu = device.type == "cpu"
        numbers = [[s.lr, s.eps, s.beta1, s.beta2] for s in settings]
        self._numbers = torch.tensor(numbers, dtype=torch.float64).T.to(device).unbind(0)
        self._kind = settings[0].schedule.kind
        ends = [[s.schedule.end_factor, float(s.schedule.updates)] for s in settings]
        self._ends = torch.tensor(ends, dtype=torch.float64).T.to(device).unbind(0)
        self._time = torch.zeros((), dtype=torch.float64, device=device)
        self.steps = 0
        self.m = [torch.zeros_like(p, requires_grad=False) for p in parameters]
        self.v = [torch.zeros_like(p, requires_grad=False) for p in parameters]
        with torch.no_grad():
            split = [t.unbind(0) for t in (*self._parameters, *self.m, *self.v)]
        count = len(self._parameters)
        self._groups: dict[AdamSettings, list[int]] = {}
        """Members by their settings."""
        for row, member in enumerate(settings):
            self._groups.setdefault(member, []).append(row)
        self._views = [
            [
                [t[row] for row in rows for t in split[kind : kind + count]]
                for kind in range(0, 3 * count, count)
            ]
            for rows in self._groups.values()
        ]

    @property
    def steps(self) -> int:
        """Updates done."""
        return self._steps

    @steps.setter
    def steps(self, steps: int) -> None:
        self._steps = steps
        self._time.fill_(steps)

    def step(self, gradients: Sequence[torch.Tensor]) -> None:
        """Updates the parameters from `gradients`, shaped like the parameters."""
        if self._on_cpu:
            self.step_memberwise(gradients)
        else:
            self.step_together(gradients)

    def step_memberwise(self, gradients: Sequence[torch.Tensor]) -> None:
        """Updates by torch's fused kernel, one call for members of the same settings."""
        self._steps += 1
        split = [g.contiguous().unbind(0) for g in gradients]  # the kernel reads no strides
        now = torch.tensor(float(self.steps))
        for (member, rows), (parameters, m, v) in zip(
            self._groups.items(), self._views, strict=True
        ):
            torch._fused_adam_(
                parameters,
                [g[row] for row in rows for g in split],
                m,
                v,
                [],
                [now] * len(parameters),
                lr=member.lr * member.schedule.factor(self.steps - 1),
                beta1=member.beta1,
                beta2=member.beta2,
                weight_decay=0.0,
                eps=member.eps,
                amsgrad=False,
                maximize=False,
            )

    def step_together(self, gradients: Sequence[torch.Tensor]) -> None:
        """Updates by tensor operations over all members."""
        self._steps += 1
        with torch.no_grad():
            self._time.add_(1.0)
            fresh, b2, fresh2, size, eps = self._coefficients()
            for parameter, gradient, m, v in zip(
                self._parameters, gradients, self.m, self.v, strict=True
            ):
                shape = (-1, *[1] * (parameter.dim() - 1))
                m.lerp_(gradient, fresh.view(shape))
                v.mul_(b2.view(shape)).addcmul_(gradient, gradient * fresh2.view(shape))
                root = v.sqrt().add_(eps.view(shape))
                parameter.sub_(m / root * size.view(shape))

    def _coefficients(self) -> list[torch.Tensor]:
        """1 - b1, b2, 1 - b2, lr sqrt(1 - b2^t) / (1 - b1^t), eps sqrt(1 - b2^t), each [P]."""
        lr, eps, beta1, beta2 = self._numbers
        if self._kind != "constant":
            ends, updates = self._ends
            lr = lr * factors(self._kind, ends, updates, self._time - 1.0)
        root = (1.0 - beta2**self._time).sqrt()
        size = lr * root / (1.0 - beta1**self._time)
        return [t.float() for t in (1.0 - beta1, beta2, 1.0 - beta2, size, eps * root)]
