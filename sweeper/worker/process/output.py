"""Output of worker processes, which is discarded, without an error, where the disk is full."""

from __future__ import annotations

import io
import sys
from typing import Any

from sweeper.files.atomic import disk_is_full


def discard_on_full_disk() -> None:
    """Makes this process discard what it prints, without an error, where the disk is full."""
    for name, number in (("stdout", 1), ("stderr", 2)):
        getattr(sys, name).flush()
        raw = _Losing(number, "w", closefd=False)
        stream = io.TextIOWrapper(raw, errors="backslashreplace", write_through=True)
        setattr(sys, name, stream)


class _Losing(io.FileIO):
    """A file that loses what finds no space on the disk."""

    def write(self, data: Any, /) -> int:
        """Writes `data`; returns its size also where the disk is full."""
        try:
            return super().write(data) or 0
        except OSError as error:
            if not disk_is_full(error):
                raise
            return len(memoryview(data))
