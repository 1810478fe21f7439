"""Reads the trials of earlier studies that a sampler is to learn from: the key `warm_start`.

They are read once, when a study is begun, and stand in its first plan from then on: what it decides
does not depend on the earlier studies any more, which may go on or be deleted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sweeper import score
from sweeper.errors import Invalid, shown
from sweeper.ledger.lines.kinds import EndLine
from sweeper.ledger.state import LedgerState
from sweeper.planning.configurations import expanded
from sweeper.planning.configurations.expansion import Expansion
from sweeper.planning.parameters import point_at
from sweeper.space.sections import Objective, Score
from sweeper.space.space import Space
from sweeper.study.sampling.earlier import EarlierTrial
from sweeper.study.study import Study
from sweeper.text import agreed, counted, few
from sweeper.trainable.loading import load_trainable

_FEWEST = 10
_OPEN = "not ended, pruned or failed"
_UNBOUNDED = "without the metrics that the constraints bound"
_OUTSIDE = "without a valid value on each axis"


@dataclass(frozen=True)
class WarmStart:
    """The trials that a study begins with, and what is to be told of them."""

    trials: Sequence[EarlierTrial]
    said: Sequence[str]
    """How many there are of each earlier study, and how many are left out."""
    doubts: Sequence[str]
    """In what else an earlier study differs, so that its values may mean something else."""


def read(space: Space, earlier: Sequence[Study]) -> WarmStart:
    """The trials of the `earlier` studies that samplers of `space` can learn from.

    Raises `Invalid` where a study was not scored by the scores of `space`.
    """
    if not earlier:
        return WarmStart([], [], [])
    expansion = expanded(space, load_trainable(space))
    trials, said, doubts = list[EarlierTrial](), list[str](), list[str]()
    for number, study in enumerate(earlier):
        columns = _columns(space, study, number)
        left: Counter[str] = Counter()
        own = list(_trials(space, study, columns, expansion, left))
        more = "; ".join(f"{counted(n, 'trial')} left out: {why}" for why, n in left.items())
        said.append(f"{counted(len(own), 'trial')} of {study.name}{more and f' ({more})'}")
        doubts += [f"warm_start: {study.name} {doubt}" for doubt in _doubts(space, study.space)]
        trials += own
    complete = sum(one.values is not None for one in trials)
    if space.sampler.name == "cmaes" and complete < _FEWEST:
        raise Invalid(
            f"must hold {_FEWEST} complete trials for cmaes, which begins where the best tenth of "
            f"them are, but there {agreed(complete, 'is', 'are')} {complete or 'none'}",
            ("warm_start",),
        )
    return WarmStart(trials, said, doubts)


def _columns(space: Space, study: Study, number: int) -> list[int]:
    """The scores of `study` that are those of `space`, by their place; raises `Invalid`."""
    there, found = study.space, []
    known = {
        (rule.metric, rule.at): (place, direction)
        for place, (rule, direction) in enumerate(zip(there.scores, there.directions, strict=True))
    }
    for rule, direction in zip(space.scores, space.directions, strict=True):
        place, way = known.get((rule.metric, rule.at), (None, direction))
        if place is None or way != direction:
            scored = " and ".join(f"{d} {r.metric} ({r.at})" for r, d in _scored(there))
            raise Invalid(
                f"must be scored by {direction} {rule.metric} ({rule.at}), as this space is, but "
                f"{study.name} is scored by {scored}",
                ("warm_start", number),
            )
        found.append(place)
    return found


def _scored(space: Space) -> Iterator[tuple[Score | Objective, str]]:
    yield from zip(space.scores, space.directions, strict=True)


def _trials(
    space: Space,
    study: Study,
    columns: Sequence[int],
    expansion: Expansion,
    left: Counter[str],
) -> Iterator[EarlierTrial]:
    """The ended trials of a study that are configurations of `space`; counts the others."""
    state = study.ledger_state(reports=bool(space.score.bounds))
    for trial in study.plan.trials:
        ended, values = _values(space, study, state, trial.number, columns)
        if not ended:
            left[_OPEN] += 1
            continue
        excess = _excess(space, study, state, trial.number)
        if len(excess) < len(space.score.bounds):
            left[_UNBOUNDED] += 1
            continue
        known = {**study.plan.configuration(trial.number).params, **trial.labels}
        labels = _labels(expansion, known)
        if labels is None:
            left[_OUTSIDE] += 1
            continue
        yield EarlierTrial(study.name, trial.number, labels, values, excess)


def _excess(space: Space, study: Study, state: LedgerState, trial: int) -> list[float | None]:
    """By how much a trial breaks each constraint of `space`, up to the first whose metric some run
    has not reported; `None` where diverged runs decide that.
    """
    runs = study.plan.runs_of(trial)
    common = [run for run in runs if run.task in space.tasks] or runs
    found: list[float | None] = []
    for bound in space.score.bounds:
        worst = score.worst(minimise=bound.below)
        own = []
        for run in common:
            record = state.runs[run.id]
            known = score.last(record.reports, bound.metric, run.steps)
            own.append(worst if record.state == "nan" else known)
        if np.isnan(own).any():
            return found
        tasks = [run.task for run in common]
        value = score.aggregate(own, space.score.aggregate, tasks)
        found.append(None if np.isnan(value) else bound.excess(value))
    return found


def _labels(expansion: Expansion, known: Mapping[str, Any]) -> dict[str, Any] | None:
    """The labels of the configuration with these values by axis or parameter, if there is one.

    So an axis that is none there has the value that was fixed, or the default.
    """

    def choose(name: str, *_: Any) -> Any:
        if name not in known:
            raise Invalid("has no value there")
        return point_at(expansion.space, expansion.trainable, name, known[name]).label

    try:
        made = expansion.draw(choose)
    except Invalid:
        return None
    return {name: made.labels[name] for name in expansion.chosen(made)}


def _values(
    space: Space, study: Study, state: LedgerState, trial: int, columns: Sequence[int]
) -> tuple[bool, list[float] | None]:
    """Whether a trial ended with a score or diverged, and its values by the scores of `space`.

    They are normalised by the ends of its tasks. The runs on tasks of `space` count; of a study
    that has none of them, all.
    """
    runs = study.plan.runs_of(trial)
    common = [run for run in runs if run.task in space.tasks] or runs
    ends: list[tuple[str, EndLine]] = []
    for run in common:
        record = state.runs.get(run.id)
        if record is None or record.end is None or record.end.state not in ("complete", "nan"):
            return False, None
        ends.append((run.task, record.end))
    tasks, values = [task for task, _ in ends], []
    scored = zip(columns, space.scores, space.directions, strict=True)
    for column, rule, direction in scored:
        worst = score.worst(minimise=direction == "minimize")
        own = [
            worst if end.state == "nan" else _rescaled(space, study.space, task, column, rule, end)
            for task, end in ends
        ]
        values.append(score.aggregate(own, rule.aggregate, tasks))
    return True, None if np.isnan(values).any() else values


def _rescaled(
    space: Space, there: Space, task: str, column: int, rule: Score | Objective, end: EndLine
) -> float:
    """A run's score between the ends of `space`, as far as these are known for its task."""
    if column == 0:
        old: Any = there.tasks[task]
        given = float(end.score)  # type: ignore[arg-type]
    else:
        old, given = there.score.also[column - 1], float((end.also or ())[column - 1])
    new: Any = rule if isinstance(rule, Objective) else space.tasks.get(task, old)
    if (old.low, old.high) == (new.low, new.high):
        return given
    return score.normalise(old.low + given * (old.high - old.low), new.low, new.high)


def _doubts(space: Space, there: Space) -> Iterator[str]:
    """In what an earlier study differs beside its axes."""
    if there.identity != space.identity:
        yield f"trained {there.identity}, this space trains {space.identity}"
    if there.tasks.keys() != space.tasks.keys():
        common = [name for name in there.tasks if name in space.tasks]
        by = f"of its tasks {few(common)} count" if common else "all its tasks count"
        yield f"has other tasks ({few(list(there.tasks))}): {by}"
    if there.steps_text != space.steps_text:
        yield f"has steps: {there.steps_text}, this space {space.steps_text}"
    fixed = [
        f"{name}={shown(there.fixed[name])} (here {shown(space.fixed[name])})"
        for name in space.fixed
        if name in there.fixed and there.fixed[name] != space.fixed[name]
    ]
    if fixed:
        yield f"fixed {few(fixed)}"
