"""The training loop of an agent whose collectors act while it learns; no two runs are equal."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

import numpy as np

from agents.collectors.collectors import Collectors
from agents.contract import State
from agents.training.pack import Pack

_PUBLISH_S = 0.005
_WAIT_S = 0.05


class AsyncPack(Pack):
    """A pack of one agent with collectors; a step is an update.

    Until the warm-up is over it is a round: a step of each environment, which the replay has taken.
    """

    clock_every = 1
    episodes: Collectors
    _published = -math.inf

    def _collected(self, names: Sequence[str], keys: np.ndarray) -> Any:
        if len(names) > 1:
            raise ValueError("an agent with asynchronous collectors trains alone in its pack")
        made = Collectors(self._learner_class, self.runs[0], self.shape, self._acting())
        self._warmup: int = self.runs[0].params["warmup_steps"]
        return made

    def _acting(self) -> list[Any]:
        return [tensor for _, tensor, _ in self.learner.acting()]

    def _load(self, states: list[State | None]) -> None:
        super()._load(states)
        self.episodes.cut(self.replay)

    def drop(self, members: Iterable[int]) -> None:
        """Gives up the agent, and ends its collectors."""
        super().drop(members)
        if not self.members:
            self.episodes.close()

    def _collect(self, until: int) -> bool:
        taken = self.episodes.take(self.replay, partial(self._note, 0))
        self._publish()
        self.progress += taken
        if self.replay.count >= self._warmup:
            self.step += 1
            return True
        self.step = max(self.step, min(self.replay.count, self._warmup - 1, until))
        if not taken:
            self.episodes.wait(_WAIT_S)
        return False

    def _publish(self) -> None:
        """Hands parameters to the collectors, as often as they can use them."""
        now = time.monotonic()
        if now - self._published > _PUBLISH_S:
            self.episodes.publish(self._acting())
            self._published = now

    def _env_steps(self, row: int) -> int:
        return self.episodes.env_steps

    def _metrics(self, row: int, evaluated: Any) -> dict[str, float]:
        replaced = {"collectors_replaced": float(self.episodes.replaced)}
        return super()._metrics(row, evaluated) | replaced
