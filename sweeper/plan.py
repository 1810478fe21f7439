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
from sweeper.errors import SweeperError
from sweeper.parameters import axis_points, base
from sweeper.sections import Evaluation
from sweeper.space import Space
from sweeper.trainable import Trainable

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
    """Expands `space`; the same in every process. Raises `SweeperError` for equal trials."""
    planned: list[Trial] = []
    runs: list[Run] = []
    seen: dict[str, int] = {}
    schedule = _json([space.steps, space.evaluation.model_dump() if space.evaluation else None])
    cells = [(task, seed, _json([task, seed])) for task in space.tasks for seed in space.seeds]
    for trial, params in trials(space, trainable, axis_points(space, trainable)):
        text = _json(params)
        if text in seen:
            raise SweeperError(_twice(space, planned[seen[text]], trial))
        seen[text] = trial.number
        planned.append(trial)
        prefix = hashlib.sha256(f"{_json(space.identity)}\n{text}\n{schedule}\n".encode())
        for task, seed, cell in cells:
            digest = prefix.copy()
            digest.update(cell.encode())
            runs.append(
                Run(
                    digest.hexdigest()[:16],
                    trial.number,
                    params,
                    task,
                    seed,
                    space.steps,
                    space.evaluation,
                )
            )
    return Plan(space, tuple(planned), tuple(runs))


def trials(
    space: Space, trainable: Trainable, points: Mapping[str, tuple[Point, ...]]
) -> Iterator[tuple[Trial, dict[str, Any]]]:
    """Every trial of the grid with its complete parameters; the last axis changes fastest."""
    names = tuple(points)
    common = base(space, trainable)
    for number, combination in enumerate(product(*points.values())):
        params = dict(common)
        for point in combination:
            params.update(point.params)
        yield (
            Trial(
                number,
                {name: point.value for name, point in zip(names, combination, strict=True)},
                {name: point.label for name, point in zip(names, combination, strict=True)},
            ),
            params,
        )


def _twice(space: Space, first: Trial, second: Trial) -> str:
    one, other = (
        ", ".join(f"{name}={label}" for name, label in trial.labels.items())
        for trial in (first, second)
    )
    return f"{space.file}: two trials have the same parameters: {one} and {other}"


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))
