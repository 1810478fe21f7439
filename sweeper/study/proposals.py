"""Trials that a sampler planned, one batch (packful) per file: `trials/<number of the first>`.

The file is written whole and then linked: who is first has planned these trials, and who is not
reads them. So numbers are given in order and the total is exact without a lock.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sweeper.errors import Invalid, SweeperError, dotted
from sweeper.files.atomic import link_first, patiently
from sweeper.paths import StudyPaths
from sweeper.plan.configurations.expansion import Configuration
from sweeper.plan.configurations.freezing import own_kinds
from sweeper.plan.plan import Plan, Run
from sweeper.trainable.frozen import tuples


@dataclass(frozen=True)
class Proposal:
    """A configuration that a sampler chose, and what it keeps of that."""

    configuration: Configuration
    attributes: Mapping[str, Any]
    """Optuna's system attributes of the trial."""


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
    trials = [
        {
            "labels": proposal.configuration.labels,
            "values": proposal.configuration.values,
            "params": proposal.configuration.params,
            "attributes": proposal.attributes,
        }
        for proposal in proposals
    ]
    packful = {"first": first, "trials": trials, "study": kept, "seen": seen}
    data = json.dumps(packful, separators=(",", ":"))
    name = paths.trials / str(first)
    return patiently(lambda: link_first(name, data.encode()), paths.trials)


def follow(paths: StudyPaths, plan: Plan) -> list[Run]:
    """Adds to `plan` what was planned since; returns the new runs.

    Raises `SweeperError` where what is trained has changed and refuses a trial of before.
    """
    new: list[Run] = []
    while plan.due and (packful := _read(paths, len(plan.trials))) is not None:
        try:
            chosen = [_chosen(plan, trial) for trial in packful["trials"]]
        except Invalid as error:
            raise SweeperError(
                f"{paths.trials / str(packful['first'])} holds a trial that is no longer one of "
                f"the space's: {dotted(error.path)} {error.message}"
            ) from error
        plan.closed = not chosen
        new += plan.add(chosen)
    return new


def sampler_memory(
    paths: StudyPaths, first: int, trials: int
) -> Iterator[tuple[list[dict[str, Any]], dict[str, Any]]]:
    """What the sampler keeps of the trials from `first` to `trials` - 1, and of the whole study.

    Packful by packful; `first` must be the first of one.
    """
    while first < trials:
        packful = _read(paths, first)
        assert packful is not None, first
        yield [trial["attributes"] for trial in packful["trials"]], packful["study"]
        first += len(packful["trials"])


def _read(paths: StudyPaths, first: int) -> dict[str, Any] | None:
    try:
        packful: dict[str, Any] = json.loads((paths.trials / str(first)).read_bytes())
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise SweeperError(f"{paths.trials / str(first)} is damaged: {error}") from error
    return packful


def _chosen(plan: Plan, trial: Mapping[str, Any]) -> Configuration:
    """The configuration of a trial; that of axes of users' own kinds as it stands in the file."""
    labels = trial["labels"]
    if not own_kinds(plan.space):
        return plan.expansion.draw(lambda name, _: labels[name])
    values, params = (
        {name: tuples(value) for name, value in trial.get(key, labels).items()}
        for key in ("values", "params")
    )
    return Configuration(values, labels, params, plan.expansion.text(params), {})
