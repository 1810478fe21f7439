"""Memory that a learner and its collectors share; nobody else can open it, and no file holds it."""

from __future__ import annotations

import mmap
import os
import tempfile
from collections.abc import Sequence
from typing import Any

import numpy as np

from agents.collecting import Collecting
from agents.replay.frames import stored_row
from agents.shape import Shape

_RING_BYTES = 32_000_000
_MOST_ROUNDS, _LEAST_ROUNDS = 1024, 4
_ALIGNED = 64
_PROCESS_BYTES = 190_000_000  # of a process of its own, with torch imported


class Memory:
    """Bytes behind a file descriptor, which child processes are given; freed with the last of them.

    So nothing is left of it, whoever is killed.
    """

    def __init__(self, size: int, descriptor: int | None = None) -> None:
        """Makes it, or opens that of `descriptor`."""
        self.descriptor = _made(size) if descriptor is None else descriptor
        self.buffer = mmap.mmap(self.descriptor, size)

    def close(self) -> None:
        """Closes the descriptor; what is mapped stays until nobody uses it."""
        os.close(self.descriptor)


def _made(size: int) -> int:
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("collectors")
    else:
        with tempfile.TemporaryFile() as file:
            descriptor = os.dup(file.fileno())
    os.ftruncate(descriptor, size)
    return descriptor


def round_type(shape: Shape, envs: int) -> np.dtype[Any]:
    """Returns the type of a round: a step of each of `envs` environments.

    `frames` are those of the observations before it and `next` those after it, as a replay stores
    them; `returns` are of the episodes that it ended, NaN elsewhere.
    """
    width, kind = stored_row(shape)
    actions = ("<f4", (envs, shape.actions)) if shape.continuous else ("<i8", (envs,))
    return np.dtype(
        [
            ("frames", kind, (envs, width)),
            ("next", kind, (envs, width)),
            ("actions", *actions),
            ("rewards", "<f4", (envs,)),
            ("terminals", "?", (envs,)),
            ("truncations", "?", (envs,)),
            ("returns", "<f8", (envs,)),
            ("env_steps", "<i8"),
        ],
        align=True,
    )


def rounds_in_ring(shape: Shape, envs: int) -> int:
    """Returns how many rounds a collector may be ahead of the learner."""
    fitting = _RING_BYTES // round_type(shape, envs).itemsize
    return max(_LEAST_ROUNDS, min(_MOST_ROUNDS, fitting))


def bytes_of_collectors(collecting: Collecting, shape: Shape, agent: int) -> int:
    """Returns bytes of the processes and their rings, without what environments take.

    Each process has an agent of its own, which takes `agent` bytes.
    """
    envs = collecting.envs_per_core
    ring = rounds_in_ring(shape, envs) * round_type(shape, envs).itemsize
    return collecting.cores * (_PROCESS_BYTES + ring + agent)


class Parameters:
    """The tensors that collectors act with, and how often they were written.

    The count is odd while they are written, so that who reads can tell whether it read one version
    of all of them.
    """

    def __init__(self, tensors: Sequence[Any], descriptor: int | None = None) -> None:
        """For `tensors` of these shapes; makes the memory, or opens that of `descriptor`."""
        arrays = [tensor.detach().cpu().numpy() for tensor in tensors]
        ends = np.cumsum([_ALIGNED, *(-(-a.nbytes // _ALIGNED) * _ALIGNED for a in arrays)])
        self.memory = Memory(int(ends[-1]), descriptor)
        buffer = self.memory.buffer
        self._count = np.frombuffer(buffer, np.int64, 1)
        self._arrays = [
            np.frombuffer(buffer, a.dtype, a.size, int(begin)).reshape(a.shape)
            for a, begin in zip(arrays, ends[:-1], strict=True)
        ]
        self._seen = 0

    def write(self, tensors: Sequence[Any]) -> None:
        """Writes the tensors' values."""
        self._count[0] += 1
        for array, tensor in zip(self._arrays, tensors, strict=True):
            np.copyto(array, tensor.detach().cpu().numpy())
        self._count[0] += 1

    def read(self, tensors: Sequence[Any]) -> bool:
        """Copies newer values into the tensors; returns whether they hold one whole version.

        Where they do not, as somebody wrote meanwhile, reading once more will do.
        """
        count = int(self._count[0])
        if count == self._seen:
            return count > 0
        if count % 2:
            return False
        for array, tensor in zip(self._arrays, tensors, strict=True):
            np.copyto(tensor.detach().numpy(), array)
        whole = int(self._count[0]) == count
        self._seen = count if whole else -1
        return whole
