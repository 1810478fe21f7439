"""Named arrays in files: `.npz` without pickles, with a checksum, whole or not there at all."""

from __future__ import annotations

import io
import math
import os
import struct
import zipfile
import zlib
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, BinaryIO

import numpy as np
import numpy.typing as npt

from sweeper.files.atomic import opened_synced, replacing, write_all

Array = npt.NDArray[Any]
Arrays = dict[str, Array]

STATE = "state"
"""What the names of arrays begin with, before a slash, that are kept of a run's whole state."""

CHECKSUM = 8
"""Bytes at the end of a file that hold the checksum of all that stands before it."""


_BLOCK = 2**24
"""Bytes that are read or written at once."""

_LOCAL = 30
"""Bytes before an entry of an archive, without its name and what follows that, whose lengths are
the last four."""


class BySlices(ABC):
    """An array whose rows are read by slices, `found[begin:end]`; numpy makes one of all of it."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    @abstractmethod
    def __getitem__(self, rows: slice) -> Array:
        """These rows, read."""

    def __len__(self) -> int:
        return self.shape[0]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        return np.asarray(self[:], dtype)

    @property
    def nbytes(self) -> int:
        """Bytes of all rows."""
        return int(math.prod(self.shape) * self.dtype.itemsize)


@dataclass(frozen=True)
class StoredArray(BySlices):
    """An array in a file of `write`."""

    path: Path
    offset: int
    dtype: np.dtype[Any]
    shape: tuple[int, ...]

    def __getitem__(self, rows: slice) -> Array:
        begin, end, _ = rows.indices(len(self))
        count, each = max(0, end - begin), math.prod(self.shape[1:])
        at = self.offset + begin * each * self.dtype.itemsize
        found = np.fromfile(self.path, self.dtype, count * each, offset=at)
        return found.reshape(count, *self.shape[1:])


def write(path: Path, arrays: Arrays) -> None:
    """Writes `arrays` so that `path` holds all of them or does not exist; numpy reads it as `.npz`.

    One of rows that are read by slices is never whole in memory. The archive's comment is a
    checksum of all that stands before it.
    """
    with replacing(path) as new, opened_synced(new) as descriptor:
        summed = _Summed(descriptor)
        with zipfile.ZipFile(summed, "w") as archive:
            archive.comment = bytes(CHECKSUM)
            for name, array in arrays.items():
                with archive.open(f"{name}.npy", "w", force_zip64=True) as entry:
                    _write_array(entry, array)
        summed.close()


class _Summed:
    """What a file is written through: its last bytes become the checksum of all before them."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor, self._sum, self._kept = descriptor, 0, bytearray()

    def write(self, data: Any) -> int:
        """Takes bytes, and writes them once there are many; returns how many it took."""
        self._kept += data
        if len(self._kept) > _BLOCK:
            self._add_up()
            with memoryview(self._kept) as kept:
                write_all(self._descriptor, kept[:-CHECKSUM])
            del self._kept[:-CHECKSUM]
        return memoryview(data).nbytes

    def flush(self) -> None:
        """Nothing: whoever writes an archive calls it."""

    def close(self) -> None:
        """Writes the rest, and the checksum."""
        self._add_up()
        self._kept[-CHECKSUM:] = b"%08x" % self._sum
        write_all(self._descriptor, self._kept)

    def _add_up(self) -> None:
        with memoryview(self._kept) as kept:
            self._sum = zlib.crc32(kept[:-CHECKSUM], self._sum)


def _write_array(entry: IO[bytes], array: Any) -> None:
    """Writes an array as numpy does; of what is none, rows by and by."""
    if isinstance(array, np.ndarray) or not hasattr(array, "shape"):
        np.lib.format.write_array(entry, np.asanyarray(array), allow_pickle=False)
        return
    kind = np.lib.format.dtype_to_descr(array.dtype)
    told = {"descr": kind, "fortran_order": False, "shape": array.shape}
    np.lib.format.write_array_header_1_0(entry, told)
    rows = max(1, _BLOCK * len(array) // max(1, array.nbytes))
    for begin in range(0, len(array) if array.nbytes else 0, rows):
        entry.write(np.ascontiguousarray(array[begin : begin + rows]).data)


def read(path: Path) -> Arrays:
    """The arrays in `path`; `ValueError` where it is damaged."""
    try:
        data = path.read_bytes()
        if checksum(data) != data[-CHECKSUM:]:
            raise ValueError("its checksum does not fit")
        with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise ValueError(f"{path.name} is no whole checkpoint: {error}") from error


def stored(path: Path) -> dict[str, StoredArray | Array]:
    """The arrays in `path`, to be read by slices while it is there; `ValueError` where damaged."""
    try:
        with path.open("rb") as file:
            _check(file)
            with zipfile.ZipFile(file) as archive:
                return {
                    info.filename.removesuffix(".npy"): _stored_array(path, file, archive, info)
                    for info in archive.infolist()
                }
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise ValueError(f"{path.name} is no whole checkpoint: {error}") from error


def _check(file: BinaryIO) -> None:
    """Raises `ValueError` where a file's checksum does not fit; reads it block by block."""
    left, found = os.fstat(file.fileno()).st_size - CHECKSUM, 0
    while left > 0:
        block = file.read(min(_BLOCK, left))
        if not block:
            break
        found, left = zlib.crc32(block, found), left - len(block)
    if left or file.read() != b"%08x" % found:
        raise ValueError("its checksum does not fit")


def _stored_array(
    path: Path, file: BinaryIO, archive: zipfile.ZipFile, info: zipfile.ZipInfo
) -> StoredArray | Array:
    """An entry that numpy wrote: where its numbers begin, or, column by column, all of them."""
    with archive.open(info) as entry:
        version = np.lib.format.read_magic(entry)
        if version == (1, 0):
            shape, by_columns, kind = np.lib.format.read_array_header_1_0(entry)
            within = entry.tell()
        if version != (1, 0) or by_columns or not shape:
            entry.seek(0)
            return np.lib.format.read_array(entry, allow_pickle=False)
    file.seek(info.header_offset + _LOCAL - 4)
    name, extra = struct.unpack("<HH", file.read(4))
    return StoredArray(path, info.header_offset + _LOCAL + name + extra + within, kind, shape)


def read_kept(path: Path, *, state: bool = False) -> tuple[Arrays, Arrays | None]:
    """What is kept of a run in `path`: its weights, and its whole `state` where asked and there.

    `ValueError` where it is damaged.
    """
    kept = stored(path)
    states = {n.removeprefix(f"{STATE}/"): n for n in kept if n.startswith(f"{STATE}/")}
    weights = {n: np.asarray(a) for n, a in kept.items() if not n.startswith(f"{STATE}/")}
    if not state or not states:
        return weights, None
    return weights, {short: np.asarray(kept[name]) for short, name in states.items()}


def without_state(kept: Arrays) -> Arrays:
    """The weights among what is kept of a run; itself where it holds nothing else."""
    weights = {n: array for n, array in kept.items() if not n.startswith(f"{STATE}/")}
    return weights if len(weights) < len(kept) else kept


def has_state(path: Path) -> bool:
    """Whether a whole state is kept in `path`; false where it is damaged or gone."""
    try:
        with zipfile.ZipFile(path) as archive:
            return any(name.startswith(f"{STATE}/") for name in archive.namelist())
    except (OSError, zipfile.BadZipFile):
        return False


def checksum(data: bytes) -> bytes:
    """The checksum that the end of a file's bytes must be."""
    return b"%08x" % zlib.crc32(memoryview(data)[:-CHECKSUM])
