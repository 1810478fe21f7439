"""A journal of what a tracker shows: lines that are only ever added."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

from sweeper.files.atomic import write_durably
from sweeper.trackers.updates import Position


class Journal:
    """The positions of a study's runs in `file`; of several lines about a run the last counts.

    A line that a killed process left unfinished is dropped, and so are lines that others have taken
    the place of.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self.head: dict[str, str] = {}
        """What the first line says, which is about the study."""
        self.positions: dict[str, Position] = {}
        self._lines = self._read()
        self._descriptor = -1

    def begin(self, head: Mapping[str, str]) -> None:
        """Says of which study it is; after that runs may be noted."""
        if head != self.head or self._lines > 2 * len(self.positions) + 1:
            self.head = {**head}
            self._rewrite()
        self._descriptor = os.open(self._file, os.O_WRONLY | os.O_APPEND)

    def commit(self, run: str, position: Position) -> None:
        """Notes that so much of a run is shown now."""
        self.positions[run] = position
        data = memoryview(_line({"run": run, **position.as_json()}))
        while data:
            data = data[os.write(self._descriptor, data) :]

    def close(self) -> None:
        """Closes its file."""
        os.close(self._descriptor)

    def _read(self) -> int:
        """Takes in what the file holds; how many lines it has."""
        try:
            data = self._file.read_bytes()
        except FileNotFoundError:
            return 0
        whole = data[: data.rfind(b"\n") + 1]
        lines = whole.split(b"\n")[:-1]
        if lines:
            self.head = {"study": "", **{k: str(v) for k, v in _parsed(lines[0]).items()}}
        for line in lines[1:]:
            body = _parsed(line)
            try:
                run = str(body.pop("run"))
                self.positions[run] = Position.of_json(body)
            except (KeyError, TypeError):  # damaged: the run is written anew
                continue
        if len(whole) != len(data):
            os.truncate(self._file, len(whole))
        return len(lines)

    def _rewrite(self) -> None:
        bodies = ({"run": run, **at.as_json()} for run, at in self.positions.items())
        write_durably(self._file, b"".join(map(_line, [{**self.head}, *bodies])))


def _line(body: dict[str, object]) -> bytes:
    return json.dumps(body, separators=(",", ":")).encode() + b"\n"


def _parsed(line: bytes) -> dict[str, object]:
    try:
        found = json.loads(line)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
