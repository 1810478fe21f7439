"""Videos that are written picture by picture: GIF, or MP4."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np

from sweeper.errors import SweeperError

ENDINGS = (".gif", ".mp4")
_EXTRA = "pip install -e '.[video]' in the checkout of sweeper"
_WIDEST_GIF = 400
"""Pictures of a GIF that are wider, in pixels, are halved."""


def missing(ending: str) -> str | None:
    """Which package a video that ends so needs and is not installed, and how to have it."""
    needed = {".gif": ("imageio",), ".mp4": ("imageio", "imageio_ffmpeg")}[ending]
    gone = [name for name in needed if importlib.util.find_spec(name) is None]
    return f"a {ending} needs {gone[0]}, which is not installed: {_EXTRA}" if gone else None


class Video:
    """A video of `seconds` at most in the file `path`, which ends in .gif or .mp4.

    There is no file before the first picture. `close` makes it whole.
    """

    def __init__(self, path: Path, seconds: float) -> None:
        self.path, self._seconds = path, seconds
        self._writer: Any = None
        self.pictures = 0
        """How many it has."""

    def add(self, picture: np.ndarray, per_second: float) -> bool:
        """Adds a picture, uint8 [H, W, 3]; returns whether there is room for another."""
        if self._writer is None:
            self._writer = self._begin(per_second)
        self._writer.append_data(self._fit(picture))
        self.pictures += 1
        return self.pictures < self._seconds * per_second

    def close(self) -> None:
        """Writes what has not been written yet."""
        if self._writer is not None:
            self._writer.close()

    def _begin(self, per_second: float) -> Any:
        import imageio.v2 as imageio

        if self.path.suffix == ".gif":
            return imageio.get_writer(self.path, mode="I", duration=1000 / per_second, loop=0)
        return imageio.get_writer(self.path, mode="I", fps=per_second, macro_block_size=2)

    def _fit(self, picture: np.ndarray) -> np.ndarray:
        """A picture with an even number of rows and columns, and small enough for a GIF."""
        if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3:
            raise SweeperError(
                f"a picture must be uint8 [H, W, 3], but is {picture.dtype} {list(picture.shape)}"
            )
        even: np.ndarray = picture[: picture.shape[0] // 2 * 2, : picture.shape[1] // 2 * 2]
        if self.path.suffix != ".gif" or even.shape[1] <= _WIDEST_GIF:
            return even
        rows, columns = even.shape[0] // 2, even.shape[1] // 2
        halves: np.ndarray = even.reshape(rows, 2, columns, 2, 3).mean((1, 3)).astype(np.uint8)
        return halves
