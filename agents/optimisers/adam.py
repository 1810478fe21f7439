"""Adam: running means of the gradient, divided by the root of those of its square.

With `optimizer.weight_decay` it is AdamW (Loshchilov & Hutter 2019).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any, ClassVar

from agents.optimisers.base import WEIGHT_DECAY, BaseOptimiser, Rates, Settings, rows, spread
from agents.parameter import Parameter

if TYPE_CHECKING:
    import torch
else:
    from agents.lazy import LazyModule

    torch = LazyModule("torch")

_Places = Sequence[tuple[int, int]]
"""Some tensors of some members: the numbers of a member and of one of the parameters."""


class Optimiser(BaseOptimiser):
    """Kingma & Ba 2015, as torch.optim.Adam: x -= lr m' / (sqrt(v') + eps), bias-corrected.

    Weight decay is decoupled, as in torch.optim.AdamW.

    On a CPU torch's fused kernel takes members one by one (bit-equal in any pack, and the fastest);
    elsewhere all members are updated at once, with hyperparameters as tensors [P]. Where networks
    are drawn anew, bias corrections count from then on.
    """

    parameters: ClassVar[Mapping[str, Parameter]] = {
        "eps": Parameter(float, 1e-8, low=0.0, packable=True),
        "beta1": Parameter(float, 0.9, low=0.0, high=0.999999, packable=True),
        "beta2": Parameter(float, 0.999, low=0.0, high=0.999999, packable=True),
        **WEIGHT_DECAY,
    }
    moments = ("m", "v")
    kept_as = "adam"  # so were they called before there were other optimisers

    def __init__(self, parameters: Sequence[torch.Tensor], settings: Sequence[Settings]) -> None:
        super().__init__(parameters, settings)
        self._rows = [rows(kind) for kind in (self.trained, self.kept["m"], self.kept["v"])]
        """Every member's parameters, m and v."""
        alike: dict[Any, list[int]] = {}
        for row, member in enumerate(settings):
            key = (member.lr, member.schedule, *member.numbers.values())
            alike.setdefault(key, []).append(row)
        self._groups = list(alike.values())
        """Members of the same settings."""
        self._forgot: list[torch.Tensor] | None = None
        """For each parameter the steps [P, 1] after which its moments were set back to 0."""
        if any(member.resets for member in settings):
            self._forgot = [torch.zeros_like(self.lr)[:, None] for _ in self.trained]
        each = range(len(self.trained))
        self._plain = [self._call([(row, i) for row in g for i in each]) for g in self._groups]
        """The calls of a step without factors."""

    def update(
        self, gradients: Sequence[torch.Tensor], rates: Rates, eps: torch.Tensor | None
    ) -> None:
        """Updates both means, then every parameter."""
        self.decay(rates)
        if self._on_cpu:
            self.update_memberwise(gradients, rates, eps)
        else:
            self.update_together(gradients, rates, eps)

    def update_memberwise(
        self, gradients: Sequence[torch.Tensor], rates: Rates, eps: torch.Tensor | None
    ) -> None:
        """Updates by torch's fused kernel, one call for all tensors with the same numbers."""
        plain = eps is None and all(rate is None for rate in rates)
        split = rows([g.contiguous() for g in gradients])  # the kernel reads no strides
        now = torch.tensor(float(self.steps))
        ages = None if self._forgot is None else [(now - t[:, 0]).float() for t in self._forgot]
        for places, tensors, rate, factor in self._plain if plain else self._calls(rates, eps):
            member = self.members[places[0][0]]
            parameters, m, v = tensors
            torch._fused_adam_(
                parameters,
                [split[row][i] for row, i in places],
                m,
                v,
                [],
                [now if ages is None else ages[i][row] for row, i in places],
                lr=self._size(member) * rate,
                beta1=member.numbers["beta1"],
                beta2=member.numbers["beta2"],
                weight_decay=0.0,
                eps=member.numbers["eps"] * factor,
                amsgrad=False,
                maximize=False,
            )

    def _calls(self, rates: Rates, eps: torch.Tensor | None) -> Iterator[Any]:
        """The calls of a step in which each member may have factors, and of lr each tensor."""
        ones = [1.0] * len(self.members)
        factors = ones if eps is None else eps.tolist()
        each = [ones if rate is None else rate.tolist() for rate in rates]
        for members in self._groups:
            alike: dict[tuple[float, float], list[tuple[int, int]]] = {}
            for row in members:
                for i, rate in enumerate(each):
                    alike.setdefault((rate[row], factors[row]), []).append((row, i))
            yield from (self._call(places, *own) for own, places in alike.items())

    def _call(self, places: _Places, rate: float = 1.0, factor: float = 1.0) -> Any:
        tensors = [[kind[row][i] for row, i in places] for kind in self._rows]
        return places, tensors, rate, factor

    def update_together(
        self, gradients: Sequence[torch.Tensor], rates: Rates, eps: torch.Tensor | None
    ) -> None:
        """Updates by tensor operations over all members."""
        beta1, beta2 = self.numbers["beta1"], self.numbers["beta2"]
        fresh, old2, fresh2 = (t.float() for t in (1.0 - beta1, beta2, 1.0 - beta2))
        tensors = self.trained, gradients, self.kept["m"], self.kept["v"]
        corrected = self._corrected(rates, self.epsilons(eps))
        for parameter, g, m, v, (size, epsilon) in zip(*tensors, corrected, strict=True):
            m.lerp_(g, spread(fresh, g))
            v.mul_(spread(old2, g)).addcmul_(g, g * spread(fresh2, g))
            step = m / v.sqrt().add_(spread(epsilon, g))
            parameter.sub_(step * spread(size, g))

    def _corrected(
        self, rates: Rates, eps: torch.Tensor
    ) -> Iterable[tuple[torch.Tensor, torch.Tensor]]:
        """The size and the epsilon [P] of the step of each parameter, which correct biases."""

        def at(age: torch.Tensor, rates: Rates) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
            root = (1.0 - self.numbers["beta2"] ** age).sqrt()
            sizes = self.sizes(rates, root / (1.0 - self.numbers["beta1"] ** age))
            return zip(sizes, [(eps * root).float()] * len(sizes), strict=True)

        if self._forgot is None:
            return at(self._time, rates)
        each = zip(self._forgot, rates, strict=True)
        return chain.from_iterable(at(self._time - since[:, 0], [rate]) for since, rate in each)

    def forget(self, members: Sequence[int], places: Sequence[int]) -> None:
        """Sets moments back to 0, and corrects biases as if these steps were the first."""
        super().forget(members, places)
        assert self._forgot is not None, "of members whose settings have resets"
        for place in places:
            self._forgot[place][list(members)] = float(self.steps)

    def tensors(self) -> list[tuple[str, torch.Tensor]]:
        """Returns both means, and where networks are drawn anew when that was."""
        since = enumerate(self._forgot or ())
        return [*super().tensors(), *((f"since.{place}", tensor) for place, tensor in since)]
