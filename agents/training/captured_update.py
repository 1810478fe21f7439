"""Updates on a GPU as CUDA graphs: one launch in the place of hundreds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, Any, Protocol

from agents.replay.batch import Batch

if TYPE_CHECKING:
    import torch
else:
    from agents.lazy import LazyModule

    torch = LazyModule("torch")

WARM_UPS = 3
"""How many updates of a kind are called before one is captured: kernels load, tables are made."""


class Updated(Protocol):
    """A learner whose updates draw nothing: batch and noise hold all that is random."""

    counters: dict[str, int]
    """What an update counts on the host."""
    recorded: Any
    """Not `None` while a diagnostic looks on, which reads what a graph would not give."""

    def update(self, batch: Batch, *noise: torch.Tensor) -> None:
        """One update."""


class CapturedUpdate:
    """Updates of one learner: called on a CPU, replayed on a GPU once they are captured.

    Shapes and addresses of a graph are fixed, so every batch is copied to where the graph reads.
    """

    def __init__(self, learner: Updated, device: str) -> None:
        self._learner = learner
        self._captures = torch.device(device).type == "cuda"
        self._called: Counter[int] = Counter()
        self._graphs: dict[int, _Graph] = {}

    def __call__(self, kind: int, batch: Batch, noise: Sequence[torch.Tensor] = ()) -> None:
        """One update; `kind` tells updates that take other steps apart, by a graph for each."""
        learner = self._learner
        if not self._captures or learner.recorded is not None:
            learner.update(batch, *noise)
        elif kind in self._graphs:
            self._graphs[kind].replay(learner, batch, noise)
        elif self._called[kind] < WARM_UPS:
            self._called[kind] += 1
            _aside(lambda: learner.update(batch, *noise))
        else:
            self._capture(kind, batch, noise)

    def _capture(self, kind: int, batch: Batch, noise: Sequence[torch.Tensor]) -> None:
        """Captures this update and replays it; one that cannot be captured is called, for good."""
        before = self._learner.counters
        try:
            self._graphs[kind] = _Graph(self._learner, batch, noise)
        except RuntimeError:
            self._captures = False
            self._learner.counters = before
            self._learner.update(batch, *noise)


class _Graph:
    """A captured update, with the tensors that it reads."""

    def __init__(self, learner: Updated, batch: Batch, noise: Sequence[torch.Tensor]) -> None:
        """Captures the update, which runs nothing, and replays it once."""
        self._read = [tensor.clone() for tensor in _tensors(batch, noise)]
        before, count = learner.counters, len(fields(batch))
        self._graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self._graph):
            learner.update(Batch(*self._read[:count]), *self._read[count:])
        self._counts = _differences(before, learner.counters)
        self._graph.replay()

    def replay(self, learner: Updated, batch: Batch, noise: Sequence[torch.Tensor]) -> None:
        """The update of this batch; what it counts on the host is added."""
        for read, tensor in zip(self._read, _tensors(batch, noise), strict=True):
            read.copy_(tensor)
        self._graph.replay()
        counters = learner.counters
        learner.counters = {name: n + self._counts[name] for name, n in counters.items()}


def _tensors(batch: Batch, noise: Sequence[torch.Tensor]) -> list[torch.Tensor]:
    return [*(getattr(batch, field.name) for field in fields(batch)), *noise]


def _differences(before: Mapping[str, int], after: Mapping[str, int]) -> dict[str, int]:
    return {name: count - before[name] for name, count in after.items()}


def _aside(call: Callable[[], None]) -> None:
    """Calls on a stream of its own, as CUDA wants it of what is captured later."""
    current, side = torch.cuda.current_stream(), torch.cuda.Stream()  # type: ignore[no-untyped-call]
    side.wait_stream(current)
    with torch.cuda.stream(side):
        call()
    current.wait_stream(side)
