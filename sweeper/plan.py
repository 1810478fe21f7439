"""The runs of a space: all trials of the grid, on every task, under every seed, in one order."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Any

from sweeper.axes import Point
from sweeper.errors import Invalid, SweeperError, dotted
from sweeper.parameters import axis_points, base
from sweeper.sections import Evaluation
from sweeper.space import Space
from sweeper.trainable import Trainable
from sweeper.values import canonical

MAX_RUNS = 1_000_000


@dataclass(frozen=True, slots=True)
class Trial:
    """One configuration."""

    number: int
    values: Mapping[str, Any]
    """Axis -> value."""
    labels: Mapping[str, str | int | float]
    """Axis -> number on numeric axes, canonical text elsewhere."""


@dataclass(frozen=True, slots=True)
class Run:
    """A trial on one task under one seed; satisfies `sweeper.trainable.RunSpec`."""

    id: str
    """16 hex digits of a SHA-256 over all the rest but the trial's number."""
    trial: int
    params: Mapping[str, Any]
    task: str
    seed: int
    steps: int
    evaluation: Evaluation | None


@dataclass(frozen=True)
class Plan:
    """Trials in the order of the grid; runs by trial, then task, then seed."""

    space: Space
    trials: tuple[Trial, ...]
    runs: tuple[Run, ...]

    def run(self, id: str) -> Run:
        """The run called `id`; raises `KeyError` where there is none."""
        return self._by_id[id]

    @cached_property
    def _by_id(self) -> dict[str, Run]:
        return {run.id: run for run in self.runs}


def make_plan(space: Space, trainable: Trainable) -> Plan:
    """Expands `space`; the same in every process.

    Raises `SweeperError` where the space, which fitted when it was loaded, no longer does.
    """
    try:
        return _planned(space, trainable)
    except Invalid as error:
        where = dotted(error.path)
        raise SweeperError(f"{space.file}: {where} {error.message}") from error


def _planned(space: Space, trainable: Trainable) -> Plan:
    planned: list[Trial] = []
    runs: list[Run] = []
    schedule = _json([space.steps, space.evaluation.model_dump() if space.evaluation else None])
    cells = [(task, seed, _json([task, seed])) for task in space.tasks for seed in space.seeds]
    identity = _json(space.identity)
    for trial, params, text in trials(space, trainable, axis_points(space, trainable)):
        planned.append(trial)
        prefix = hashlib.sha256(f"{identity}\n{text}\n{schedule}\n".encode())
        for task, seed, cell in cells:
            digest = prefix.copy()
            digest.update(cell.encode())
            name = digest.hexdigest()[:16]
            runs.append(Run(name, trial.number, params, task, seed, space.steps, space.evaluation))
    return Plan(space, tuple(planned), tuple(runs))


def trials(
    space: Space, trainable: Trainable, points: Mapping[str, tuple[Point, ...]]
) -> Iterator[tuple[Trial, dict[str, Any], str]]:
    """Every trial of the grid, its complete parameters and their canonical JSON.

    The last axis changes fastest. Raises `Invalid` at a trial whose parameters were there before.
    """
    names = tuple(points)
    common = base(space, trainable)
    seen: dict[str, Trial] = {}
    for number, combination in enumerate(product(*points.values())):
        params = dict(common)
        for point in combination:
            params.update(point.params)
        trial = Trial(
            number,
            {name: point.value for name, point in zip(names, combination, strict=True)},
            {name: point.label for name, point in zip(names, combination, strict=True)},
        )
        text = _json(params)
        if text in seen:
            both = f"{described(seen[text])} and {described(trial)}"
            raise Invalid(f"hold two trials with the same parameters: {both}", ("axes",))
        seen[text] = trial
        yield trial, params, text


def described(trial: Trial) -> str:
    """A trial as messages name it: `optimizer.lr=1e-5, sn.layers=none`."""
    return ", ".join(f"{name}={canonical(label)}" for name, label in trial.labels.items())


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))
