"""What actor-critic learners draw, for P members, each from streams of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from agents import streams

if TYPE_CHECKING:
    import torch
else:
    from agents.lazy import LazyModule

    torch = LazyModule("torch")


class ActorCriticDraws:
    """Actions of the warm-up, exploration, batches, and `noises` times the noise of an action."""

    def __init__(
        self, seeds: Sequence[int], batch: int, actions: int, noises: int, device: str
    ) -> None:
        self._seeds, self._actions, self._noises, self._device = seeds, actions, noises, device
        self._warming = streams.Draws(streams.keys(seeds, "warmup"), actions)
        self._exploring = streams.Normals(streams.keys(seeds, "exploration"), actions)
        self._batches = streams.Draws(streams.keys(seeds, "batches"), batch)
        self._updates = self._normals("updates", batch)

    def _normals(self, purpose: str, batch: int) -> streams.Normals:
        width = max(1, self._noises * batch * self._actions)
        return streams.Normals(streams.keys(self._seeds, purpose), width)

    def uniform(self, step: int) -> np.ndarray:
        """Actions [P, A] of a step in the warm-up, uniform in [-1, 1]."""
        uniform = (self._warming.at(step) + 0.5) * 2.0**-32
        return (2.0 * uniform - 1.0).astype(np.float32)

    def exploration(self, step: int) -> torch.Tensor:
        """Normal numbers [P, 1, A] of a step."""
        return torch.from_numpy(self._exploring.at(step)).to(self._device)[:, None]

    def batch(self, update: int) -> np.ndarray:
        """Which transitions an update takes: 32 bits each, [P, B]."""
        return self._batches.at(update)

    def noise(self, update: int) -> Sequence[torch.Tensor]:
        """Normal numbers of an update, `noises` times [P, B, A]."""
        return self._shaped(self._updates, update)

    def probe_noise(self, batch: int, step: int) -> Sequence[torch.Tensor]:
        """The same of an update from `batch` transitions that is undone, at some step."""
        return self._shaped(self._normals("diagnostics/updates", batch), step)

    def _shaped(self, normals: streams.Normals, counter: int) -> Sequence[torch.Tensor]:
        if not self._noises:
            return ()
        drawn = torch.from_numpy(normals.at(counter)).to(self._device)
        return drawn.view(len(drawn), self._noises, -1, self._actions).unbind(1)
