"""What optimisers share: settings of members, schedules of step sizes, what a checkpoint holds."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar

from agents import lookup
from agents.optim import resets
from agents.optim.schedule import CONSTANT, Schedule, factors
from agents.parameter import Parameter, of_kinds

if TYPE_CHECKING:
    import torch
else:
    from agents.lazy import LazyModule

    torch = LazyModule("torch")

KIND = "optimizer.kind"
_DEFAULT = "adam"
WEIGHT_DECAY: Mapping[str, Parameter] = {
    "weight_decay": Parameter(float, 0.0, low=0.0, packable=True)
}
"""What an optimiser has among its `parameters` whose `update` calls `decay`."""
Rates = Sequence["torch.Tensor | None"]
"""For each parameter factors [P] of this step's sizes, or `None` for 1."""


@dataclass(frozen=True)
class Settings:
    """One member's step size, its schedule, and the numbers that its optimiser has besides.

    `resets`: whether what it trains is drawn anew at times (`BaseOptimiser.forget`).
    """

    lr: float
    numbers: Mapping[str, float] = field(default_factory=dict)
    schedule: Schedule = CONSTANT
    resets: bool = False


class BaseOptimiser(ABC):
    """Updates parameters [P, ...] in place, each member by its own numbers.

    A member's schedule multiplies its step size, by the number of steps that were done. On a GPU
    all numbers stay on the device, so that a CUDA graph may hold a step.
    """

    parameters: ClassVar[Mapping[str, Parameter]] = {}
    """What stands under `optimizer.` for it, beside the kind and the schedule: numbers."""
    moments: ClassVar[Sequence[str]] = ()
    """What it keeps from step to step: for each name a tensor like each parameter, from 0 on."""
    kept_as: ClassVar[str] = "optimiser"
    """How the names of its tensors begin in a checkpoint."""

    @classmethod
    def settings(
        cls, params: Mapping[str, Any], updates: int, lr: str = "optimizer.lr"
    ) -> Settings:
        """Returns the `optimizer.*` of a run, and its step size `lr`, for so many `updates`."""
        numbers = {
            name: float(params.get(f"optimizer.{name}", known.default))
            for name, known in cls.parameters.items()
        }
        schedule, anew = Schedule.of(params, updates), resets.is_asked(params)
        return Settings(float(params[lr]), numbers, schedule, anew)

    @classmethod
    def defaults(cls, lr: float, resets: bool = False) -> Settings:
        """Returns its own defaults with the step size `lr`, which stays."""
        numbers = {name: float(known.default) for name, known in cls.parameters.items()}
        return Settings(lr, numbers, resets=resets)

    def __init__(self, parameters: Sequence[torch.Tensor], settings: Sequence[Settings]) -> None:
        self.members = list(settings)
        self.trained = list(parameters)
        """What is updated."""
        device = self.trained[0].device
        self._on_cpu = device.type == "cpu"

        def vector(values: Sequence[float]) -> torch.Tensor:
            return torch.tensor(values, dtype=torch.float64, device=device)

        self.lr = vector([member.lr for member in settings])
        self.numbers = {n: vector([m.numbers[n] for m in settings]) for n in self.parameters}
        """Each of the parameters of its own, [P], in double precision."""
        self._decays = any(member.numbers.get("weight_decay") for member in settings)
        self._kind = settings[0].schedule.kind
        self._ends = vector([member.schedule.end_factor for member in settings])
        self._updates = vector([float(member.schedule.updates) for member in settings])
        self._time = vector([0.0]).squeeze(0)
        self.steps = 0
        self.kept = {
            name: [torch.zeros_like(p, requires_grad=False) for p in self.trained]
            for name in self.moments
        }

    @property
    def steps(self) -> int:
        """Updates done."""
        return self._steps

    @steps.setter
    def steps(self, steps: int) -> None:
        self._steps = steps
        self._time.fill_(steps)

    def step(
        self,
        gradients: Sequence[torch.Tensor],
        rates: Rates | None = None,
        eps: torch.Tensor | None = None,
    ) -> None:
        """Updates the parameters from `gradients`, shaped like the parameters.

        In this step alone `rates` multiply the sizes of steps, and `eps` [P] the epsilons.
        """
        self._steps += 1
        with torch.no_grad():
            self._time.add_(1.0)
            self.update(gradients, rates or [None] * len(self.trained), eps)

    @abstractmethod
    def update(
        self, gradients: Sequence[torch.Tensor], rates: Rates, eps: torch.Tensor | None
    ) -> None:
        """Does one step, with `steps` counting it; no gradients are recorded."""

    def decay(self, rates: Rates) -> None:
        """Makes all parameters shorter by weight decay that is decoupled from the gradient.

        x -= lr decay x, with the size that this step has for x, before the step itself (Loshchilov
        & Hutter 2019, Alg. 2). Biases and norms decay too.
        """
        if not self._decays:
            return
        each = self._scheduled() * self.numbers["weight_decay"]
        for parameter, rate in zip(self.trained, rates, strict=True):
            left = 1.0 - (each if rate is None else each * rate)
            parameter.mul_(spread(left.float(), parameter))

    def sizes(self, rates: Rates, factor: torch.Tensor | None = None) -> list[torch.Tensor]:
        """Returns for each parameter the sizes of this step [P], in single precision.

        They are lr, as the schedules have it now, times the `factor` of all and a parameter's rate.
        """
        sizes = self._scheduled() if factor is None else self._scheduled() * factor
        plain = sizes.float()
        return [plain if rate is None else (sizes * rate).float() for rate in rates]

    def _scheduled(self) -> torch.Tensor:
        if self._kind == "constant":
            return self.lr
        if self._on_cpu:  # one by one, as the bits of a cosine may depend on its neighbours
            return torch.tensor([self._size(m) for m in self.members], dtype=torch.float64)
        return self.lr * factors(self._kind, self._ends, self._updates, self._time - 1.0)

    def _size(self, member: Settings) -> float:
        return member.lr * member.schedule.factor(self.steps - 1)

    def member_sizes(self, rates: Rates) -> list[list[float]]:
        """Returns for each member the sizes of this step of every parameter; not on a GPU."""
        ones = [1.0] * len(self.members)
        each = [ones if rate is None else rate.tolist() for rate in rates]
        return [
            [self._size(member) * rate for rate in own]
            for member, own in zip(self.members, zip(*each, strict=True), strict=True)
        ]

    def epsilons(self, eps: torch.Tensor | None) -> torch.Tensor:
        """Returns the epsilons of this step [P], in double precision."""
        own = self.numbers["eps"]
        return own if eps is None else own * eps

    def forget(self, members: Sequence[int], places: Sequence[int]) -> None:
        """Sets all that is kept of some parameters, by their places, of some members back to 0.

        The schedule goes on, and `steps` with it.
        """
        for kept in self.kept.values():
            for place in places:
                kept[place][list(members)] = 0.0

    def tensors(self) -> list[tuple[str, torch.Tensor]]:
        """Returns (name, tensor [P, ...]) of all that a checkpoint holds besides `steps`."""
        return [(f"{n}.{i}", t) for n, kept in self.kept.items() for i, t in enumerate(kept)]


def rows(tensors: Sequence[torch.Tensor]) -> list[list[torch.Tensor]]:
    """Returns the tensors of each member of `tensors` [P, ...], in the same memory."""
    split = [tensor.detach().unbind(0) for tensor in tensors]
    return [list(member) for member in zip(*split, strict=True)]


def spread(vector: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
    """Returns numbers [P] such that a tensor [P, ...] can be multiplied with them."""
    return vector.view(-1, *[1] * (like.dim() - 1))


def find(params: Mapping[str, Any]) -> type[BaseOptimiser]:
    """Returns the class that `optimizer.kind` names; ValueError where it names no optimiser."""
    kind = str(params.get(KIND, _DEFAULT))
    return lookup.derived("optimisers", KIND, kind, BaseOptimiser)  # type: ignore[type-abstract]


def parameters(**defaults: float) -> dict[str, Parameter]:
    """Returns the kind of a learner's optimiser and what each kind has; `defaults` are other ones.

    What some kinds have belongs to these alone.
    """
    kinds = {
        name: lookup.find("optimisers", name).parameters for name in lookup.names("optimisers")
    }
    own = {
        kind: {
            f"optimizer.{name}": replace(known, default=defaults.get(name, known.default))
            for name, known in theirs.items()
        }
        for kind, theirs in kinds.items()
    }
    return {KIND: Parameter(str, _DEFAULT), **of_kinds(KIND, own)}
