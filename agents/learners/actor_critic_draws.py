"""Random draws of actor-critic learners, for P members, each from streams of its own."""

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
    """Draws of warm-up actions, exploration, batches, and `noises` noises of an update."""

    def __init__(
        self,
        seeds: Sequence[int],
        batch: int,
        actions: int,
        noises: int,
        device: str,
        envs: int = 1,
    ) -> None:
        self._seeds, self._actions, self._noises, self._device = seeds, actions, noises, device
        self._each = len(seeds), envs, actions
        self._warming = streams.Draws(streams.keys(seeds, "warmup"), envs * actions)
        self._exploring = streams.Normals(streams.keys(seeds, "exploration"), envs * actions)
        self._batches = streams.Draws(streams.keys(seeds, "batches"), batch)
        self._updates = self._normals("updates", batch)

    def _normals(self, purpose: str, batch: int) -> streams.Normals:
        width = max(1, self._noises * batch * self._actions)
        return streams.Normals(streams.keys(self._seeds, purpose), width)

    def uniform(self, step: int) -> np.ndarray:
        """Returns actions [P, E, A] of a step in the warm-up, uniform in [-1, 1]."""
        uniform = (self._warming.at(step) + 0.5) * 2.0**-32
        return (2.0 * uniform - 1.0).astype(np.float32).reshape(self._each)

    def exploration(self, step: int) -> torch.Tensor:
        """Returns normal numbers [P, E, A] of a step."""
        return torch.from_numpy(self._exploring.at(step)).to(self._device).reshape(self._each)

    def batch(self, update: int) -> np.ndarray:
        """Returns 32 bits for each transition of an update's batch, [P, B]."""
        return self._batches.at(update)

    def noise(self, update: int) -> Sequence[torch.Tensor]:
        """Returns normal numbers of an update, `noises` times [P, B, A]."""
        return self._shaped(self._updates, update)

    def probe_noise(self, batch: int, step: int) -> Sequence[torch.Tensor]:
        """Returns normal numbers of a probed update from `batch` transitions at `step`."""
        return self._shaped(self._normals("diagnostics/updates", batch), step)

    def _shaped(self, normals: streams.Normals, counter: int) -> Sequence[torch.Tensor]:
        if not self._noises:
            return ()
        drawn = torch.from_numpy(normals.at(counter)).to(self._device)
        return drawn.view(len(drawn), self._noises, -1, self._actions).unbind(1)
