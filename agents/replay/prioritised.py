"""Prioritised replay, the proportional variant (Schaul et al. 2016)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from agents.collecting import Collecting
from agents.parameter import Parameter
from agents.replay.batch import Batch
from agents.replay.buffer import Replay
from agents.replay.frames import stored_row
from agents.replay.storage import store
from agents.replay.sum_tree import SumTree
from agents.shape import Shape

if TYPE_CHECKING:
    import torch
else:
    from agents.lazy import LazyModule

    torch = LazyModule("torch")

SAMPLER = "replay.sampler"
_BELONGS: Mapping[str, tuple[Any, ...]] = {SAMPLER: ("prioritised",)}
PARAMETERS: Mapping[str, Parameter] = {
    SAMPLER: Parameter(str, "uniform", choices=("uniform", "prioritised")),
    "replay.alpha": Parameter(float, 0.6, low=0.0, packable=True, only=_BELONGS),
    "replay.beta": Parameter(float, 0.4, low=0.0, high=1.0, packable=True, only=_BELONGS),
    "replay.beta_end": Parameter(float, 1.0, low=0.0, high=1.0, packable=True, only=_BELONGS),
    "replay.epsilon": Parameter(float, 1e-6, low=0.0, packable=True, only=_BELONGS),
}
"""How an update's transitions are drawn from the replay: all alike, or by the size of their last
error; the exponent of priorities, that of weights at the first update and at the last, and what is
added to errors."""

_LEAST, _MOST = 1e-30, 1e30
"""What leaves are cut to, so that none is 0 and their sum is finite."""


def check(params: Mapping[str, Any]) -> None:
    """Raises ValueError where `replay.epsilon` is 0: an error of 0 would never be drawn again."""
    if params.get("replay.epsilon") == 0:
        raise ValueError("replay.epsilon must be above 0, got 0")


def is_asked(params: Mapping[str, Any]) -> bool:
    """Returns whether a run draws by priorities."""
    return params.get(SAMPLER) == "prioritised"


def replay_bytes(
    params: Mapping[str, Any], shape: Shape, steps: int | None, saved: bool = False
) -> int:
    """Returns bytes of a member's replay after `steps` steps (`None`: full), priorities too.

    These take 12 bytes a step in memory, and 4 where they are `saved`; then no writes wait, and
    frames are there that are in files otherwise (`mapped_bytes`).
    """
    collected = Collecting.of(params)
    kept = collected.capacity(params["replay.capacity"], steps)
    leaves = kept * collected.envs if is_asked(params) else 0
    stored = Replay.full_bytes(shape, kept, collected.envs)
    if saved:
        return stored + 4 * leaves
    stored -= mapped_bytes(params, shape, steps)
    return stored + SumTree.bytes(leaves) + Replay.gathered_bytes(shape, collected.envs)


def mapped_bytes(params: Mapping[str, Any], shape: Shape, steps: int | None) -> int:
    """Returns bytes of a member's frames in files after `steps` steps; 0 where it has none."""
    if not store.is_mapped(params):
        return 0
    collected = Collecting.of(params)
    kept = collected.capacity(params["replay.capacity"], steps)
    return Replay.frames_bytes(shape, kept, collected.envs)


def made(
    params: Sequence[Mapping[str, Any]],
    shape: Shape,
    capacity: int,
    device: str,
    envs: int = 1,
    frames: store.MappedFrames | None = None,
) -> Replay:
    """Returns an empty replay with the sampler and the store that its members' `params` ask for.

    It keeps `capacity` steps of each of `envs` environments a member, in `frames` where there are.
    """
    if frames is None and store.is_mapped(params[0]):
        places = envs * (capacity + shape.stack)
        frames = store.MappedFrames.made(len(params), places, *stored_row(shape), device)
    if is_asked(params[0]):
        return PrioritisedReplay(params, shape, capacity, device, envs, frames)
    return Replay(shape, len(params), capacity, device, envs, frames)


def errors_in(batch: Batch, values: torch.Tensor, y: torch.Tensor) -> torch.Tensor | None:
    """Returns |q - y| [P, B] of values [P, C, N] of a batch that priorities drew, else `None`.

    They are means over C critics, and over the N / B views of each transition. (tf2rl, code of Ota
    et al.'s first author, adds critics' errors up: the same chances, as the factor cancels.)
    """
    if batch.weights is None:
        return None
    errors = (values.detach() - y[:, None]).abs().mean(1)
    members, size = batch.rewards.shape
    return errors.view(members, -1, size).mean(1)


class Priorities:
    """The priorities of what P members' replays hold, by place, and draws in proportion to them.

    A leaf of the tree is p^alpha, p = |delta| + epsilon (§3.3). What has just come in gets the
    largest there has been. A place is an environment's number times `slots`, and its slot. All is
    kept on the host.
    """

    def __init__(
        self, params: Sequence[Mapping[str, Any]], slots: int, environments: int = 1
    ) -> None:
        self._slots = slots
        self._first = np.arange(environments, dtype=np.int64)[:, None] * slots
        self._tree = SumTree(len(params), environments * slots)
        self._alpha, self._beta, self._beta_end, epsilon = (
            [float(member[f"replay.{name}"]) for member in params]
            for name in ("alpha", "beta", "beta_end", "epsilon")
        )
        self._epsilon = np.array(epsilon, np.float32)[:, None]
        self._parts: np.ndarray = np.empty(0)
        self._largest = np.ones((len(params), 1), np.float32)
        self._begin = self._end = 0

    def follow(self, begin: int, end: int) -> None:
        """Lets steps before `begin` go, and those before `end` in, with the largest priority."""
        if begin > self._begin:
            self._tree.put(self._places(self._begin, min(begin, self._end)), 0.0)
        if end > self._end:
            self._tree.put(self._places(max(begin, self._end), end), self._largest)
        self._begin, self._end = begin, end

    def draw(self, draws: np.ndarray, share: float) -> tuple[np.ndarray, np.ndarray]:
        """Returns places [P, B] by 32-bit `draws` [P, B], and their weights, float32.

        The sum of all priorities is cut into B equal parts, and one number is drawn in each (App.
        B.2.1). Weights are (N P(i))^-beta over their largest of the batch, beta being where it is
        after a `share` of the run's updates.
        """
        if draws.shape[1] != len(self._parts):
            self._parts = np.arange(draws.shape[1]) + 2.0**-33
        sums = draws * 2.0**-32
        sums += self._parts
        sums *= (self._tree.totals() / len(self._parts))[:, None]
        places, leaves = self._tree.find(sums)
        ends = zip(self._beta, self._beta_end, strict=True)
        betas = [begin + (end - begin) * share for begin, end in ends]
        return places, _powers(leaves.min(1, keepdims=True) / leaves, betas)

    def update(self, places: np.ndarray, errors: np.ndarray) -> None:
        """Sets the priorities at `places` [P, B] by the errors [P, B] found there."""
        with np.errstate(over="ignore"):
            leaves = _powers(np.abs(errors, dtype=np.float32) + self._epsilon, self._alpha)
        np.fmin(np.fmax(leaves, _LEAST, out=leaves), _MOST, out=leaves)
        np.maximum(self._largest, leaves.max(1, keepdims=True), out=self._largest)
        self._tree.put(places, leaves)

    def save(self, member: int) -> dict[str, np.ndarray]:
        """Returns one member's leaves by step, oldest first, and the largest leaf so far.

        Environments follow each other.
        """
        return {
            "leaves": self._tree.leaves(member, self._places(self._begin, self._end)).copy(),
            "largest": self._largest[member].copy(),
            "steps": np.array([self._begin, self._end]),
        }

    def load(self, member: int, state: dict[str, np.ndarray]) -> None:
        """Puts back what `save` returned, into the priorities of what had never been stored."""
        self._begin, self._end = state["steps"].tolist()
        self._largest[member] = state["largest"]
        self._tree.put_of(member, self._places(self._begin, self._end), state["leaves"])

    def _places(self, begin: int, end: int) -> np.ndarray:
        """Returns the places of steps `begin` ... `end` - 1 of all environments."""
        return (np.arange(begin, end) % self._slots + self._first).reshape(-1)


class PrioritisedReplay(Replay):
    """A replay that updates draw from by priorities, and tell errors to."""

    def __init__(
        self,
        params: Sequence[Mapping[str, Any]],
        shape: Shape,
        capacity: int,
        device: str,
        envs: int = 1,
        frames: store.Store | None = None,
    ) -> None:
        super().__init__(shape, len(params), capacity, device, envs, frames)
        self.priorities = Priorities(params, self._slots, envs)

    def draw(
        self,
        draws: np.ndarray,
        share: float,
        n_step: int = 1,
        gamma: np.ndarray | torch.Tensor | None = None,
        floats: bool = True,
    ) -> Batch:
        """Returns transitions in proportion to their priorities, with places and weights."""
        self.priorities.follow(*self.drawable(n_step))
        places, weights = self.priorities.draw(draws, share)
        drawn = self.at(places, n_step, gamma, floats)
        return replace(drawn, places=places, weights=torch.from_numpy(weights).to(self._device))

    def tell(self, batch: Batch, errors: torch.Tensor | None) -> None:
        """Sets the priorities of a batch's transitions by their errors [P, B].

        Raises ValueError where an update found none.
        """
        if errors is None or batch.places is None:
            raise ValueError(
                f"{SAMPLER} must be uniform for an agent whose updates keep no errors "
                "(update_critic keeps those of the critics), got prioritised"
            )
        self.priorities.update(batch.places, errors.cpu().numpy())

    def save_sampler(self, member: int) -> dict[str, np.ndarray]:
        """Returns one member's priorities."""
        return self.priorities.save(member)

    def load_sampler(self, member: int, state: dict[str, np.ndarray]) -> None:
        """Puts back what `save_sampler` returned."""
        self.priorities.load(member, state)


def _powers(bases: np.ndarray, exponents: Sequence[float]) -> np.ndarray:
    """Returns each row [B] of `bases` [P, B] to its exponent.

    Row by row, as the bits of a power may depend on what else is computed with it.
    """
    found = np.empty_like(bases)
    for row, exponent in enumerate(exponents):
        np.power(bases[row], exponent, out=found[row])
    return found
