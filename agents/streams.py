"""Counter-based random streams: keyed by (seed, purpose), the step is the counter.

A number depends on its key and its counter alone: streams resume for free, do not depend on the
pack, and one seed gives every configuration the same numbers. The generator is splitmix64 (Steele,
Lea, Flood 2014), whose state after n draws is key + n * golden, so that any draw can be made at
once. Arithmetic is 64-bit and wraps; NumPy arrays and torch tensors of int64 give the same bits.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np

_GOLDEN = 0x9E3779B97F4A7C15 - (1 << 64)
_MIX_1 = 0xBF58476D1CE4E5B9 - (1 << 64)
_MIX_2 = 0x94D049BB133111EB - (1 << 64)
_ALL = (1 << 64) - 1
_BLOCK = 4096


def key(seed: int, purpose: str) -> int:
    """Returns the int64 key of the stream that `seed` has for `purpose`."""
    digest = hashlib.blake2b(f"{seed}/{purpose}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little", signed=True)


def keys(seeds: Sequence[int], purpose: str) -> np.ndarray:
    """Returns the keys [P] of one purpose for every member."""
    return np.array([key(seed, purpose) for seed in seeds], dtype=np.int64)


def words(key: Any, counter: Any) -> Any:
    """Returns random int64 words of (key, counter); both broadcast, one is an int64 array."""
    word = key + (counter + 1) * _GOLDEN
    word = (word ^ _shift(word, 30)) * _MIX_1
    word = (word ^ _shift(word, 27)) * _MIX_2
    return word ^ _shift(word, 31)


def uniforms(key: int, counter: np.ndarray) -> np.ndarray:
    """Returns numbers in [0, 1) of (key, counter), NumPy float64 with 53 random bits."""
    uniform: np.ndarray = _shift(words(key, counter), 11) * 2.0**-53
    return uniform


def bits(key: Any, counter: Any) -> Any:
    """Returns 32 random bits of (key, counter), as int64; `below` bounds them."""
    return _shift(words(key, counter), 32)


def seed(key: int, counter: int) -> int:
    """Returns `bits` of one int key and counter, without arrays: a seed of 32 bits."""
    word = (key + (counter + 1) * _GOLDEN) & _ALL
    word = ((word ^ (word >> 30)) * _MIX_1) & _ALL
    word = ((word ^ (word >> 27)) * _MIX_2) & _ALL
    return (word ^ (word >> 31)) >> 32


def below(bits: Any, bound: int) -> Any:
    """Returns numbers in [0, bound) from 32 bits, by multiplication (Lemire 2019, no retry)."""
    return (bits * bound) >> 32


def normals(key: int, counter: np.ndarray) -> np.ndarray:
    """Returns standard normal numbers of (key, counter), NumPy float64 (Box-Muller)."""
    radius = np.sqrt(-2.0 * np.log1p(-uniforms(key, 2 * counter)))
    turn = 2.0 * np.pi * uniforms(key, 2 * counter + 1)
    normal: np.ndarray = radius * np.cos(turn)
    return normal


def _shift(word: Any, places: int) -> Any:
    """Logical shift to the right of int64 words."""
    return (word >> places) & ((1 << (64 - places)) - 1)


def gaussians(keys: Any, counter: np.ndarray) -> np.ndarray:
    """Returns standard normal numbers, float32, two of each (key, counter) in a row.

    Box-Muller with 32 random bits for the radius and 32 for the angle: at most 6.7 from 0.
    """
    word = words(keys, counter)
    uniform = (_shift(word, 32) + 0.5).astype(np.float32) * np.float32(2.0**-32)
    turn = (word & 0xFFFFFFFF).astype(np.float32) * np.float32(2.0 * np.pi * 2.0**-32)
    radius = np.sqrt(np.float32(-2.0) * np.log(uniform))
    both = np.stack((radius * np.cos(turn), radius * np.sin(turn)), axis=-1)
    return both.reshape(*both.shape[:-2], -1)


class Draws:
    """The 32-bit draws of every member of a pack, `width` a step, made `block` steps at once.

    The block is only a cache: `at(step)` is a pure function of keys and step.
    """

    def __init__(self, keys: np.ndarray, width: int, block: int = 256) -> None:
        self._keys = keys[:, None]
        self._width = width
        self._block = block
        self._number = -1
        self._cache = np.empty(0)

    def at(self, step: int) -> np.ndarray:
        """Returns the draws [P, width] of `step`."""
        number, place = divmod(step, self._block)
        if number != self._number:
            drawn = self._drawn(number).reshape(len(self._keys), self._block, self._width)
            self._cache = np.ascontiguousarray(drawn.swapaxes(0, 1))
            self._number = number
        row: np.ndarray = self._cache[place]
        return row

    def _drawn(self, block: int) -> np.ndarray:
        return bits(self._keys, self._counter(block, self._width))  # type: ignore[no-any-return]

    def _counter(self, block: int, width: int) -> np.ndarray:
        size = self._block * width
        return np.arange(block * size, (block + 1) * size, dtype=np.int64)


class Normals(Draws):
    """Standard normal numbers of every member, `width` a step, float32."""

    def __init__(self, keys: np.ndarray, width: int) -> None:
        super().__init__(keys, width + width % 2, max(1, _BLOCK // width))
        self._asked = width

    def at(self, step: int) -> np.ndarray:
        """Returns the numbers [P, width] of `step`."""
        return super().at(step)[:, : self._asked]

    def _drawn(self, block: int) -> np.ndarray:
        return gaussians(self._keys, self._counter(block, self._width // 2))
