"""States of unfinished runs on disk: `.npz` files without pickles."""

from __future__ import annotations

import io
import os
import zipfile
from pathlib import Path

import numpy as np

from sweeper.paths import write_durably
from sweeper.trainable import State


def write(path: Path, state: State) -> None:
    """Writes `state` so that `path` holds all of it or does not exist."""
    buffer = io.BytesIO()
    np.savez(buffer, **state)  # type: ignore[arg-type]
    write_durably(path, buffer.getvalue())


def read(path: Path) -> State:
    """The state in `path`; `ValueError` where it is damaged."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}
    except (zipfile.BadZipFile, EOFError, KeyError, OSError) as error:
        raise ValueError(f"{path.name} is no whole checkpoint: {error}") from error


def adopt(theirs: Path, mine: Path) -> State:
    """Links `theirs` under the name `mine`, where its writer cannot remove it, and reads it.

    `ValueError` where it is damaged or gone.
    """
    try:
        os.link(theirs, mine)
    except FileExistsError:
        pass
    except FileNotFoundError as error:
        raise ValueError(f"{theirs.name} is gone") from error
    return read(mine)
