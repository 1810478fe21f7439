"""Sums of numbers that change one by one: what draws in proportion to them look up."""

from __future__ import annotations

import numpy as np

_TOP = 4_096
_BELOW = 1.0 - 2.0**-52
"""What makes the largest number below a sum of it."""


class SumTree:
    """P binary trees of sums over `places` leaves each (Schaul et al. 2016, App. B.2.1).

    Leaves are float32, sums float64, each that of its two children: adding them up again after a
    change leaves no drift, and a tree made from the leaves alone is the same bit for bit. Above
    some levels at most 4,096 sums are left, whose cumulative ones a binary search finds its way in:
    ten levels more would take longer. Changes wait until a total is asked for.
    """

    def __init__(self, members: int, places: int) -> None:
        levels = max(0, (-(-places // _TOP) - 1).bit_length())
        top = -(-places // 2**levels)
        self._levels = [
            np.zeros(members * top << levels - level, np.float64 if level else np.float32)
            for level in range(levels + 1)
        ]
        self._cumulative = np.zeros((members, top + 1))
        member = np.arange(members, dtype=np.int64)[:, None]
        self._first, self._first_of_top = member * (top << levels), member * top
        self._changed: list[np.ndarray] = []

    @staticmethod
    def bytes(places: int) -> int:
        """Returns about how many bytes a tree takes: leaves, and fewer sums than leaves."""
        return places * (4 + 8)

    def put(self, places: np.ndarray, leaves: np.ndarray) -> None:
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
        return self._levels[0].reshape(len(self._first), -1)[member][places]

    def totals(self) -> np.ndarray:
        """Returns the sum of each member's leaves, [P]."""
        self._add_up()
        return self._cumulative[:, -1]

    def find(self, sums: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Returns the places [P, B] where leaves, added up, pass `sums` [P, B], and those leaves.

        What is not below the total is taken for the largest number that is. No leaf of 0 is found;
        each member has to have others.
        """
        self._add_up()
        left = np.minimum(sums, self._cumulative[:, -1:] * _BELOW)
        found = np.empty(left.shape, np.int64)
        for row, cumulative in enumerate(self._cumulative):
            found[row] = cumulative.searchsorted(left[row], "right")
            found[row] -= 1
            left[row] -= cumulative.take(found[row])
        found += self._first_of_top
        for level in reversed(self._levels[:-1]):
            found <<= 1
            first = level.take(found)
            second = left >= first
            left -= first * second
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
        if not self._changed:
            return
        nodes = np.concatenate(self._changed)
        self._changed.clear()
        for below, level in zip(self._levels, self._levels[1:], strict=False):
            nodes = nodes >> 1
            first = nodes << 1
            level[nodes] = np.add(below.take(first), below.take(first + 1), dtype=np.float64)
        top = self._levels[-1].reshape(len(self._first), -1)
        np.cumsum(top, axis=1, out=self._cumulative[:, 1:])
