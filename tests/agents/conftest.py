"""Small DQN runs, and the loop that plays a pack to its end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import torch

from agents.learners.dqn import Learner


@dataclass(frozen=True)
class Schedule:
    every: int = 300
    episodes: int | None = 2
    steps: int | None = None
    cap: int = 100
    unfinished: str = "drop"
    streams: int | None = None


@dataclass(frozen=True)
class Run:
    params: dict[str, Any]
    task: str
    seed: int
    steps: int
    evaluation: Schedule


QUICK = {
    "warmup_steps": 40,
    "epsilon.decay_until": 200,
    "epsilon.final": 0.1,
    "target.every": 100,
    "network.convs": (4,),
    "network.units": 16,
}


def make_run(
    task: str = "minatar/breakout",
    seed: int = 0,
    steps: int = 500,
    evaluation: Schedule | None = None,
    **params: Any,
) -> Run:
    """A run of some seconds' fraction; parameters are written with __ for a dot."""
    given = {name.replace("__", "."): value for name, value in params.items()}
    complete = Learner.complete(QUICK | given)
    Learner.check(complete, task)
    return Run(complete, task, seed, steps, evaluation or Schedule())


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture
def run() -> Callable[..., Run]:
    return make_run


@pytest.fixture
def schedule() -> type[Schedule]:
    return Schedule


@pytest.fixture
def play() -> Callable[..., list[Any]]:
    def play(pack: Any, until: int | None = None) -> list[Any]:
        """Advance to the end (or past step `until`); returns all reports."""
        reports: list[Any] = []
        going = set(pack.members)
        while going and (until is None or pack.step < until):
            new = pack.advance()
            reports += new
            going -= {report.member for report in new if report.done}
        return reports

    return play
