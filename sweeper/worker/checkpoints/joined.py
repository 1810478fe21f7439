"""The rows of several segments as one array, of which no more is in memory than is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, pairwise

import numpy as np

from sweeper.files.arrays import BySlices
from sweeper.trainable.contract import State


class Joined(BySlices):
    """Arrays of rows one after the other, in files, as one that is read by slices."""

    def __init__(self, parts: Sequence[BySlices | np.ndarray], skipped: int) -> None:
        """Without the first `skipped` rows."""
        self._parts = parts
        self._begins = list(accumulate(map(len, parts), initial=-skipped))
        self.shape = (self._begins[-1], *parts[0].shape[1:])
        self.dtype = parts[0].dtype

    def __getitem__(self, rows: slice) -> np.ndarray:
        first, end, _ = rows.indices(len(self))
        pieces = [
            part[max(0, first - begin) : max(0, end - begin)]
            for part, (begin, after) in zip(self._parts, pairwise(self._begins), strict=True)
            if begin < end and first < after
        ]
        return np.concatenate(pieces) if pieces else np.empty((0, *self.shape[1:]), self.dtype)


def whole(state: State) -> State:
    """A state with all of its rows in memory."""
    return {n: np.asarray(a) if isinstance(a, Joined) else a for n, a in state.items()}
