"""A trainable for tests: each member is a number that hops along, exactly resumable, no torch."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from agents.parameter import Parameter


@dataclass(frozen=True)
class Report:
    """What a member says."""

    member: int
    step: int
    metrics: dict[str, float]
    done: bool = False
    diverged: bool = False


class Counter:
    """Hops `steps` times; `pause_s` a step, NaN at `nan_at`, an exception at `raise_at`.

    Where COUNTER_PAUSE_S is set, that is a pause too: workers may be slow whose runs are the same.
    Where COUNTER_GATE names a file that is not there, they hardly get on: a test can take its time.
    """

    parameters: ClassVar = {
        "size": Parameter(float, 1.0, packable=True),
        "width": Parameter(int, 1),
        "pause_s": Parameter(float, 0.0, packable=True),
        "nan_at": Parameter(int, -1, packable=True),
        "raise_at": Parameter(int, -1, packable=True),
        "bad_seed": Parameter(int, 0, packable=True),
    }
    metrics = ("value", "twice")
    packs = True

    @classmethod
    def tasks(cls) -> Sequence[str]:
        return ("line", "ring")

    @classmethod
    def check(cls, params: Mapping[str, Any], task: str) -> None:
        if params["width"] > 64:
            raise ValueError(f"width must be at most 64, but got {params['width']}")

    @classmethod
    def layers(cls, params: Mapping[str, Any], task: str) -> int:
        return 3

    @classmethod
    def signature(cls, params: Mapping[str, Any], task: str) -> str:
        return f"{params['width']} {task}"

    @classmethod
    def pack_size(cls, params: Mapping[str, Any], task: str, device: str) -> int:
        return 4

    @classmethod
    def start(cls, runs: Sequence[Any], states: Sequence[Any], device: str) -> CounterPack:
        return CounterPack(runs, states)


class Layered(Counter):
    """Counter with a set of layers that changes nothing."""

    parameters: ClassVar = {**Counter.parameters, "sn.layers": Parameter(tuple, (), packable=True)}


class CounterPack:
    """Members that hop in lockstep, ten steps at a time."""

    def __init__(self, runs: Sequence[Any], states: Sequence[Any]) -> None:
        self.runs = runs
        self.live = dict.fromkeys(range(len(runs)))
        self.step = 0 if states[0] is None else int(states[0]["step"])
        self.progress = 0
        self.pause_s = float(os.environ.get("COUNTER_PAUSE_S", "0"))
        self.value = [0.5 if state is None else float(state["value"]) for state in states]

    def advance(self) -> list[Report]:
        if self.step:
            _wait_at_gate()
        reports = []
        for _ in range(10):
            self.step += 1
            self.progress += 1
            for i in list(self.live):
                reports += self._hop(i)
                if reports and reports[-1].member == i and reports[-1].done:
                    del self.live[i]
        return reports

    def _hop(self, i: int) -> list[Report]:
        run = self.runs[i]
        params = run.params
        time.sleep(params["pause_s"] + self.pause_s)
        if self.step == params["raise_at"] and run.seed == params["bad_seed"]:
            raise RuntimeError(f"hopped off at step {self.step}")
        self.value[i] = math.fmod(self.value[i] * 3.7 + params["size"] + run.seed * 0.1, 1.0)
        if self.step == params["nan_at"] and run.seed == params["bad_seed"]:
            return [Report(i, self.step, {}, done=True, diverged=True)]
        if self.step % run.evaluation.every == 0 or self.step == run.steps:
            metrics = {"value": self.value[i], "twice": 2 * self.value[i]}
            return [Report(i, self.step, metrics, done=self.step == run.steps)]
        return []

    def save(self, member: int) -> dict[str, np.ndarray]:
        return {"step": np.array(self.step), "value": np.array(self.value[member])}

    def drop(self, members: Iterable[int]) -> None:
        for member in members:
            self.live.pop(member, None)


def _wait_at_gate() -> None:
    """Two seconds, or until the gate is open."""
    gate, deadline = os.environ.get("COUNTER_GATE"), time.monotonic() + 2
    while gate and not os.path.exists(gate) and time.monotonic() < deadline:
        time.sleep(0.02)


KEPT = 25


class Hoarder(Counter):
    """Hops by a trail of its last values, which is saved in pieces; has weights."""

    keeps_weights = True

    @classmethod
    def start(cls, runs: Sequence[Any], states: Sequence[Any], device: str) -> HoarderPack:
        return HoarderPack(runs, states)


@dataclass(frozen=True)
class Rows:
    """A piece of a trail."""

    begin: int
    end: int
    first: int
    arrays: dict[str, np.ndarray]


class HoarderPack(CounterPack):
    """The trails' rows are numbered by steps; a lost row changes the values that follow."""

    def __init__(self, runs: Sequence[Any], states: Sequence[Any]) -> None:
        super().__init__(runs, states)
        self.trails = [[] if state is None else state["trail"].tolist() for state in states]

    def _hop(self, i: int) -> list[Report]:
        reports = super()._hop(i)
        self.trails[i].append(self.value[i])
        del self.trails[i][:-KEPT]
        self.value[i] = math.fmod(self.value[i] + self.trails[i][0], 1.0)
        return reports

    def save(self, member: int) -> dict[str, np.ndarray]:
        state, rows = self.save_since(member, 0)
        return state | rows.arrays

    def save_since(self, member: int, row: int) -> tuple[dict[str, np.ndarray], Rows]:
        first = max(0, self.step - KEPT)
        begin = max(row, first)
        trail = np.array(self.trails[member][begin - first :])
        return super().save(member), Rows(begin, self.step, first, {"trail": trail})

    def weights(self, member: int) -> dict[str, np.ndarray]:
        return {"trail": np.array(self.trails[member])}
