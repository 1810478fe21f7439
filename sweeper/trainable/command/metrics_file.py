"""The file of JSON lines to which a program appends its metrics, read as it grows."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from sweeper.errors import cut, shown
from sweeper.text import agreed, counted

Point = tuple[int, dict[str, float]]
"""A step, and metrics at it."""

_BLOCK = 1 << 20
_LONGEST = 1 << 20
"""The most bytes of a line."""

_TOLD = 3
"""So many reasons are told why something did not count."""


class MetricsFile:
    """Reads the lines of the file `path` that are whole and new; says of the first bad one why.

    `tell` gets one line of text for people.
    """

    def __init__(self, path: Path, tell: Callable[[str], None]) -> None:
        self._path, self._tell = path, tell
        self._offset = 0
        self._partial = b""
        self._bad = 0
        self._skipped: dict[str, int] = {}
        """How many lines were skipped, by the reason."""
        self._left_out: dict[str, str] = {}
        """What metrics that are no numbers were, by their names."""

    def left_out(self) -> str:
        """What did not count of the file, and why, in one line; empty where all did."""
        said = [
            f"{counted(number, 'line')} of it {agreed(number, 'was', 'were')} skipped: {why}"
            for why, number in self._skipped.items()
        ]
        said += [f"{shown(name)} was {what}" for name, what in self._left_out.items()]
        if not self._path.exists():
            said.append("the file was gone at the end")
        if not said:
            return ""
        more = f"; and {len(said) - _TOLD} more reasons" if len(said) > _TOLD else ""
        return f"SWEEPER_METRICS: {'; '.join(said[:_TOLD])}{more}"

    def read(self) -> list[Point]:
        """The points of further lines, of a megabyte at most; a line without an end waits."""
        try:
            with self._path.open("rb") as file:
                if file.seek(0, 2) < self._offset:  # it was written anew
                    self._offset, self._partial = 0, b""
                file.seek(self._offset)
                data = file.read(_BLOCK)
        except OSError:
            return []
        self._offset += len(data)
        *lines, self._partial = (self._partial + data).split(b"\n")
        if len(self._partial) > _LONGEST:
            lines, self._partial = [*lines, self._partial[:_LONGEST]], b""
        return self._points(lines)

    def rest(self) -> list[Point]:
        """The points of all further lines; nobody writes any more, so the last one needs no end."""
        points = []
        before = -1
        while before != self._offset:
            before = self._offset
            points += self.read()
        last, self._partial = self._partial, b""
        points += self._points([last])
        if self._bad > 1:
            self._tell(f"{self._path.name}: {counted(self._bad, 'line')} skipped in all")
        self._bad = 0
        return points

    def _points(self, lines: Iterable[bytes]) -> list[Point]:
        points = []
        for line in lines:
            if not line.strip():
                continue
            try:
                points.append(self._point(line))
            except ValueError as error:
                if not self._bad:
                    text = cut(line.decode(errors="replace").strip())
                    self._tell(f"{self._path.name}: a line was skipped: {error}: {text}")
                self._bad += 1
                self._skipped[str(error)] = self._skipped.get(str(error), 0) + 1
        return [point for point in points if point[1]]

    def _point(self, line: bytes) -> Point:
        try:
            data = json.loads(line)
        except (ValueError, RecursionError):
            raise ValueError("it is no JSON") from None
        if not isinstance(data, dict):
            raise ValueError('it must be an object, like {"step": 100, "return": 1.5}')
        step = _number(data.pop("step", None))
        if step is None or not step.is_integer() or step < 0:
            raise ValueError('its "step" must be a whole number of at least 0')
        metrics = {name: _number(value) for name, value in data.items()}
        for name, value in metrics.items():
            if value is None and name not in self._left_out:
                self._left_out[name] = _kind(data[name])
                text = f"must be a number, but got {shown(data[name])}: left out"
                self._tell(f"{self._path.name}: the metric {shown(name)} {text}")
        return int(step), {name: value for name, value in metrics.items() if value is not None}


def earlier(paths: Iterable[Path], until: float) -> list[Point]:
    """What earlier attempts reported up to the step `until`, from which a later one went on.

    Each attempt counts up to the first step of the one after it.
    """
    found: dict[int, dict[str, float]] = {}
    for path in paths:
        points = MetricsFile(path, lambda _: None).rest()
        first = min((step for step, _ in points), default=float("inf"))
        found = {step: metrics for step, metrics in found.items() if step <= first}
        for step, metrics in points:
            found[step] = found.get(step, {}) | metrics
    return [(step, found[step]) for step in sorted(found) if step <= until]


def _kind(value: Any) -> str:
    """What a value is that is no metric."""
    if isinstance(value, int):
        return "a number too large"
    kinds: dict[type, str] = {str: "a text", dict: "an object", list: "a list"}
    named = (what for kind, what in kinds.items() if isinstance(value, kind))
    return f"{next(named, 'null')}, not a number"


def _number(value: Any) -> float | None:
    """A number as a float; `None` for anything else."""
    try:
        return float(value) if isinstance(value, int | float) else None
    except OverflowError:
        return None
