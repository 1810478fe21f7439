"""Random draws of actor-critic learners, for P members, each from streams of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from agents import streams

if TYPE_CHECKING:
    import torch
else:
    from agents.lazy import LazyModule

    torch = LazyModule("torch")


@dataclass(frozen=True)
class Counts:
    """How many transitions a batch has, numbers an action, normal numbers it takes to draw one, how
    often an update draws actions, and in how many environments a member acts."""

    batch: int
    actions: int
    normals: int
    noises: int
    envs: int = 1


class ActorCriticDraws:
    """Draws of warm-up actions, exploration, batches, and of the noises of an update."""

    def __init__(self, seeds: Sequence[int], counts: Counts, device: str) -> None:
        self._seeds, self._counts, self._device = seeds, counts, device
        self._warming = self._draws("warmup", counts.envs * counts.actions)
        exploring = streams.keys(seeds, "exploration")
        self._exploring = streams.Normals(exploring, counts.envs * counts.normals)
        self._batches = self._draws("batches", counts.batch)
        self._updates = self._normals("updates", counts.batch)

    def _draws(self, purpose: str, width: int) -> streams.Draws:
        return streams.Draws(streams.keys(self._seeds, purpose), width)

    def _normals(self, purpose: str, batch: int) -> streams.Normals:
        width = max(1, self._counts.noises * batch * self._counts.normals)
        return streams.Normals(streams.keys(self._seeds, purpose), width)

    def uniform(self, step: int) -> np.ndarray:
        """Returns actions [P, E, A] of a step in the warm-up, uniform in [-1, 1]."""
        uniform = (self._warming.at(step) + 0.5) * 2.0**-32
        each = len(self._seeds), self._counts.envs, self._counts.actions
        return (2.0 * uniform - 1.0).astype(np.float32).reshape(each)

    def exploration(self, step: int) -> torch.Tensor:
        """Returns normal numbers [P, E, normals] of a step."""
        each = len(self._seeds), self._counts.envs, self._counts.normals
        return torch.from_numpy(self._exploring.at(step)).to(self._device).reshape(each)

    def batch(self, update: int) -> np.ndarray:
        """Returns 32 bits for each transition of an update's batch, [P, B]."""
        return self._batches.at(update)

    def noise(self, update: int) -> Sequence[torch.Tensor]:
        """Returns normal numbers of an update, `noises` times [P, B, normals]."""
        return self._shaped(self._updates, update)

    def probe_noise(self, batch: int, step: int) -> Sequence[torch.Tensor]:
        """Returns normal numbers of a probed update from `batch` transitions at `step`."""
        return self._shaped(self._normals("diagnostics/updates", batch), step)

    def _shaped(self, normals: streams.Normals, counter: int) -> Sequence[torch.Tensor]:
        counts = self._counts
        if not counts.noises:
            return ()
        drawn = torch.from_numpy(normals.at(counter)).to(self._device)
        return drawn.view(len(drawn), counts.noises, -1, counts.normals).unbind(1)
