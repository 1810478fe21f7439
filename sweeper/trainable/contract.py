"""The contract between sweeper and what it trains, as protocols: a `Trainable` and its packs.

`agents/` fulfils it without importing this package, and any class of a user's own can. Parameters,
tasks and checks are asked for before anything starts, so only `start` and `prepare` may import
torch.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from sweeper.lookup import is_file

State = dict[str, np.ndarray]
"""The whole state of one member of a pack, as named arrays; stored as `.npz` without pickles."""

OPEN = ".*"
"""The end of a parameter's name that stands for all names with its beginning."""


class Parameter(Protocol):
    """One parameter of a trainable.

    It may have a mapping `only` besides: the names of other parameters, each with the values beside
    which there is this one, or a file's name. Elsewhere its default does not count, and `check` of
    what is trained refuses it. Where it has `listed` and that is true, its values are numbers or
    lists of them; `counted_by` may name the parameter that says how many are in a list, where a
    space gives that one.
    """

    @property
    def kind(self) -> type:
        """The type of its values: `int`, `float`, `str`, `bool` or `tuple`; `object` for any value.

        `list` is a tuple of names, each alone or with arguments, as `{name: {argument: value}}`.
        Of kind `tuple`, `choices` are words that are valid in the place of a list.
        """

    @property
    def default(self) -> Any:
        """The value where neither `fixed` nor an axis of the space sets it."""

    @property
    def low(self) -> float | None:
        """The smallest valid number, or `None` where there is none."""

    @property
    def high(self) -> float | None:
        """The largest valid number, or `None` where there is none."""

    @property
    def choices(self) -> tuple[Any, ...] | None:
        """All valid values, or `None` where any value in the range is valid."""

    @property
    def packable(self) -> bool:
        """Whether runs that differ in it may train in one pack."""


class Evaluation(Protocol):
    """The evaluation schedule of a run."""

    @property
    def every(self) -> int:
        """Environment steps from one evaluation to the next."""

    @property
    def episodes(self) -> int | None:
        """Episodes of one evaluation, or `None` where `steps` tells its length."""

    @property
    def steps(self) -> int | None:
        """Environment steps of one evaluation, or `None` where `episodes` tells its length."""

    @property
    def cap(self) -> int:
        """Environment steps after which an episode is cut off."""

    @property
    def unfinished(self) -> str:
        """Whether episodes that `steps` leave unfinished `count`; `drop` where they do not."""

    @property
    def streams(self) -> int | None:
        """Copies of the environment that share `steps`; `None` for steps // cap, of 1 to 16."""


class RunSpec(Protocol):
    """One run: a configuration on one task under one seed."""

    @property
    def id(self) -> str:
        """The run's name: a hash of its parameters, task, seed and schedule."""

    @property
    def params(self) -> Mapping[str, Any]:
        """The values of all parameters by dotted name, defaults included."""

    @property
    def task(self) -> str:
        """The task's name, as in `minatar/breakout`."""

    @property
    def seed(self) -> int:
        """The seed of every random stream of the run."""

    @property
    def steps(self) -> int:
        """Environment steps to train for."""

    @property
    def evaluation(self) -> Evaluation | None:
        """The evaluation schedule; `None` for functions and commands, which evaluate themselves."""


class Report(Protocol):
    """The metrics of one member at one step."""

    @property
    def member(self) -> int:
        """The member: its place among the runs that were given to `start`."""

    @property
    def step(self) -> int:
        """Environment steps that the member has trained for; more than its run's count as those."""

    @property
    def metrics(self) -> Mapping[str, float]:
        """Values of metrics by name, all of them finite."""

    @property
    def done(self) -> bool:
        """Whether this is the member's last report."""

    @property
    def diverged(self) -> bool:
        """Whether NaN or Inf ended the member."""


class Pack(Protocol):
    """Runs of one signature that train together, each as a member."""

    @property
    def step(self) -> int:
        """Environment steps that every member has trained for."""

    @property
    def progress(self) -> int:
        """A number that grows while the pack trains or evaluates; one that stands still is hung."""

    def advance(self) -> Sequence[Report]:
        """Trains all members for about a second at most, and returns their new reports.

        What it raises with a single member left ends that one as diverged if it says that numbers
        are no longer finite (`sweeper.trainable.divergence`), and counts as a failure otherwise.
        """

    def save(self, member: int) -> State | None:
        """The exact state of a member, or `None` where it cannot be saved."""

    def drop(self, members: Iterable[int]) -> None:
        """Removes members; the others train on as they would have with them."""


class Rows(Protocol):
    """Some rows of arrays that only grow at their end, such as those of a replay."""

    @property
    def begin(self) -> int:
        """The number of the first of these rows, counted from the start of the run."""

    @property
    def end(self) -> int:
        """The number after that of the last of these rows, which is the newest of the run."""

    @property
    def first(self) -> int:
        """The number of the oldest row that is still needed."""

    @property
    def arrays(self) -> State:
        """These rows by name, each array of length `end - begin`; no name is one of the state's.

        Slices suffice: anything with `shape`, `dtype`, `nbytes` and `len` whose `[begin:end]` is an
        array. It is read piece by piece, and never whole.
        """


def named(known: Mapping[str, Parameter], name: str) -> Parameter | None:
    """The parameter called `name`, or the one that stands for it; `None` where there is neither."""
    if name.endswith(OPEN):
        return None
    fits = (key for key in known if key.endswith(OPEN) and name.startswith(key.removesuffix("*")))
    return known.get(name) or next((known[key] for key in fits if len(name) >= len(key)), None)


def among(metrics: Sequence[str], name: str) -> bool:
    """Whether `name` is one of the `metrics`, or one that a name among them stands for."""
    fits = (one.removesuffix("*") for one in metrics if one.endswith(OPEN))
    return name in metrics or any(name.startswith(one) for one in fits)


def defaults_of(known: Mapping[str, Parameter]) -> dict[str, Any]:
    """The default of each parameter, but for those that stand for many names."""
    return {name: one.default for name, one in known.items() if not name.endswith(OPEN)}


def only_of(parameter: Parameter) -> Mapping[str, Sequence[Any]]:
    """The other parameters' values beside which there is this one; empty where it is always."""
    found: Mapping[str, Sequence[Any]] = getattr(parameter, "only", {})
    return found


def listed_of(parameter: Parameter) -> bool:
    """Whether lists of the parameter's numbers are valid, too."""
    return bool(getattr(parameter, "listed", False))


def counted_by(parameter: Parameter) -> str | None:
    """The parameter that counts the numbers of a list, where there is one."""
    found: str | None = getattr(parameter, "counted_by", None)
    return found


def beside(only: Mapping[str, Sequence[Any]], params: Mapping[str, Any]) -> bool:
    """Whether `params` have values that a parameter is `only` there beside, or files' names."""
    found = {name: params.get(name) for name in only}
    return all(one in only[name] or is_file(str(one)) for name, one in found.items())


def completed(known: Mapping[str, Parameter], given: Mapping[str, Any]) -> dict[str, Any]:
    """`given`, and the defaults of the other parameters that there are beside them."""
    every = {**defaults_of(known), **given}
    absent = [
        name for name in every if name not in given and not beside(only_of(known[name]), every)
    ]
    return {name: value for name, value in every.items() if name not in absent}


class Parametrised(Protocol):
    """What planning asks of a trainable."""

    @property
    def parameters(self) -> Mapping[str, Parameter]:
        """All parameters by dotted name; empty where any name is accepted.

        A name that ends in `OPEN` stands for all names with its beginning, which have no default.
        """

    def check(self, params: Mapping[str, Any], task: str) -> None:
        """Raises `ValueError` where it cannot train with these parameters on this task."""


class Trainable(Parametrised, Protocol):
    """Something that sweeper can train.

    What it may have besides is in `sweeper.trainable.abilities`; further a flag `keeps_weights`,
    true where packs are `SupportsWeights`, and a mapping `earlier_defaults` and names
    `later_parameters` of shipped agents, for studies whose plans hold no defaults.
    """

    @property
    def metrics(self) -> Sequence[str]:
        """The names of the metrics that every run reports; empty where only running can tell.

        A name that ends in `OPEN` stands for all names with its beginning.
        """

    @property
    def packs(self) -> bool:
        """Whether several runs may share a pack."""

    def tasks(self) -> Sequence[str]:
        """The names of all tasks; empty where any name is accepted."""

    def layers(self, params: Mapping[str, Any], task: str) -> int:
        """The number of layers with parameters in its network, by which axes count layers."""

    def signature(self, params: Mapping[str, Any], task: str) -> str:
        """A text that is equal for all runs that may share a pack."""

    def pack_size(self, params: Mapping[str, Any], task: str, device: str) -> int:
        """The number of members of a pack that trains fastest: the most that `pack=auto` takes."""

    def start(self, runs: Sequence[RunSpec], states: list[State | None], device: str) -> Pack:
        """Begins to train `runs`, each from its state: all are `None`, or all are of one step.

        It may remove states from the list as it reads them, so that none is in memory twice.
        """
