"""Claims and ends of runs, as hard links, so that at most one of them succeeds.

A claim or an end is written to a temporary file and link(2)ed to `claims/<run>.<generation>.<n>`,
which is atomic on local disks and on NFS. The claim of attempt n + 1 and the end of attempt n want
the same name, so a take-over and an end of one attempt cannot both happen.
"""

from __future__ import annotations

import itertools
import json
import os
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sweeper.files.atomic import patiently, write_synced

Body = dict[str, Any]


class Claims:
    """Places claims and ends for one worker."""

    def __init__(self, folder: Path, worker: str) -> None:
        self._folder = folder
        self._worker = worker
        self._count = itertools.count()

    def place(self, names: Sequence[Path], body: Mapping[str, Any]) -> list[Body | None]:
        """Links one file holding `body` under each of `names`.

        Returns, name by name, `None` where this worker was first and otherwise what the first one
        wrote. The file is on the disk before any of its names is.
        """
        token = uuid.uuid4().hex
        new = self._folder / f".{next(self._count)}.{self._worker}"
        data = json.dumps({**body, "token": token}).encode()
        try:
            patiently(lambda: write_synced(new, data), self._folder)
            return [self._link(new, name, token) for name in names]
        finally:
            new.unlink(missing_ok=True)

    def _link(self, new: Path, name: Path, token: str) -> Body | None:
        try:
            os.link(new, name)
        except FileExistsError:
            first = read(name)
            return None if first.get("token") == token else first
        return None


def read(name: Path) -> Body:
    """What a claim or an end holds."""
    body: Body = json.loads(name.read_bytes())
    return body
