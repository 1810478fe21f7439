"""Writes a worker's ledger files, with one write(2) per batch of lines.

Every process that writes has files `ledger/<worker>.<k>.jsonl` of its own, k = 0, 1, …
"""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sweeper.files.atomic import patiently
from sweeper.ledger.lines.encoding import FORMAT, encode


class Writer:
    """Appends to the ledger files of one worker; `header` begins each of them."""

    def __init__(self, folder: Path, worker: str, header: Mapping[str, Any]) -> None:
        self.worker = worker
        self._folder = folder
        self._header: dict[str, Any] = {
            "kind": "header",
            "format": FORMAT,
            "worker": worker,
            **header,
        }
        self._files = 0
        self._descriptor: int | None = None
        self.write([])

    def write(self, lines: Sequence[Mapping[str, Any]], *, sync: bool = False) -> None:
        """Appends `lines` by one write(2); `sync` forces them to the disk.

        After a short write or a full disk it goes on in a new file, and waits there for space up
        to ten minutes. A line may then stand in both files; its sequence number tells.
        """
        data = b"".join(map(encode, lines))
        patiently(lambda: self._append(data, sync), self._folder)

    def head(self, header: Mapping[str, Any]) -> None:
        """Writes the header anew, which says more now; further files begin with it."""
        self._header |= header
        self.write([self._header])

    def close(self) -> None:
        """Writes the closing line: nothing follows it."""
        if self._descriptor is not None:
            self.write([{"kind": "close"}])
            self._leave()

    def _append(self, data: bytes, sync: bool) -> None:
        try:
            if self._descriptor is None or os.fstat(self._descriptor).st_nlink == 0:
                data, sync = self._open() + data, True
            assert self._descriptor is not None
            if data and os.write(self._descriptor, data) != len(data):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            if sync:
                os.fsync(self._descriptor)
        except OSError:
            self._give_up()
            raise

    def _open(self) -> bytes:
        """Opens the next file, also where somebody removed the last; returns its first line."""
        self._leave()
        flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_APPEND
        self._descriptor = os.open(self._folder / self._name, flags, 0o666)
        self._files += 1
        return encode(self._header)

    def _give_up(self) -> None:
        """Leaves a file that takes no more; one that took nothing is removed, and its number free.

        So an empty ledger file is one that lost its lines.
        """
        if self._descriptor is not None and os.fstat(self._descriptor).st_size == 0:
            self._files -= 1
            (self._folder / self._name).unlink(missing_ok=True)
        self._leave()

    @property
    def _name(self) -> str:
        """The file that is, or is to be, written."""
        return f"{self.worker}.{self._files}.jsonl"

    def _leave(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
