"""The loss of Q around the weights that were learned (Ota et al. 2021, section 3 and A.3)."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from agents import streams
from agents.analyses import base
from agents.analyses.base import Sizes, Source
from agents.contract import Report, State
from agents.parameter import Parameter
from agents.replay.buffer import Replay
from agents.training import learned
from agents.training.pack_learner import PackLearner

if TYPE_CHECKING:
    import torch
else:
    from agents.lazy import LazyModule

    torch = LazyModule("torch")

_NUMBERS = 2**21
"""So many numbers of a layer's outputs are computed at once on a CPU: they stay in its caches."""
_MOST_ROWS = 8192
_ROUNDED = 1 + 1e-9
"""Numbers that differ by this factor differ by rounding."""


class Analysis:
    """L(theta + x d + y e) over a square of x and y, where d and e are random directions.

    L = mean over D of 1/2 (Q(s, a) - y)^2, Q the first critic and theta all that it learns. D are
    `samples` transitions of the run's replay as it was at the end, one of each of as many equal
    shares of it, or all where there are fewer. Their targets y are the agent's own, with fixed
    noise where it draws any, computed once after training; they stay the same for all x and y.
    d and e are filter-normalised (Li et al. 2018, section 4): normal numbers, of which each row of
    a weight matrix, the inputs of one neuron or the filter of one channel, is given the norm of
    that row of theta; entries for biases and norms are 0. `pairs` such pairs of directions follow
    from `directions.seed` and the run's seed.

    `loss` is L(theta), and `scale` is half the variance of y, which is the loss of the best
    constant: L / scale has no unit, and is comparable between tasks and networks. `sharpness` is
    the sharpness of Keskar et al. 2017 (Eq. 1, in the plane of d and e), in per cent, of L / scale:
    100 (max L - L(theta)) / (scale + L(theta)), over the points with |x| and |y| of at most
    `sharpness.radius`; a mean over pairs. They take the plain loss, whose 1 + L(theta) in the place
    of scale + L(theta) would measure losses of Q in whatever unit the task's rewards have. No
    power iteration is done around theta, and batch norms do as when acting.
    """

    pack: ClassVar[int] = 1
    """How many members train best together."""
    needs_state: ClassVar[bool] = True
    """Whether it looks at the whole state of a run, and not only at what its agent acted with."""
    keeps_weights: ClassVar[bool] = True
    """Whether it has `weights`: arrays that stay of each member."""
    parameters: ClassVar[Mapping[str, Parameter]] = {
        "grid": Parameter(int, 51, low=2, high=501),
        "range": Parameter(float, 1.0, low=1e-6, high=1e3),
        "samples": Parameter(int, 65_536, low=2),
        "pairs": Parameter(int, 1, low=1, high=100),
        "directions.seed": Parameter(int, 0, low=0),
        "sharpness.radius": Parameter(float, 0.2, low=1e-6),
    }
    metrics: ClassVar[Sequence[str]] = ("loss", "scale", "sharpness")

    @classmethod
    def check(cls, learner: Any) -> None:
        """Raises ValueError where the critic reads images, or nobody says what it learns.

        A class with an update of its own says it by a `critic_target` of its own.
        """
        both = {"update", "critic_target"}
        own = [vars(c) for c in getattr(learner, "__mro__", ()) if both & {*vars(c)}]
        said = bool(own) and "critic_target" in own[0]
        if getattr(learner, "images", False) or not said:
            raise ValueError(
                "loss_surface needs an agent whose critic reads states and which has "
                "critic_target(), as sac_v1, sac, sac_lite, td3, ddpg, td2, td2_public and dqn"
            )

    @classmethod
    def steps(cls, params: Mapping[str, Any]) -> int:
        """Returns how many losses are computed: at theta, and at each point of each pair.

        Raises ValueError where no point but theta's is so near that sharpness looks at it, or where
        it would look beyond the grid.
        """
        apart, radius = _apart(params["grid"], params["range"]), params["sharpness.radius"]
        if radius > params["range"] * _ROUNDED:
            raise ValueError(
                f"sharpness.radius must be at most range, {params['range']:g}, where the grid "
                f"ends, got {radius:g}: set both"
            )
        if radius * _ROUNDED < apart:
            raise ValueError(
                f"sharpness.radius must be at least {apart:g}, so that a point of the grid beside "
                f"its middle is that near, got {radius:g}"
            )
        return int(1 + params["pairs"] * params["grid"] ** 2)

    @classmethod
    def sizes(
        cls, learner: Any, run_params: Mapping[str, Any], task: str, params: Mapping[str, Any]
    ) -> Sizes:
        """Returns about how many bytes a pack takes on a CPU, beside what torch itself does.

        A run's state is in memory twice while its replay is filled, as if that were full.
        """
        complete = learner.complete(run_params)
        shape = learner.shape_of(complete, task)
        found = learner.sizes(complete, shape)
        state = learner.state_bytes(run_params, task, complete["replay.capacity"])
        weights = (3 + 2 * params["pairs"]) * found.trained
        seen = math.prod(shape.observation) + shape.actions
        read = learner.inputs("critic", complete, shape) if learner.continuous else seen
        rows = params["samples"] * 2 * (seen + read + 1)  # read once, and once put together
        passes = min(params["samples"], _MOST_ROWS) * found.passes // complete["batch_size"]
        member = 2 * state + 4 * (weights + rows + passes)
        return Sizes(member, learner.passes_bytes)

    def __init__(
        self,
        learner: type[PackLearner],
        sources: Sequence[Source],
        states: list[State | None],
        device: str,
    ) -> None:
        """Begins, or goes on from states of one step."""
        self.progress = self.step = 0
        self.members = list(range(len(sources)))
        self._params = params = sources[0].params
        self._ends = self.steps(params)
        self.places = places(params["grid"], params["range"])
        """x, and y, of the grid's columns and rows."""
        self.surfaces = [Surface(learner, source, device) for source in sources]
        self._losses = [np.full(self._ends, np.nan) for _ in sources]
        self._kept: dict[int, State] = {}
        for losses, state in zip(self._losses, states, strict=True):
            if state is not None:
                self.step = int(state["step"])
                losses[:] = state["losses"]

    def advance(self) -> list[Report]:
        """Computes losses for about half a second; returns the members once they are done."""
        until = time.monotonic() + base.SECONDS
        while self.members and self.step < self._ends:
            place = self._place(self.step)
            for member in self.members:
                self._losses[member][self.step] = self.surfaces[member].loss(*place)
            self.step += 1
            self.progress += 1
            if time.monotonic() > until:
                break
        if self.step < self._ends:
            return []
        reports = [self._report(member) for member in self.members]
        self.drop(self.members)
        return reports

    def weights(self, member: int) -> State:
        """Returns what stays of a member that is done: its `losses` [pairs, rows of y, columns of
        x], the places of these, `x` and `y`, and its `loss` and `scale`."""
        return self._kept[member]

    def save(self, member: int) -> State:
        """Returns the losses so far; the rest follows from the run and the parameters."""
        return {"step": np.array(self.step), "losses": self._losses[member].copy()}

    def drop(self, members: Iterable[int]) -> None:
        """Gives up members; the others go on untouched."""
        gone = set(members)
        self.members = [member for member in self.members if member not in gone]

    def _place(self, step: int) -> tuple[int, float, float]:
        """The pair of directions, x and y of the loss number `step`: the first is that of theta."""
        if step == 0:
            return 0, 0.0, 0.0
        pair, point = divmod(step - 1, len(self.places) ** 2)
        row, column = divmod(point, len(self.places))
        return pair, float(self.places[column]), float(self.places[row])

    def _report(self, member: int) -> Report:
        grid, centre = len(self.places), float(self._losses[member][0])
        losses = self._losses[member][1:].reshape(-1, grid, grid)
        scale = self.surfaces[member].scale
        near = np.abs(self.places) <= self._params["sharpness.radius"] * _ROUNDED
        peaks = np.maximum(losses[:, near][:, :, near].max(axis=(1, 2)), centre)
        with np.errstate(all="ignore"):
            sharpness = float(np.mean(100.0 * (peaks - centre) / (scale + centre)))
        arrays = {"losses": losses, "x": self.places, "y": self.places}
        self._kept[member] = arrays | {"loss": np.array(centre), "scale": np.array(scale)}
        metrics = {"loss": centre, "scale": scale, "sharpness": sharpness}
        finite = all(map(math.isfinite, metrics.values()))
        return Report(member, self._ends, metrics if finite else {}, True, not finite)


class Surface:
    """The loss of one run's first critic at theta + x d + y e, for pairs of directions d and e."""

    def __init__(self, learner: type[PackLearner], source: Source, device: str) -> None:
        """Loads the run as it ended, and keeps of it the critic, the transitions and targets."""
        if source.state is None:
            raise ValueError("a loss surface needs the whole state of a run")
        agent, replay = learned.restored(learner, source.run, source.state, device)
        seed, params = source.run.seed, source.params
        self._network = agent.network("critic")
        self._x, self._chosen, self._y = _data(agent, replay, seed, params["samples"])
        self.scale = float(self._y.double().var(correction=0)) / 2
        """Half the variance of the targets."""
        self._theta = [tensor.detach().clone() for tensor in self._network.parameters]
        purposes = [f"loss_surface/{params['directions.seed']}/{n}" for n in range(params["pairs"])]
        self.directions = [
            [direction(self._theta, streams.key(seed, f"{purpose}/{one}")) for one in "xy"]
            for purpose in purposes
        ]
        """d and e of each pair, each a tensor for every tensor of theta."""
        self._rows = self._x.shape[1]
        if self._x.device.type == "cpu":
            widest = max(max(tensor.shape[1:]) for tensor in self._theta)
            self._rows = min(_MOST_ROWS, max(1, _NUMBERS // widest))

    def loss(self, pair: int, x: float, y: float) -> float:
        """Returns the mean of 1/2 (Q(s, a) - y)^2 at theta + x d + y e."""
        total, count = 0.0, self._x.shape[1]
        with torch.inference_mode():
            for tensor, theta, d, e in zip(
                self._network.parameters, self._theta, *self.directions[pair], strict=True
            ):
                tensor.copy_(theta + x * d + y * e)
            for begin in range(0, count, self._rows):
                part = slice(begin, begin + self._rows)
                q = self._network.values(self._x[:, part])
                if self._chosen is not None:
                    q = q.gather(2, self._chosen[:, part, None])
                error = q[..., 0] - self._y[:, part]
                total += float(error.square().sum(dtype=torch.float64))
        return total / 2 / count


def direction(theta: Sequence[torch.Tensor], key: int) -> list[torch.Tensor]:
    """Returns a filter-normalised direction, a tensor for each of `theta`, [1, in, out] or [1, n].

    d_row <- d_row ||theta_row|| / (||d_row|| + 1e-10), rows being columns of [in, out]; what is a
    vector is 0.
    """
    found, begin = [], 0
    for tensor in theta:
        if tensor.dim() < 3:
            found.append(torch.zeros_like(tensor))
            continue
        counter = np.arange(begin, begin + -(-tensor.numel() // 2), dtype=np.int64)
        begin += len(counter)
        drawn = torch.from_numpy(streams.gaussians(key, counter)[: tensor.numel()])
        d = drawn.view(tensor.shape).to(tensor.device)
        found.append(d * (tensor.norm(dim=1, keepdim=True) / (d.norm(dim=1, keepdim=True) + 1e-10)))
    return found


def _apart(grid: int, reach: float) -> float:
    """How far the nearest point beside theta lies along x; an even grid has none at theta."""
    return reach * (2 if grid % 2 else 1) / (grid - 1)


def places(grid: int, reach: float) -> np.ndarray:
    """Returns `grid` places from -reach to reach; the middle one of an odd number is 0."""
    steps = 2 * np.arange(grid) - (grid - 1)
    found: np.ndarray = reach * steps / (grid - 1)
    return found


def _data(
    learner: Any, replay: Replay, seed: int, samples: int
) -> tuple[torch.Tensor, torch.Tensor | None, torch.Tensor]:
    """Returns what the critic reads [1, N, ...], actions that are choices [1, N], and targets."""
    draws = _chosen(replay.valid(learner.n_step), samples, seed)
    noise = learner.draws.probe_noise(draws.shape[1], 0) if learner.continuous else ()
    read, actions, targets = [], [], []
    for begin in range(0, draws.shape[1], _MOST_ROWS):
        part = slice(begin, begin + _MOST_ROWS)
        batch = learner.sample(replay, draws[:, part])
        batch = batch.flattened() if learner.continuous else batch
        with torch.inference_mode():
            read.append(learner.network_inputs("critic", batch))
            batch = learner.featured(batch) if learner.continuous else batch
            targets.append(learner.critic_target(batch, *(one[:, part] for one in noise)))
        actions.append(batch.actions)
    chosen = None if learner.continuous else torch.cat(actions, 1)
    return torch.cat(read, 1), chosen, torch.cat(targets, 1)


def _chosen(valid: int, samples: int, seed: int) -> np.ndarray:
    """Returns 32-bit draws [1, N] by which `Replay.sample` gives N different ones of `valid`.

    One is of each of N equal shares, in their order.
    """
    ends = np.arange(min(samples, valid) + 1, dtype=np.int64) * valid // min(samples, valid)
    drawn = streams.bits(streams.key(seed, "loss_surface/samples"), ends[:-1])
    steps = ends[:-1] + (drawn * np.diff(ends) >> 32)
    draws: np.ndarray = -(-(steps << 32) // valid)
    return draws[None]
