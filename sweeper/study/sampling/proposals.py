"""Trials that a sampler planned, one batch (packful) per file: `trials/<number of the first>`.

The file is written whole and then linked: who is first has planned these trials, and who is not
reads them. So numbers are given in order and the total is exact without a lock.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from sweeper.errors import Invalid, SweeperError, dotted
from sweeper.files.atomic import link_first, patiently
from sweeper.ledger.lines.encoding import encode, read_planned
from sweeper.ledger.reader import listed
from sweeper.paths import StudyPaths
from sweeper.planning.configurations.expansion import Configuration
from sweeper.planning.configurations.freezing import own_kinds
from sweeper.planning.plan import Plan, Run
from sweeper.trainable.frozen import tuples


@dataclass(frozen=True)
class Proposal:
    """A configuration that a sampler chose, and what it keeps of that."""

    configuration: Configuration
    attributes: Mapping[str, Any]
    """Optuna's system attributes of the trial."""
    enqueued: int | None = None
    """The number of the entry of `enqueue` that it is."""


@dataclass(frozen=True)
class PlannedTrial:
    """A trial as its packful holds it."""

    labels: Mapping[str, Any]
    """What was chosen, by axis."""
    values: Mapping[str, Any]
    """Its numbers, by axis."""
    params: Mapping[str, Any]
    attributes: Mapping[str, Any]
    """Optuna's system attributes of the trial."""
    enqueued: int | None = None
    """The number of the entry of `enqueue` that it is."""

    def to_json(self) -> dict[str, Any]:
        """The trial as its packful's file holds it."""
        return {key: value for key, value in vars(self).items() if value is not None}


@dataclass(frozen=True)
class Packful:
    """Trials that were planned together, and what was known then."""

    first: int
    """The number of the first of them."""
    trials: Sequence[PlannedTrial]
    study: Mapping[str, Any]
    """What the sampler keeps of the whole study."""
    seen: Mapping[str, int]
    """How many trials there were in what state."""

    @classmethod
    def of_json(cls, body: Mapping[str, Any]) -> Self:
        """The packful that a file holds."""
        trials = [
            PlannedTrial(
                dict(trial["labels"]),
                dict(trial.get("values", trial["labels"])),
                dict(trial["params"]),
                dict(trial["attributes"]),
                trial.get("enqueued"),
            )
            for trial in body["trials"]
        ]
        return cls(int(body["first"]), trials, dict(body["study"]), dict(body["seen"]))

    def to_json(self) -> dict[str, Any]:
        """The packful as a file holds it."""
        return vars(self) | {"trials": [trial.to_json() for trial in self.trials]}


def propose(
    paths: StudyPaths,
    first: int,
    proposals: Sequence[Proposal],
    kept: Mapping[str, Any],
    seen: Mapping[str, int],
) -> bool:
    """Plans trials from number `first` on; returns whether no other worker has done so before.

    `kept` is what the sampler keeps of the whole study, `seen` how many trials there were in what
    state. An empty packful says that there are no more configurations.
    """
    chosen = ((by, by.configuration) for by in proposals)
    trials = [
        PlannedTrial(one.labels, one.values, one.params, by.attributes, by.enqueued)
        for by, one in chosen
    ]
    packful = Packful(first, trials, kept, seen)
    data = encode(packful.to_json())
    return patiently(lambda: link_first(paths.trials / str(first), data), paths.trials)


def follow(paths: StudyPaths, plan: Plan) -> list[Run]:
    """Adds to `plan` what was planned since; returns the new runs.

    Raises `SweeperError` where what is trained has changed and refuses a trial of before.
    """
    new: list[Run] = []
    while plan.due and (packful := _read(paths, len(plan.trials))) is not None:
        try:
            chosen = [_chosen(plan, trial) for trial in packful.trials]
        except LookupError as error:
            raise SweeperError(
                f"{paths.trials / str(packful.first)} is damaged: it lacks {error}"
            ) from error
        except Invalid as error:
            raise SweeperError(
                f"{paths.trials / str(packful.first)} holds a trial that is no longer one of "
                f"the space's: {dotted(error.path)} {error.message}"
            ) from error
        plan.closed = not chosen
        plan.enqueued |= {one.enqueued for one in packful.trials if one.enqueued is not None}
        new += plan.add(chosen)
    return new


def check(paths: StudyPaths, plan: Plan) -> None:
    """`SweeperError` where a packful is missing that others follow."""
    planned = len(plan.trials)
    if plan.due and any(name.isdigit() and int(name) > planned for name in listed(paths.trials)):
        raise SweeperError(
            f"{paths.trials / str(planned)} is missing: which trials it planned is lost, so runs "
            "of theirs cannot be told; restore it, or run the space under another name (name=…)"
        )


def sampler_memory(
    paths: StudyPaths, first: int, trials: int
) -> Iterator[tuple[list[Mapping[str, Any]], Mapping[str, Any]]]:
    """What the sampler keeps of the trials from `first` to `trials` - 1, and of the whole study.

    Packful by packful; `first` must be the first of one.
    """
    while first < trials:
        packful = _read(paths, first)
        if packful is None:
            raise SweeperError(f"{paths.trials / str(first)} is missing")
        yield [trial.attributes for trial in packful.trials], packful.study
        first += len(packful.trials)


def _read(paths: StudyPaths, first: int) -> Packful | None:
    return read_planned(paths.trials / str(first), Packful.of_json, "which trials it planned")


def _chosen(plan: Plan, trial: PlannedTrial) -> Configuration:
    """The configuration of a trial; that of axes of users' own kinds as it stands in the file."""
    if not own_kinds(plan.space):
        return plan.expansion.draw(lambda name, *_: trial.labels[name])
    values, params = (
        {name: tuples(value) for name, value in given.items()}
        for given in (trial.values, trial.params)
    )
    text = plan.expansion.text(params)
    return Configuration(values, trial.labels, params, text, {})
