"""The training loop of a pack: act, step, store, learn, evaluate, report; for any learner."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from agents import streams
from agents.collecting import Collecting
from agents.contract import Report, Run, State
from agents.diagnostics.base import Diagnostics
from agents.envs import tasks
from agents.envs.settings import Settings
from agents.replay import prioritised
from agents.replay.batch import Rows
from agents.replay.storage.store import MappedFrames
from agents.training import learned
from agents.training.episodes import Episodes
from agents.training.evaluation import Evaluation
from agents.training.pack_learner import PackLearner

SECONDS = 0.5
_RECENT = 100  # episodes, of whose returns the mean is told
_LOOK_EVERY = 256


class Pack:
    """Runs of one signature that train together.

    Members are numbers of the runs that the pack began with. `learner`, `replay`, `episodes`,
    `runs` and `diagnostics` are of those that are left, in the order of `members`.
    """

    clock_every = 16
    """After so many steps it looks whether its time is over, more often where a step has many
    updates."""

    def __init__(
        self,
        learner: type[PackLearner],
        runs: Sequence[Run],
        states: list[State | None],
        device: str,
    ) -> None:
        self.step = 0
        self.progress = 0
        self._learner_class, self._all_runs, self._device = learner, list(runs), device
        self._evaluation: Evaluation | None = None
        self._reported_at = 0
        self._build(list(range(len(runs))))
        if all(state is None for state in states):
            self.learner.initialise()
            self.episodes.start()
        else:
            self._load(states)

    def advance(self) -> list[Report]:
        """Trains or evaluates for about half a second; returns what there is to report."""
        deadline = time.monotonic() + SECONDS
        while self.members and (
            (behind := self._is_behind()) or self.is_due() or self.step < self._steps
        ):
            if behind:
                self.train(self.step, deadline)
                reports = []
            elif self.is_due():
                reports = self._evaluate(deadline) if self._evaluates() else self._diagnose()
            else:
                self.train(self.next_stop(), deadline)
                broken = self.episodes.broken.any()
                looks = self.step % _LOOK_EVERY == 0 or self._evaluates() or broken
                reports = self._diverged() if looks else []
            if reports or time.monotonic() > deadline:
                return reports
        return []

    def save(self, member: int) -> State:
        """Returns a member's state; a member continued from it equals the uninterrupted one."""
        state, rows = self.save_since(member, 0)
        return state | {name: np.asarray(column) for name, column in rows.arrays.items()}

    def save_since(self, member: int, step: int) -> tuple[State, Rows]:
        """Returns `save` in two parts: the small state, and the replay from `step` on by row.

        Rows are to be read before the pack goes on.
        """
        row, replay = self.members.index(member), self.replay
        state = learned.named("learner", self.learner.save(row))
        state |= learned.named("episode", self.episodes.save(row))
        state["step"] = np.array(self.step)
        if replay.count != self.step:
            state["rounds"] = np.array(replay.count)
        state["reported_at"] = np.array(self._reported_at)
        state["returns"] = np.array(self._returns[row])
        state |= learned.named("cuts", replay.save_truncations(row))
        state |= learned.named("sampler", replay.save_sampler(row))
        state |= learned.named("diagnostics", self.diagnostics.save(row))
        columns = replay.columns(row, step)
        arrays = {f"replay.{name}": column for name, column in columns.items()}
        begin = min(max(step, replay.first), replay.count)
        return state, Rows(begin, replay.count, replay.first, arrays)

    def weights(self, member: int) -> State:
        """Returns the tensors that a member acts with, by name, without the member axis."""
        return self.learner.weights(self.members.index(member))

    def drop(self, members: Iterable[int]) -> None:
        """Gives up members; the others go on untouched (an evaluation under way starts afresh)."""
        gone = set(members)
        kept = [member for member in self.members if member not in gone]
        if kept == self.members:
            return
        frames = self.replay.kept([self.members.index(member) for member in kept])
        saved = self.save if frames is None else self._columns
        states: list[State | None] = [saved(member) for member in kept]
        self._evaluation = None
        del self.learner, self.replay  # before others of their size are made
        self._build(kept, frames)
        if kept:
            self._load(states)

    def _columns(self, member: int) -> State:
        """Returns `save` with rows that are read when they are loaded, frames in files never."""
        state, rows = self.save_since(member, 0)
        return state | rows.arrays

    def _build(self, members: list[int], frames: MappedFrames | None = None) -> None:
        self.members = members
        if not members:
            return
        runs = [self._all_runs[member] for member in members]
        first = runs[0]
        self._settings = Settings.of(first.params)
        self.collecting = Collecting.of(first.params)
        envs = self.collecting.envs
        self.shape = shape = tasks.shape(first.task, self._settings)
        seeds = [run.seed for run in runs]
        names = [run.task for run in runs]
        self.runs, self._names, self._seeds = runs, names, seeds
        self._steps, self._schedule = first.steps, first.evaluation
        self.learner = self._learner_class(runs, shape, self._device)
        self.diagnostics = Diagnostics(self.learner, runs)
        capacity = self.collecting.capacity(first.params["replay.capacity"], first.steps)
        members_params = [run.params for run in runs]
        sizes = shape, capacity, self._device, envs
        self.replay = prioritised.made(members_params, *sizes, frames)
        self.replay.keeps_ends = self.learner.predicts
        self.episodes = self._collected(names, streams.keys(seeds, "episodes"))
        self._evaluation_envs: Sequence[Any] | None = None
        self._returns: list[list[float]] = [[] for _ in runs]

    def _collected(self, names: Sequence[str], keys: np.ndarray) -> Any:
        """Returns what acts in the environments of the members' tasks: episodes."""
        return Episodes(names, keys, self.collecting.envs, settings=self._settings)

    def _load(self, states: list[State | None]) -> None:
        """Loads all states, taking them out of the list one by one."""
        for row, state in enumerate(states):
            assert state is not None
            states[row] = None
            self.step = int(state["step"])
            self._reported_at = int(state["reported_at"])
            learned.load(self.learner, self.replay, row, state)
            self.episodes.load(row, learned.part(state, "episode"))
            self.diagnostics.load(row, learned.part(state, "diagnostics"))
            self._returns[row] = state["returns"].tolist()

    def next_stop(self) -> int:
        """Returns the step of the next evaluation, diagnosis or check for divergence."""

        def next_multiple(every: int) -> int:
            return (self.step // every + 1) * every

        every = [_LOOK_EVERY, self._schedule.every]
        every += [self.diagnostics.every] if self.diagnostics.every else []
        return min(*map(next_multiple, every), self._steps)

    def is_due(self) -> bool:
        """Returns whether an evaluation, perhaps under way, or a diagnosis comes next."""
        return self.step > self._reported_at and (self._evaluates() or self._diagnoses())

    def _is_behind(self) -> bool:
        """Whether updates are left that come before the next step, and before any report."""
        return self.learner.is_behind(self.step)

    def _evaluates(self) -> bool:
        return self.step % self._schedule.every == 0 or self.step == self._steps

    def _diagnoses(self) -> bool:
        """Whether a diagnosis is due, also at the end; a sample needs a step more than returns."""
        every = self.diagnostics.every
        due = every is not None and (self.step % every == 0 or self.step == self._steps)
        return due and self.step > self.learner.n_step

    def train(self, until: int, deadline: float = math.inf) -> None:
        """Trains to step `until`, or until `deadline` (monotonic seconds) has passed."""
        begin, looks = self.step, max(1, self.clock_every // self.collecting.updates_at_once)
        while (behind := self._is_behind()) or self.step < until:
            if behind:
                self.learner.learn(self.replay, self.step)
                self.progress += 1
                if time.monotonic() > deadline:
                    break
                continue
            if self._collect(until):
                self.learner.learn(self.replay, self.step)
            if self.episodes.broken.any():
                break
            if self.step % looks == 0 and time.monotonic() > deadline:
                break
        self.progress += self.step - begin

    def _collect(self, until: int) -> bool:
        """Takes the next step, of at most `until`; returns whether updates may be due after it."""
        episodes, replay = self.episodes, self.replay
        observations = episodes.observations
        replay.add_observations(observations)
        actions = self.learner.act(observations, self.step)
        rewards, terminals, truncations = episodes.step(actions)
        replay.add(actions, rewards, terminals)
        if (apart := replay.apart(terminals, truncations)).size:
            replay.truncate(apart, observations)
        self._restart(terminals | truncations)
        self.step += 1
        return True

    def _restart(self, ended: np.ndarray) -> None:
        for row, env in np.argwhere(ended).tolist():
            if not self.episodes.goes_on(row, env):
                self._note(row, float(self.episodes.returns[row, env]))
            self.episodes.restart(row, env)

    def _note(self, row: int, value: float) -> None:
        """Keeps a return of a member's training."""
        self._returns[row].append(value)
        del self._returns[row][:-_RECENT]

    def _evaluate(self, deadline: float) -> list[Report]:
        if self._evaluation is None:
            when = self._schedule, f"evaluation/{self.step}"
            watching = self.diagnostics.watching
            self._evaluation = Evaluation(
                self._names, self._seeds, *when, watching, self._evaluation_envs, self._settings
            )
            self._evaluation_envs = self._evaluation.envs
        self.progress += self._evaluation.advance(self.learner.evaluate, deadline)
        if not self._evaluation.done:
            return []
        if self._evaluation.broken.any():
            return self._end_diverged(self._evaluation.broken)
        evaluation, self._evaluation = self._evaluation, None
        diagnosed = self.diagnostics.found() | self._measures()
        found = [self._metrics(row, evaluation.result(row)) for row in range(len(self.members))]
        self.learner.reset_metrics()
        return self._reports(found, diagnosed)

    def _diagnose(self) -> list[Report]:
        self.progress += 1
        return self._reports([{} for _ in self.members], self._measures())

    def _measures(self) -> dict[str, np.ndarray]:
        return self.diagnostics.measure(self.replay, self.step) if self._diagnoses() else {}

    def _reports(
        self, found: list[dict[str, float]], diagnosed: Mapping[str, np.ndarray]
    ) -> list[Report]:
        """Returns every member's report, from its metrics and from measures [P]."""
        self._reported_at = self.step
        done = self.step == self._steps
        reports = []
        for row, member in enumerate(self.members):
            measures = {name: float(values[row]) for name, values in diagnosed.items()}
            reports.append(Report(member, self.step, self._finite(found[row] | measures), done))
        return reports

    def _diverged(self) -> list[Report]:
        """Ends the members whose numbers are not all finite, or whose simulation diverged."""
        diverged = ~self.learner.finite() | self.episodes.broken.any(axis=1)
        return self._end_diverged(diverged) if diverged.any() else []

    def _end_diverged(self, diverged: np.ndarray) -> list[Report]:
        """Drops the members that `diverged` [P], each with a last report of training alone."""
        rows = np.flatnonzero(diverged).tolist()
        reports = [
            Report(self.members[row], self.step, self._finite(self._metrics(row, {})), True, True)
            for row in rows
        ]
        self.drop([report.member for report in reports])
        return reports

    def _metrics(self, row: int, evaluated: Mapping[str, float]) -> dict[str, float]:
        """Returns a member's metrics of evaluation and training, those that exist."""
        found = {**evaluated, **self.learner.measured(row, self.step)}
        if self._returns[row]:
            found["train_return"] = float(np.mean(self._returns[row]))
        found["env_steps"] = float(self._env_steps(row))
        if self.collecting.metrics:
            found["updates"] = updates = float(self.learner.counters["updates"])
            found["env_steps_per_update"] = found["env_steps"] / updates if updates else math.nan
        return found

    def _env_steps(self, row: int) -> int:
        """Returns the steps of a member's environments so far."""
        if self._settings.counts_steps:
            return int(self.episodes.taken[row].sum())
        return self.step * self.collecting.envs

    def _finite(self, found: Mapping[str, float]) -> dict[str, float]:
        """Returns the finite metrics, in the order in which the learner names them."""
        order = [*self._learner_class.metrics, *self._learner_class.diagnosed(self.runs[0].params)]
        return {name: found[name] for name in order if math.isfinite(found.get(name, math.nan))}
