"""Where episodes end among the steps of a replay: how far a stack or a return may reach."""

from __future__ import annotations

import numpy as np


class EpisodeEnds:
    """Whether steps ended their episodes, by step modulo `slots`, on the host.

    Each of S streams has its own; the slots of stream i begin at i * slots, which is the `begin` of
    the methods. No checkpoint needs it: masks and truncations tell it again. What was never noted
    counts as an end, so that the first step of all begins an episode.
    """

    def __init__(self, streams: int, slots: int) -> None:
        self._slots = slots
        self._ended = np.ones((streams, slots), bool)

    def note(
        self, rows: slice | int | np.ndarray, steps: int | np.ndarray, ended: bool | np.ndarray
    ) -> None:
        """Notes whether `steps` ended the episodes of the streams `rows`."""
        self._ended[rows, steps % self._slots] = ended

    def at(self, steps: np.ndarray, begin: np.ndarray) -> np.ndarray:
        """Returns whether steps [P, B] ended their episodes."""
        ended: np.ndarray = self._ended.reshape(-1)[steps % self._slots + begin]
        return ended

    def before(self, steps: np.ndarray, begin: np.ndarray, most: int) -> np.ndarray:
        """Returns how many steps of the same episode lie before each of `steps` [P, B].

        At most `most` are counted.
        """
        found, going = np.zeros_like(steps), np.ones(steps.shape, bool)
        for back in range(1, most + 1):
            going &= ~self.at(steps - back, begin)
            found += going
        return found

    def lengths(self, steps: np.ndarray, begin: np.ndarray, most: int) -> np.ndarray:
        """Returns how many steps there are from each of `steps` [P, B] to its episode's end.

        Both are counted, and at most `most`.
        """
        found, going = np.ones_like(steps), np.ones(steps.shape, bool)
        for ahead in range(most - 1):
            going &= ~self.at(steps + ahead, begin)
            found += going
        return found
