"""OFENet (Ota et al. 2020; 2021, §3.1): features that predict the next state.

z_s = phi_s(s) and z_sa = phi_sa(z_s, a), each a DenseNet that gives what it reads and what its
layers add; a linear map of z_sa predicts the first numbers of the next state (Ota et al. 2021,
Eq. 1).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from agents.features.base import BaseFeatures, Counts, Named
from agents.features.densely import Densely
from agents.layers.linear import Linear
from agents.networks import densenet
from agents.networks.layered import Layered
from agents.optim.target_average import TargetAverage
from agents.optimisers import adam
from agents.parameter import Parameter
from agents.replay.batch import Batch
from agents.shape import Shape

if TYPE_CHECKING:
    import torch

    from agents.contract import Run
else:
    from agents.lazy import LazyModule

    torch = LazyModule("torch")

TARGETS: Mapping[tuple[str, int], int] = {("ant_", 111): 27, ("Humanoid-", 376): 292}
"""How many numbers are predicted where the authors' public code takes fewer than all: of tasks
whose names begin so and whose observations have so many. Those left out are contact forces."""


class Features(BaseFeatures):
    """P members' phi_s and phi_sa, each `features.layers` layers that share `features.units`.

    A layer is a linear map, a batch norm and an activation. Batch norms take a batch's statistics
    in updates of these networks alone; elsewhere they take running ones. The target networks, for
    the states after those of a batch, move towards the others by `features.tau` at each update.
    """

    parameters: ClassVar[Mapping[str, Parameter]] = {
        "features.layers": Parameter(int, 8, low=1),
        "features.units": Parameter(int, 2048, low=1),
        "features.activation": Parameter(str, "swish", choices=("relu", "swish")),
        "features.norm.eps": Parameter(float, 1e-3, low=0.0),
        "features.norm.momentum": Parameter(float, 0.01, low=0.0, high=1.0),
        "features.lr": Parameter(float, 3e-4, low=0.0, packable=True),
        "features.targets": Parameter(int, None, low=1),
        "features.tau": Parameter(float, 0.005, low=0.0, high=1.0, packable=True),
        "target.features": Parameter(str, "ema", choices=("online", "ema")),
    }

    @classmethod
    def check(cls, params: Mapping[str, Any], shape: Shape) -> None:
        """Raises ValueError where units are not split evenly, or too many numbers are predicted."""
        layers, units = params["features.layers"], params["features.units"]
        if units % layers:
            near = [n for n in (units - units % layers, units + -units % layers) if n]
            raise ValueError(
                f"features.units must be a multiple of features.layers ({layers}), over which they "
                f"are split evenly, got {units}; nearest: {', '.join(map(str, near))}"
            )
        most, asked = math.prod(shape.observation), params["features.targets"]
        if asked is not None and asked > most:
            raise ValueError(
                f"features.targets must be at most {most}, the numbers of an observation, "
                f"got {asked}"
            )

    @classmethod
    def widths(cls, params: Mapping[str, Any], shape: Shape) -> tuple[int, int]:
        """Returns |s| + units and |s| + |a| + 2 units."""
        states, units = math.prod(shape.observation), int(params["features.units"])
        return states + units, states + shape.actions + 2 * units

    @classmethod
    def counts(cls, params: Mapping[str, Any], shape: Shape) -> Counts:
        """Returns how many numbers a member has; predicted are at most all of an observation.

        Besides what both networks give, an update keeps of each layer what its norm reads and what
        the norm gives, and gradients as wide as what both give.
        """
        of_states, of_pairs = cls.widths(params, shape)
        sizes, states = _sizes(params), math.prod(shape.observation)
        blocks = sum(
            densenet.Body.numbers(sizes, (inputs,))[0]
            for inputs in (states, of_states + shape.actions)
        )
        running = 4 * params["features.units"]
        trained = blocks + (of_pairs + 1) * states
        kept = 4 * params["features.units"] + 2 * (of_states + of_pairs)
        acting = 2 * of_states + 3 * of_pairs + 2 * params["features.units"]
        passes = max(params["features.batch_size"] * kept, params["batch_size"] * acting)
        targets = blocks + running if params["target.features"] == "ema" else 0
        return Counts(trained, running + targets, passes)

    @classmethod
    def told(cls, params: Mapping[str, Any], task: str, shape: Shape) -> int:
        """Returns how many of the next state's first numbers are predicted."""
        if params["features.targets"] is not None:
            return int(params["features.targets"])
        numbers, name = math.prod(shape.observation), task.partition("/")[2]
        for (begin, all_of_them), published in TARGETS.items():
            if name.startswith(begin) and numbers == all_of_them:
                return published
        return numbers

    def __init__(
        self,
        runs: Sequence[Run],
        params: Sequence[Mapping[str, Any]],
        shape: Shape,
        device: str,
    ) -> None:
        """Blank networks of `runs`, whose `params` are complete."""
        super().__init__(runs, params, shape, device)
        first, members = params[0], len(runs)
        self._predicted = self.told(first, runs[0].task, shape)
        of_states, of_pairs = self.widths(first, shape)
        sizes, inputs = _sizes(first), (math.prod(shape.observation), of_states + shape.actions)

        def nets() -> list[Densely]:
            return [Densely(sizes, numbers, members, device) for numbers in inputs]

        self._online = nets()
        readout = Linear(members, of_pairs, self._predicted, device)
        readout.activation = None
        self._readout = Layered([readout], [], [None])
        for net in self._named().values():
            net.train()
        self._targets = nets() if first["target.features"] == "ema" else self._online
        self._averages = [
            TargetAverage(t.tracked, net.tracked, [float(p["features.tau"]) for p in params])
            for t, net in zip(self._targets, self._online, strict=True)
            if t is not net
        ]
        self._learned = [t for net in self._online for t in net.block.learned]
        self._learned += self._readout.parameters
        settings = [adam.Optimiser.defaults(float(p["features.lr"])) for p in params]
        self._optimiser = adam.Optimiser(self._learned, settings)

    def initialise(self) -> None:
        """Draws random networks; targets start equal to them."""
        for name, net in self._named().items():
            net.initialise(self.seeds, [f"features.{name}/"])
        for target, net in zip(self._targets, self._online, strict=True):
            if target is not net:
                target.copy_(net)

    def states(self, observations: torch.Tensor, target: bool = False) -> torch.Tensor:
        """Returns z_s, [P, B, S] -> [P, B, S + units]."""
        with torch.no_grad():
            return self._nets(target)[0].frozen(observations)

    def pairs(
        self, states: torch.Tensor, actions: torch.Tensor, target: bool = False
    ) -> torch.Tensor:
        """Returns z_sa of z_s and actions, [P, B, S + A + 2 units]."""
        return self._nets(target)[1].frozen(states, actions)

    def _nets(self, target: bool) -> list[Densely]:
        return self._targets if target else self._online

    def update(self, batch: Batch) -> torch.Tensor:
        """Steps down the mean squared error of the next state's first numbers; returns it, [P]."""
        of_states, of_pairs = self._online
        pairs = of_pairs.trained(of_states.trained(batch.observations), batch.actions)
        (readout,) = self._readout.layers
        predicted = readout(pairs, False)
        error = predicted.detach() - batch.next_observations[..., : self._predicted]
        slope = error * (2.0 / error[0].numel())
        self._optimiser.step(torch.autograd.grad(predicted, self._learned, slope))
        for average in self._averages:
            average.step()
        return error.square().flatten(1).mean(1)

    def tensors(self) -> Named:
        """Returns both networks, the read-out, targets of their own, and Adam's moments."""
        nets: dict[str, Layered] = self._named()
        if self._targets is not self._online:
            nets |= {"target.states": self._targets[0], "target.pairs": self._targets[1]}
        found: Named = []
        for part, net in nets.items():
            found += [(f"{part}.{name}", tensor, rows) for name, tensor, rows in net.tensors()]
        moments, everyone = self._optimiser.tensors(), range(len(self.seeds))
        return [*found, *((f"adam.{name}", tensor, everyone) for name, tensor in moments)]

    def _named(self) -> dict[str, Layered]:
        """The networks that learn."""
        return {"states": self._online[0], "pairs": self._online[1], "readout": self._readout}

    def acting(self) -> Named:
        """Returns phi_s."""
        return self._online[0].tensors()

    @property
    def updates(self) -> int:
        """Updates done, which are Adam's steps."""
        return self._optimiser.steps

    @updates.setter
    def updates(self, updates: int) -> None:
        self._optimiser.steps = updates


def _sizes(params: Mapping[str, Any]) -> dict[str, Any]:
    """The sizes of each of both networks."""
    layers = int(params["features.layers"])
    return {
        "layers": layers,
        "units": int(params["features.units"]) // layers,
        "activation": params["features.activation"],
        "norm.kind": "batch",
        "norm.affine": True,
        "norm.eps": params["features.norm.eps"],
        "norm.momentum": params["features.norm.momentum"],
    }
