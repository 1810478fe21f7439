"""Sums of numbers that change one by one: what draws in proportion to them look up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch
else:
    from agents.lazy import LazyModule

    torch = LazyModule("torch")

_TOP = 8_192


class SumTree:
    """P binary trees of sums over `places` leaves each (Schaul et al. 2016, App. B.2.1).

    Leaves are float32, sums float64, each that of its two children: adding them up again after a
    change leaves no drift, and a tree made from the leaves alone is the same bit for bit. At the
    top are up to 8,192 sums, and a binary search in their cumulative ones: a tree with one root
    takes twice as long. Changes wait until a total is asked for.
    """

    def __init__(self, members: int, places: int) -> None:
        depth = max(0, (-(-places // _TOP) - 1).bit_length())
        top = -(-places // 2**depth)
        self._levels = [
            np.zeros(members * top * 2 ** (depth - i), np.float64 if i else np.float32)
            for i in range(depth + 1)
        ]
        self._pairs = [level.reshape(-1, 2) for level in self._levels[:-1]]
        self._top = torch.from_numpy(self._levels[-1].reshape(members, top))
        self._cumulative = np.zeros((members, top + 1))
        member = np.arange(members, dtype=np.int64)[:, None]
        self._first, self._first_of_top = member * top * 2**depth, member * top
        self._changed: list[np.ndarray] = []

    @staticmethod
    def bytes(places: int) -> int:
        """Returns about how many bytes a tree takes: leaves, and fewer sums than leaves."""
        return places * (4 + 8)

    def put(self, places: np.ndarray, leaves: np.ndarray | float) -> None:
        """Sets leaves [P, n], or what broadcasts to it, at `places` [P, n] or [n].

        Of a place that is named twice the later leaf counts.
        """
        at = places + self._first
        self._levels[0][at] = leaves
        self._changed.append(at.reshape(-1))

    def put_of(self, member: int, places: np.ndarray, leaves: np.ndarray) -> None:
        """Sets one member's leaves [n] at `places` [n]."""
        at = places + self._first[member]
        self._levels[0][at] = leaves
        self._changed.append(at)

    def leaves(self, member: int, places: np.ndarray | slice) -> np.ndarray:
        """Returns one member's leaves at `places`."""
        found: np.ndarray = self._levels[0].reshape(len(self._first), -1)[member][places]
        return found

    def totals(self) -> np.ndarray:
        """Returns the sum of each member's leaves, [P]."""
        if self._changed:
            self._add_up()
        return self._cumulative[:, -1]

    def find(self, sums: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Returns the places [P, B] where leaves, added up, pass `sums` [P, B], and those leaves.

        Each of `sums` has to be below its member's total, as it was told. No leaf of 0 is found.
        """
        found, left = np.empty(sums.shape, np.int64), np.empty(sums.shape)
        for row, cumulative in enumerate(self._cumulative):
            at = cumulative.searchsorted(sums[row], "right")
            at -= 1
            np.subtract(sums[row], cumulative.take(at), out=left[row])
            found[row] = at
        found += self._first_of_top
        for level in reversed(self._levels[:-1]):
            found <<= 1
            first = level.take(found)
            second = left >= first
            first *= second
            left -= first
            found += second
        leaves = self._settled(found)
        return found - self._first, leaves

    def _settled(self, found: np.ndarray) -> np.ndarray:
        """Returns the leaves `found`; those that are 0 it moves back to the last one that is not.

        A sum that was rounded up may be passed behind the last leaf that it is of.
        """
        leaves = self._levels[0].take(found)
        while not leaves.all():
            found -= leaves == 0.0
            leaves = self._levels[0].take(found)
        return leaves

    def _add_up(self) -> None:
        """Adds up again what lies above changed leaves."""
        changed = np.concatenate(self._changed)
        self._changed.clear()
        for pairs, level in zip(self._pairs, self._levels[1:], strict=True):
            changed >>= 1
            both = pairs.take(changed, axis=0)
            level[changed] = np.add(both[:, 0], both[:, 1], dtype=np.float64)
        self._cumulative[:, 1:] = self._top.cumsum(1, dtype=torch.float64).numpy()
