"""Playing with weights that were kept: an evaluation again, and pictures of its first episode."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from agents.contract import Run, Schedule, State
from agents.envs import tasks
from agents.envs.display import choose_display
from agents.envs.settings import Settings
from agents.training.evaluation import Evaluation, Watcher
from agents.training.pack_learner import PackLearner

Film = Callable[[np.ndarray, float], bool]
"""Takes a picture, uint8 [H, W, 3], and how many pass in a second; returns whether it wants more.
"""

MOST_PICTURES = 30
"""The most pictures a second; of faster tasks some are left out."""


@dataclass(frozen=True)
class Played:
    """What came of playing: the return of each episode, and why there are no pictures, if so."""

    returns: list[float]
    unseen: str | None = None


@dataclass(frozen=True)
class Some:
    """The schedule of a single evaluation of some episodes."""

    episodes: int | None
    cap: int
    every: int = 1
    steps: int | None = None
    unfinished: str = "drop"
    streams: int | None = None


class Camera:
    """A watcher that films the first episode in an environment.

    An environment that can be seen has `pictures_per_s` and `render()`.
    """

    def __init__(self, environment: Any, film: Film) -> None:
        self._environment, self._film = environment, film
        pace = getattr(environment, "pictures_per_s", None)
        self.problem = None if pace else "it has no pictures"
        """Why there are no pictures; `None` while there are."""
        self._every = math.ceil((pace or 1.0) / MOST_PICTURES)
        self._pace = float(pace or 1.0) / self._every
        self._steps = 0
        self._on = self.problem is None

    def begin(self, observations: np.ndarray, actions: np.ndarray) -> None:
        """Takes the first picture."""
        self._take()

    def see(self, observations: np.ndarray, actions: np.ndarray, live: np.ndarray) -> None:
        """Does nothing: it films the environment."""

    def record(self, rewards: np.ndarray, terminals: np.ndarray, over: np.ndarray) -> None:
        """Takes the picture after a step; the last one is that of the episode's end."""
        self._steps += 1
        last = bool(over[0, 0])
        if last or self._steps % self._every == 0:
            self._take()
        self._on = self._on and not last

    def _take(self) -> None:
        if not self._on:
            return
        try:
            picture = self._environment.render()
        except Exception as error:  # what draws is the environment's: displays, drivers, libraries
            self.problem = f"{type(error).__name__}: {error}"
            self._on = False
            return
        self._on = self._film(picture, self._pace)


def play(
    learner: type[PackLearner],
    run: Run,
    weights: State,
    step: int,
    episodes: int | None = None,
    film: Film | None = None,
) -> Played:
    """Evaluates weights as the run is evaluated after `step` steps, with more or fewer `episodes`.

    Raises ValueError where the weights are of another network.
    """
    if film is not None:
        choose_display()
    settings = Settings.of(run.params)
    agent = learner([run], tasks.shape(run.task, settings), "cpu")
    agent.initialise()
    agent.load_weights(0, weights)
    schedule: Schedule = run.evaluation
    if episodes is not None:
        schedule = Some(episodes, schedule.cap)
    watchers: list[Watcher] = []
    purpose = f"evaluation/{step}"
    evaluation = Evaluation([run.task], [run.seed], schedule, purpose, watchers, settings=settings)
    camera = None if film is None else Camera(evaluation.envs[0], film)
    watchers += [] if camera is None else [camera]
    evaluation.advance(agent.evaluate, math.inf)
    return Played(evaluation.returns(0), None if camera is None else camera.problem)
