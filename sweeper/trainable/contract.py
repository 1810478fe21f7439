"""The contract between sweeper and what it trains.

`agents/` fulfils it without importing this package; so can any class of a user's own. A trainable
is looked up by name and asked for its parameters, tasks and checks before anything starts, so none
of these may import torch; only `start` may.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np

if TYPE_CHECKING:
    pass

State = dict[str, np.ndarray]
"""One member's whole state: named arrays, stored as `.npz` without pickles."""


class Parameter(Protocol):
    """What a trainable says of one of its parameters."""

    @property
    def kind(self) -> type:
        """`int`, `float`, `str`, `bool` or `tuple`."""

    @property
    def default(self) -> Any:
        """The value a space gets that does not name the parameter."""

    @property
    def low(self) -> float | None:
        """The smallest valid number, or `None`."""

    @property
    def high(self) -> float | None:
        """The largest valid number, or `None`."""

    @property
    def choices(self) -> tuple[Any, ...] | None:
        """All valid values, or `None`."""

    @property
    def packable(self) -> bool:
        """Whether members of one pack may differ in it."""


class Evaluation(Protocol):
    """When and how long a run is evaluated."""

    @property
    def every(self) -> int:
        """Environment steps between evaluations."""

    @property
    def episodes(self) -> int | None:
        """Episodes of one evaluation, or `None` where `steps` counts."""

    @property
    def steps(self) -> int | None:
        """Environment steps of one evaluation, or `None` where `episodes` counts."""

    @property
    def cap(self) -> int:
        """The longest episode in environment steps; a longer one is cut there."""


class RunSpec(Protocol):
    """A configuration on one task under one seed, as a trainable sees it."""

    @property
    def id(self) -> str:
        """Hash of the resolved parameters, task and seed."""

    @property
    def params(self) -> Mapping[str, Any]:
        """Every parameter under its dotted name, defaults included."""

    @property
    def task(self) -> str:
        """The task's name, as in `minatar/breakout`."""

    @property
    def seed(self) -> int:
        """The seed that keys every random stream of the run."""

    @property
    def steps(self) -> int:
        """Environment steps to train for."""

    @property
    def evaluation(self) -> Evaluation | None:
        """The evaluation schedule; `None` for functions that evaluate themselves."""


class Report(Protocol):
    """What a member says at some step."""

    @property
    def member(self) -> int:
        """Index into the runs given to `start`."""

    @property
    def step(self) -> int:
        """Environment steps trained so far."""

    @property
    def metrics(self) -> Mapping[str, float]:
        """Finite numbers by metric name."""

    @property
    def done(self) -> bool:
        """Whether this is the member's last report."""

    @property
    def diverged(self) -> bool:
        """Whether NaN or Inf ended the member."""


class Pack(Protocol):
    """Runs of one signature, training together."""

    @property
    def step(self) -> int:
        """Environment steps every live member has done."""

    @property
    def progress(self) -> int:
        """A number that grows while work is done, evaluation included."""

    def advance(self) -> Sequence[Report]:
        """Trains for about a second at most and returns what there is to report."""

    def save(self, member: int) -> State | None:
        """The member's exact state, or `None` where it cannot be saved."""

    def drop(self, members: Iterable[int]) -> None:
        """Removes members; the others go on untouched."""


class Rows(Protocol):
    """Rows of arrays that only grow at their end, such as a replay's: one row a step, say."""

    @property
    def begin(self) -> int:
        """The number of the first row here, counted from the run's start."""

    @property
    def end(self) -> int:
        """The number behind the last row here, which is the last row there is."""

    @property
    def first(self) -> int:
        """Rows before this one are no longer needed."""

    @property
    def arrays(self) -> State:
        """The rows by name, all arrays of one length; the names differ from the state's."""


@runtime_checkable
class Appending(Protocol):
    """What a pack has besides whose members' states hold many rows: each is written once.

    A state that is given to `start` is whole, as `save` returns it: with the rows from `first` on.
    """

    def save_since(self, member: int, row: int) -> tuple[State, Rows]:
        """The state without its rows, and the rows from number `row`, or from `first`, on."""


class Weighing(Protocol):
    """What the packs of a trainable have besides whose `keeps_weights` is true."""

    def weights(self, member: int) -> State:
        """What the member acts with, called right after `advance` has returned its report."""


class Trainable(Protocol):
    """Something a sweep can train.

    It may be `Weighable` and `Diagnosable` besides, and have `keeps_weights`, true where its packs
    are `Weighing`.
    """

    @property
    def parameters(self) -> Mapping[str, Parameter]:
        """Its parameters by dotted name; empty where any name is accepted."""

    @property
    def metrics(self) -> Sequence[str]:
        """The metrics it always reports; empty where only running it can tell."""

    @property
    def packs(self) -> bool:
        """Whether several runs may share a pack."""

    def tasks(self) -> Sequence[str]:
        """Valid task names; empty where any name is accepted."""

    def check(self, params: Mapping[str, Any], task: str) -> None:
        """Raises `ValueError` where it cannot train with these parameters."""

    def layers(self, params: Mapping[str, Any], task: str) -> int:
        """How many parametric layers its (Q) network has."""

    def signature(self, params: Mapping[str, Any], task: str) -> str:
        """Equal for runs that may share a pack."""

    def pack_size(self, params: Mapping[str, Any], task: str, device: str) -> int:
        """The most members that `pack=auto` puts into one pack."""

    def start(self, runs: Sequence[RunSpec], states: list[State | None], device: str) -> Pack:
        """Begins to train `runs`, each from its state: all `None`, or all at one step.

        It may take the states out of the list one by one, so that none is in memory twice.
        """


@runtime_checkable
class Weighable(Protocol):
    """What a trainable has besides whose packs' memory can be told before they begin."""

    def prepare(self) -> None:
        """Imports what training needs, so that a worker can tell what memory is left for packs."""

    def state_bytes(self, params: Mapping[str, Any], task: str, steps: int) -> int:
        """The bytes of one member's saved state after `steps` steps."""

    def pack_bytes(self, params: Mapping[str, Any], task: str, steps: int, members: int) -> int:
        """The most main memory that a pack takes in `steps` steps on a CPU, losing one included."""


@runtime_checkable
class Describing(Protocol):
    """What a trainable has besides that can say what a task's name does not tell."""

    def describe(self, task: str) -> Mapping[str, str]:
        """Words by name, such as sizes and versions; recorded when a study starts."""


@runtime_checkable
class Diagnosable(Protocol):
    """What a trainable has besides whose parameters may ask for more metrics."""

    def diagnosed(self, params: Mapping[str, Any]) -> Sequence[str]:
        """The metrics that `params` add; raises `ValueError` where they are not valid."""
