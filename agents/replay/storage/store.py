"""Where a replay keeps its frames: in memory, or in files of the temporary directory."""

from __future__ import annotations

import errno
import mmap
import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from agents.parameter import Parameter

if TYPE_CHECKING:
    import torch
else:
    from agents.lazy import LazyModule

    torch = LazyModule("torch")

STORE, MAPPED = "replay.store", "mmap"
PARAMETERS: Mapping[str, Parameter] = {STORE: Parameter(str, "memory", choices=("memory", MAPPED))}
"""Of every learner: whether frames are in memory (a GPU's where the learner is there), or in files
that are mapped into it."""

_NOT_THERE = {errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS}
"""What file systems say that cannot give a file its space before it is written."""


def is_mapped(params: Mapping[str, Any]) -> bool:
    """Returns whether a run keeps its frames in files."""
    return params.get(STORE) == MAPPED


class FramesInMemory:
    """Frames of P members with `places` each, in one tensor [P, places, width] on a device."""

    filled = False

    def __init__(
        self, members: int, places: int, width: int, dtype: np.dtype[Any], device: str
    ) -> None:
        self._device = device
        self._frames = torch.from_numpy(np.zeros((members, places, width), dtype)).to(device)
        self._all = self._frames.flatten(0, 1)

    def of(self, member: int) -> torch.Tensor:
        """Returns a member's frames, [places, width]."""
        return self._frames[member]

    def at(self, places: np.ndarray) -> torch.Tensor:
        """Returns the frames [P, N, width] at `places` [P, N] among those of all members."""
        chosen = torch.from_numpy(places).to(self._device)
        return self._all.index_select(0, chosen.view(-1)).view(*places.shape, -1)

    def write(self, slots: slice, frames: np.ndarray) -> None:
        """Writes frames [P E, n, width] to the `slots` of each of all members' E environments."""
        members, places, width = self._frames.shape
        streams = self._frames.view(len(frames), members * places // len(frames), width)
        streams[:, slots].copy_(torch.from_numpy(frames))


class MappedFrames:
    """Frames of P members with `places` each, in a file a member, mapped into the host's memory.

    The files lie in the temporary directory, have no name and get their whole space before
    anything is written: a disk that is too small is told of at once, and nothing is left of them,
    whoever is killed. The system keeps in memory what it has room for. What is drawn is moved to
    the device.
    """

    def __init__(
        self, frames: Sequence[torch.Tensor], device: str, *, filled: bool = False
    ) -> None:
        """`filled`: whether they are those of a replay that was, and need no loading."""
        self._frames, self._device, self.filled = list(frames), device, filled
        self._first = np.arange(len(frames), dtype=np.int64)[:, None]
        self._first *= len(frames[0]) if frames else 0

    @classmethod
    def made(
        cls, members: int, places: int, width: int, dtype: np.dtype[Any], device: str
    ) -> MappedFrames:
        """Returns blank ones. Raises OSError where the disk has no space for them."""
        size = places * width * dtype.itemsize
        check_space(members * size, members)
        files = [np.frombuffer(_mapped(size), dtype) for _ in range(members)]
        return cls([torch.from_numpy(file).view(places, width) for file in files], device)

    def kept(self, members: Sequence[int]) -> MappedFrames:
        """Returns those of some members, in the same files; what nobody holds leaves the disk."""
        frames = [self._frames[member] for member in members]
        return MappedFrames(frames, self._device, filled=True)

    def of(self, member: int) -> torch.Tensor:
        """Returns a member's frames, [places, width]."""
        return self._frames[member]

    def at(self, places: np.ndarray) -> torch.Tensor:
        """Returns the frames [P, N, width] at `places` [P, N] among those of all members."""
        chosen = torch.from_numpy(places - self._first)
        members = zip(self._frames, chosen, strict=True)
        rows = [frames.index_select(0, own) for frames, own in members]
        return (rows[0][None] if len(rows) == 1 else torch.stack(rows)).to(self._device)

    def write(self, slots: slice, frames: np.ndarray) -> None:
        """Writes frames [P E, n, width] to the `slots` of each of all members' E environments."""
        each = frames.reshape(len(self._frames), -1, *frames.shape[1:])
        for own, new in zip(self._frames, each, strict=True):
            own.view(len(new), -1, own.shape[1])[:, slots].copy_(torch.from_numpy(new))


Store = FramesInMemory | MappedFrames


def check_space(size: int, runs: int) -> None:
    """Raises OSError where the temporary directory has less than `size` bytes, of so many runs."""
    folder = tempfile.gettempdir()
    free = shutil.disk_usage(folder).free
    if size > free:
        of = "a run" if runs == 1 else f"{runs} runs"
        raise OSError(
            errno.ENOSPC,
            f"{STORE}={MAPPED} takes {size / 1e9:.3g} GB for the frames of {of} in the temporary "
            f"directory {folder}, which has {free / 1e9:.3g} GB left: name another one by TMPDIR, "
            "free some space there, or give a smaller replay.capacity",
        )


def _mapped(size: int) -> mmap.mmap:
    """Maps a file of `size` bytes that nobody else can open, which are 0."""
    with tempfile.TemporaryFile(buffering=0) as file:
        try:
            os.posix_fallocate(file.fileno(), 0, size)
        except AttributeError:  # macOS has none
            file.truncate(size)
        except OSError as error:
            if error.errno not in _NOT_THERE:
                raise
            file.truncate(size)
        found = mmap.mmap(file.fileno(), size)
    return found
