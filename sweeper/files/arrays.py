"""Named arrays in files: `.npz` without pickles, with a checksum, whole or not there at all."""

from __future__ import annotations

import io
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from sweeper.files.atomic import write_durably

Arrays = dict[str, npt.NDArray[Any]]

STATE = "state"
"""What the names of arrays begin with, before a slash, that are kept of a run's whole state."""

CHECKSUM = 8
"""Bytes at the end of a file that hold the checksum of all that stands before it."""


def write(path: Path, arrays: Arrays) -> None:
    """Writes `arrays` so that `path` holds all of them or does not exist; numpy reads it as `.npz`.

    The archive's comment is a checksum of all that stands before it.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.comment = bytes(CHECKSUM)
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as entry:
                np.lib.format.write_array(entry, np.asanyarray(array), allow_pickle=False)
    data = buffer.getbuffer()
    data[-CHECKSUM:] = b"%08x" % zlib.crc32(data[:-CHECKSUM])
    write_durably(path, data)


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


def read_kept(path: Path, *, state: bool = False) -> tuple[Arrays, Arrays | None]:
    """What is kept of a run in `path`: its weights, and its whole `state` where asked and there.

    `ValueError` where it is damaged.
    """
    kept = read(path)
    weights = without_state(kept)
    if not state or len(weights) == len(kept):
        return weights, None
    return weights, {n.removeprefix(f"{STATE}/"): a for n, a in kept.items() if n not in weights}


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
