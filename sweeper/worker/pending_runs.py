"""An index of the runs that have not ended, in the plan's order, which skips those that have."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator

from sweeper.planning.plan import Run


class PendingRuns:
    """Runs that have not ended; `kind` tells which of them may train together.

    A run that has ended is passed over for good when it is met, so that a look at the first few
    costs the same however many have ended.
    """

    def __init__(self, runs: Iterable[Run], kind: Callable[[Run], str]) -> None:
        self._kind = kind
        self._runs: list[Run] = []
        self._place: dict[str, int] = {}
        self._pending: set[str] = set()
        self._all: list[int] = []
        self._kinds: dict[str, list[int]] | None = None
        for run in runs:
            self.add(run)

    def __len__(self) -> int:
        return len(self._pending)

    def __contains__(self, run: str) -> bool:
        return run in self._pending

    def ended(self, run: str) -> None:
        """Takes note that a run has ended."""
        self._pending.discard(run)

    def add(self, run: Run) -> None:
        """Takes note that a run was planned, or is to be done once more."""
        if run.id in self._pending:
            return
        self._pending.add(run.id)
        place = self._place.setdefault(run.id, len(self._runs))
        if place == len(self._runs):
            self._runs.append(run)
        heapq.heappush(self._all, place)
        if self._kinds is not None:
            heapq.heappush(self._kinds.setdefault(self._kind(run), []), place)

    def __iter__(self) -> Iterator[Run]:
        """All of them."""
        return self._walk(self._all)

    def like(self, run: Run) -> Iterator[Run]:
        """Those that may train together with `run`, itself included."""
        if self._kinds is None:
            self._kinds = {}
            for place in sorted(self._all):
                self._kinds.setdefault(self._kind(self._runs[place]), []).append(place)
        return self._walk(self._kinds[self._kind(run)])

    def _walk(self, heap: list[int]) -> Iterator[Run]:
        met: list[int] = []
        try:
            while heap:
                place = heapq.heappop(heap)
                run = self._runs[place]
                if run.id in self._pending and (not met or met[-1] != place):
                    met.append(place)
                    yield run
        finally:
            for place in met:
                heapq.heappush(heap, place)
