"""What a trainable and its packs may offer beside what the contract asks of all, as protocols."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np

from sweeper.trainable.contract import Report, Rows, RunSpec, State, Trainable


@runtime_checkable
class SupportsSegments(Protocol):
    """Optional: a pack that saves its replay in pieces, so that each row is written only once.

    The states that `start` gets are whole, as `save` returns them, with the rows from `first` on.
    """

    def save_since(self, member: int, row: int) -> tuple[State, Rows]:
        """The state without its rows, and the rows from number `row` (or from `first`) on.

        All is read before the pack goes on.
        """


@runtime_checkable
class ReadsRows(Protocol):
    """Optional: a trainable that need not have all rows of a state in memory to begin from it."""

    def reads_rows(self, params: Mapping[str, Any]) -> bool:
        """Whether `start` takes rows that have `shape`, `dtype`, `nbytes`, `len` and slices alone.

        `rows[begin:end]` is an array, read from the checkpoint, which is there until `start`
        returns.
        """


@runtime_checkable
class SupportsStop(Protocol):
    """Optional: a pack whose members may report more while they are asked to leave."""

    def stop(self) -> Sequence[Report]:
        """Makes all members leave, and returns what they reported until then."""


@runtime_checkable
class SupportsLingering(Protocol):
    """Optional: a pack whose members run by themselves, and may not end when they are dropped."""

    def lingers(self) -> bool:
        """Whether a dropped member still runs after a moment; then its worker leaves."""


@runtime_checkable
class SupportsLeftOut(Protocol):
    """Optional: a pack that can tell what did not count of what its members reported."""

    def left_out(self, member: int) -> str:
        """What did not count, and why, in one line; empty where all did."""


class SupportsWeights(Protocol):
    """Optional: a pack whose weights can be kept, where its trainable's `keeps_weights` is true."""

    def weights(self, member: int) -> State:
        """The arrays with which the member acts, as of its newest report.

        It is called right after `advance` has returned that report.
        """


@runtime_checkable
class SupportsMemoryEstimates(Protocol):
    """Optional: a trainable that can tell how much memory a pack needs before it begins."""

    def prepare(self) -> None:
        """Imports what training needs, so that a worker can measure what memory is left."""

    def state_bytes(self, params: Mapping[str, Any], task: str, steps: int) -> int:
        """The size in bytes of a member's saved state after `steps` environment steps."""

    def pack_bytes(self, params: Mapping[str, Any], task: str, steps: int, members: int) -> int:
        """The most bytes of memory that a pack takes on a CPU, also while it drops a member."""


@runtime_checkable
class SupportsLargestPart(Protocol):
    """Optional: a trainable that can tell what takes most of the memory of its large runs."""

    def largest_part(self, params: Mapping[str, Any], task: str, steps: int) -> tuple[str, int]:
        """The setting that it follows from, as `name=value`, and how many bytes a member has."""


@runtime_checkable
class SupportsScratch(Protocol):
    """Optional: a trainable that can keep what is large in files of the temporary directory."""

    def scratch_part(self, params: Mapping[str, Any], task: str, steps: int) -> tuple[str, int]:
        """The setting that its files there follow from, as `name=value`, and a member's bytes.

        They are in no estimate of memory.
        """

    def on_scratch(self, params: Mapping[str, Any]) -> Mapping[str, Any]:
        """The parameters to change, with their new values, so that it is there; empty if it is."""


def scratch_bytes(trainable: Trainable, params: Mapping[str, Any], task: str, steps: int) -> int:
    """The bytes of a member's files in the temporary directory; 0 where nobody tells of any."""
    if not isinstance(trainable, SupportsScratch):
        return 0
    return trainable.scratch_part(params, task, steps)[1]


@runtime_checkable
class PacksByParameters(Protocol):
    """Optional: a trainable some of whose runs train alone, though others share packs."""

    def packs_with(self, params: Mapping[str, Any]) -> bool:
        """Whether several runs with these parameters may share a pack."""


def shares_packs(trainable: Trainable, params: Mapping[str, Any]) -> bool:
    """Whether several runs with these parameters may share a pack."""
    if not trainable.packs:
        return False
    return not isinstance(trainable, PacksByParameters) or trainable.packs_with(params)


@runtime_checkable
class SupportsDescription(Protocol):
    """Optional: a trainable that describes its tasks."""

    def describe(self, task: str) -> Mapping[str, str]:
        """Facts about the task by name, such as sizes and versions, for the study's provenance."""


@runtime_checkable
class SupportsReferences(Protocol):
    """Optional: a trainable that knows scores of its tasks, for `score.reference`."""

    def references(self, task: str) -> Mapping[str, tuple[float, float]]:
        """By name the score that counts as 0 and the one that counts as 1; empty where none is."""


class Played(Protocol):
    """What came of playing with weights that were kept."""

    @property
    def returns(self) -> Sequence[float]:
        """The return of each episode."""

    @property
    def unseen(self) -> str | None:
        """Why there are no pictures, where they were asked for."""


Film = Callable[[np.ndarray, float], bool]
"""Takes a picture, uint8 [H, W, 3], and how many pass in a second; returns whether it wants more.
"""


@runtime_checkable
class SupportsPlay(Protocol):
    """Optional: a trainable that can play with the weights that its packs keep."""

    def play(
        self, run: RunSpec, weights: State, step: int, episodes: int | None, film: Film | None
    ) -> Played:
        """Evaluates weights as the run was after `step` steps, and films the first episode.

        `episodes` are those of the run's evaluation where `None`. Raises `ValueError` where the
        weights are of another network.
        """


@runtime_checkable
class Diagnosable(Protocol):
    """Optional: a trainable whose parameters can switch on more metrics."""

    def diagnosed(self, params: Mapping[str, Any]) -> Sequence[str]:
        """The metrics that `params` switch on; raises `ValueError` where these are invalid."""


@runtime_checkable
class KnowsMoreTasks(Protocol):
    """Optional: a trainable that can train on more tasks than `tasks` lists."""

    def check_task(self, task: str) -> bool:
        """Whether the task is one of those; raises `ValueError` where it looks so and is none."""


@runtime_checkable
class CountsLayersByParameter(Protocol):
    """Optional: a trainable of several networks, each of which has parameters that count layers."""

    def layers_of(self, parameter: str, params: Mapping[str, Any], task: str) -> int:
        """The number of layers with parameters in the network whose layers `parameter` counts."""


def layers_of(trainable: Trainable, parameter: str, params: Mapping[str, Any], task: str) -> int:
    """The number of layers of the network whose layers `parameter` counts."""
    if isinstance(trainable, CountsLayersByParameter):
        return trainable.layers_of(parameter, params, task)
    return trainable.layers(params, task)
