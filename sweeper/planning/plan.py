"""The runs of a study: all its trials, on every task, under every seed, in one order."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, NamedTuple

from sweeper.errors import Invalid, SweeperError, dotted
from sweeper.planning.configurations import expanded
from sweeper.planning.configurations.expansion import Configuration
from sweeper.planning.sampling import enqueued
from sweeper.space.sections import Evaluation
from sweeper.space.space import Space
from sweeper.text import united
from sweeper.trainable.contract import Parametrised


@dataclass(frozen=True, slots=True)
class Trial:
    """A configuration under its number in the plan."""

    number: int
    values: Mapping[str, Any]
    """Axis -> value; axes that its other values switch off are absent."""
    labels: Mapping[str, str | int | float]
    """Axis -> number on numeric axes, canonical text elsewhere."""


class Run(NamedTuple):
    """A trial on one task under one seed; satisfies `sweeper.trainable.contract.RunSpec`."""

    id: str
    """16 hex digits of a SHA-256 over all the rest but the trial's number."""
    trial: int
    params: Mapping[str, Any]
    task: str
    seed: int
    steps: int
    evaluation: Evaluation | None


class Plan:
    """All trials by number, and all runs by trial, then task, then seed; both only grow.

    A sampler that learns plans a packful of trials at a time (`add`); all other trials follow from
    the space (`extend`), the same in every process.
    """

    def __init__(self, space: Space, trainable: Parametrised) -> None:
        self._configurations: list[Configuration] = []
        self._numbers: dict[str, int] = {}
        self.trials: list[Trial] = []
        self.runs: list[Run] = []
        self._of_trial: list[list[Run]] = []
        self._by_id: dict[str, Run] = {}
        self._raised: dict[int, int] = {}
        """How many seeds the trials have that rose to a higher rung."""
        self.stopped: set[int] = set()
        """The trials that get no further seeds: they are worse than the best."""
        self.decisions = 0
        """How many decisions on further seeds it follows."""
        self.closed = False
        """Whether its sampler found no further configuration."""
        self.enqueued: set[int] = set()
        """The entries of `enqueue` that a sampler that learns has taken, by their numbers."""
        self.extend(space, trainable)

    def run(self, id: str) -> Run:
        """The run called `id`; raises `KeyError` where there is none."""
        return self._by_id[id]

    def find(self, id: str) -> Run | None:
        """The run called `id`, if it is planned."""
        return self._by_id.get(id)

    def runs_of(self, trial: int) -> list[Run]:
        """The runs of one trial."""
        return self._of_trial[trial]

    def seeds_of(self, trial: int) -> int:
        """Under how many seeds a trial is planned: those of its rung."""
        return self._raised.get(trial, len(self.space.first_seeds))

    @property
    def cells(self) -> list[Run]:
        """A run of every trial on every task: those under the first seed."""
        first = self.space.seeds[0]
        return [run for run in self.runs if run.seed == first]

    def configuration(self, trial: int) -> Configuration:
        """The configuration of trial number `trial`."""
        return self._configurations[trial]

    def labels(self, axis: str) -> list[Any]:
        """Each trial's label of an axis, `None` where it has none; equal up to rounding is one."""
        return united([trial.labels.get(axis) for trial in self.trials])

    @property
    def reference(self) -> int | None:
        """The trial of all defaults, if it is planned."""
        chosen = self.expansion.reference()
        return None if chosen is None else self._numbers.get(self.expansion.key(chosen))

    @property
    def dropped(self) -> int:
        """How many cells of the grid are not valid and left out."""
        return self.expansion.grid().dropped if self.space.sampler.name == "grid" else 0

    @property
    def due(self) -> int:
        """How many trials its sampler has still to plan."""
        if self.closed or not self.space.sampler.learns:
            return 0
        assert self.space.trials is not None
        return max(0, self.space.trials - len(self.trials))

    @property
    def unfound(self) -> int:
        """How many of the trials asked for are missing, as no further configuration was found."""
        return max(0, (self.space.trials or 0) - len(self.trials) - self.due)

    @property
    def rising(self) -> list[int]:
        """The trials that may yet get further seeds."""
        most = len(self.space.seeds)
        every = range(len(self.trials)) if self.space.rungs else ()
        return [one for one in every if one not in self.stopped and self.seeds_of(one) < most]

    @property
    def total(self) -> int:
        """How many runs there will be in the end, if no trial gets further seeds."""
        return len(self.runs) + self.due * len(self.space.tasks) * len(self.space.first_seeds)

    @property
    def most(self) -> int:
        """How many runs there will be in the end, if every trial gets all seeds that it may get."""
        seeds, further = len(self.space.seeds), len(self.space.tasks)
        due = self.due * (seeds - len(self.space.first_seeds))
        return self.total + further * (due + sum(seeds - self.seeds_of(t) for t in self.rising))

    @property
    def steps(self) -> int:
        """The steps of `total` runs."""
        due = self.due * len(self.space.first_seeds) * self.space.steps_of_all
        return due + sum(run.steps for run in self.runs)

    def extend(self, space: Space, trainable: Parametrised) -> list[Run]:
        """Takes over `space`, whose seeds or trials may be more than before; returns new runs.

        `trainable` is what the space trains. Raises `SweeperError` where the space, which fitted
        when it was loaded, no longer does.
        """
        try:
            self.space = space
            self.expansion = expanded(space, trainable)
            self._number(self._planned())
        except Invalid as error:
            raise SweeperError(f"{space.file}: {dotted(error.path)} {error.message}") from error
        return self._relist()

    def add(self, configurations: Iterable[Configuration]) -> list[Run]:
        """Gives the next numbers to what a sampler has chosen; returns their runs."""
        before = len(self.trials)
        self._number(configurations)
        return self._enlist(self.trials[before:])

    def decide(self, seeds: int, going_on: Iterable[int], ended: Iterable[int]) -> list[Run]:
        """Gives the trials `going_on` so many `seeds`, and those that `ended` no more than they
        have; returns the new runs."""
        self.decisions += 1
        self.stopped.update(ended)
        self._raised.update(dict.fromkeys(going_on, seeds))
        return self._relist()

    def knows(self, configuration: Configuration) -> bool:
        """Whether one of its trials has this configuration."""
        return self.expansion.key(configuration) in self._numbers

    def _planned(self) -> Iterator[Configuration]:
        sampler = self.space.sampler
        if sampler.name == "grid":
            yield from self.expansion.grid().configurations
        elif not sampler.learns:
            assert self.space.trials is not None
            yield from islice(enqueued.planned(self.space, self.expansion), self.space.trials)

    def _number(self, configurations: Iterable[Configuration]) -> None:
        for chosen in configurations:
            key = self.expansion.key(chosen)
            if key not in self._numbers:
                number = self._numbers[key] = len(self.trials)
                self.trials.append(Trial(number, chosen.values, chosen.labels))
                self._configurations.append(chosen)

    def _relist(self) -> list[Run]:
        """Lists all runs anew; returns those that were not there."""
        known = set(self._by_id)
        self.runs, self._of_trial, self._by_id = [], [], {}
        return [run for run in self._enlist(self.trials) if run.id not in known]

    def _enlist(self, trials: Iterable[Trial]) -> list[Run]:
        """Adds the runs of `trials`, which are the next of the plan, and returns them."""
        space = self.space
        evaluation = space.evaluation.identity() if space.evaluation else None
        cells = [
            (task, [(seed, _json([task, seed]).encode()) for seed in space.seeds])
            for task in space.tasks
        ]
        schedules = {task: _json([space.steps_on(task), evaluation]) for task in space.tasks}
        identity, before = _json(space.identity), len(self.runs)
        for trial in trials:
            chosen, most = self._configurations[trial.number], self.seeds_of(trial.number)
            params, schedule, prefix = chosen.params, "", None
            own_runs: list[Run] = []
            for task, seeds in cells:
                own, steps = self.expansion.params_on(chosen, task), space.steps_on(task)
                if prefix is None or own is not params or schedules[task] != schedule:
                    params, schedule = own, schedules[task]
                    text = chosen.text if own is chosen.params else self.expansion.text(own)
                    prefix = hashlib.sha256(f"{identity}\n{text}\n{schedule}\n".encode())
                for seed, cell in seeds[:most]:
                    digest = prefix.copy()
                    digest.update(cell)
                    name = digest.hexdigest()[:16]
                    run = Run(name, trial.number, params, task, seed, steps, space.evaluation)
                    own_runs.append(run)
            self._of_trial.append(own_runs)
            self.runs += own_runs
            self._by_id.update((run.id, run) for run in own_runs)
        return self.runs[before:]


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))
