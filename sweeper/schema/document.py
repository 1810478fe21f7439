"""YAML files as documents: plain data, and messages that name the place of what is wrong."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import Any

from sweeper.errors import Invalid, Path, SweeperError, choices, dotted, shown
from sweeper.schema.yaml_text import parse
from sweeper.text import counted

MAX_BYTES = 2**20

_VALID, _LONG_LIST = "; valid: ", 60
"""What stands before a list of what is valid, and how many characters of it are not repeated."""

_MORE = re.compile(r", and \d+ more$")

MOST_TOLD = 200
"""The most mistakes that one answer tells."""


@dataclass
class Document:
    """Plain data, and for each path in it the place it came from (`file:line`, or a word)."""

    name: str
    data: dict[str, Any]
    places: dict[Path, str] = field(default_factory=dict)
    mistakes: list[tuple[str, str]] = field(default_factory=list)
    """What is wrong with the YAML but does not keep one from reading on: places and messages."""
    more: tuple[str, ...] = ()
    """The names of the files that this one extends."""

    def place(self, path: Path) -> str:
        """The place of the value at `path`, or of the nearest one around it."""
        for length in range(len(path), 0, -1):
            if path[:length] in self.places:
                return self.places[path[:length]]
        return self.name

    def error(self, path: Path, message: str) -> SweeperError:
        """An error about the value at `path`, whose place and name come before `message`."""
        return SweeperError(self.line(path, message))

    def errors(self, found: Iterable[Invalid], also: Iterable[str] = ()) -> SweeperError:
        """One error that tells all mistakes, a line each in the order of the file; `also` last."""
        told = [(place, f"{place}: {message}") for place, message in self.mistakes]
        words = self._words()
        for one in (one for error in found for one in error.each):
            told.append((self.place(one.path), self._line(one.path, one.message, words)))
        told.sort(key=lambda one: self._number(one[0]))
        lines = dict.fromkeys([*_listed_once(line for _, line in told), *also])
        shown = list(lines)[:MOST_TOLD]
        if len(lines) > MOST_TOLD:
            shown.append(f"and {counted(len(lines) - MOST_TOLD, 'mistake')} more")
        return SweeperError("\n".join(shown))

    def line(self, path: Path, message: str) -> str:
        """What an error says of the value at `path`.

        Words that changed parts of that value are named too.
        """
        return self._line(path, message, self._words())

    def _line(self, path: Path, message: str, words: Sequence[tuple[Path, str]]) -> str:
        place = self.place(path)
        own = dict.fromkeys(
            text for inside, text in words if inside[: len(path)] == path and text != place
        )
        changed = f" (with {', '.join(own)})" if own and self._in_file(place) else ""
        return f"{place}{changed}: {dotted(path) or 'the space'} {message}"

    def _words(self) -> list[tuple[Path, str]]:
        """The places that are words, not lines of a file, each with the path of its value."""
        return [(path, text) for path, text in self.places.items() if not self._in_file(text)]

    def _number(self, place: str) -> float:
        """The line of a place in the file; words come behind."""
        return int(place.rpartition(":")[2]) if self._in_file(place) else math.inf

    def _in_file(self, place: str) -> bool:
        return place.startswith(tuple(f"{name}:" for name in (self.name, *self.more)))


def read(
    path: FilePath,
    what: str = "a space",
    *,
    later: bool = False,
    word: Callable[[str], Any] | None = None,
) -> Document:
    """The YAML file at `path`, whose top level must be a mapping; messages call it `what`.

    With `later` keys that are there twice are noted and not raised. `word` reads what stands
    without quotes, where that is not YAML 1.2.
    """
    name = str(path)
    try:
        if path.exists() and not (path.is_file() or path.is_dir()):
            raise SweeperError(f"{name} is not a plain file")
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        raise SweeperError(_unreadable(path, error)) from error
    if len(raw) > MAX_BYTES:
        raise SweeperError(f"{name}: {what} is at most {MAX_BYTES // 1024} KiB of YAML")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise SweeperError(f"{name}:{line}: {what} is UTF-8 text, but this is not") from error
    mistakes: list[tuple[str, str]] = []
    data, places = parse(text, name, mistakes=mistakes, word=word)
    if data is None:
        raise SweeperError(f"{name}: the file is empty; {what} is a mapping of keys to values")
    if not isinstance(data, dict):
        kind = "a list" if isinstance(data, list) else shown(data)
        raise SweeperError(f"{name}:1: {what} is a mapping of keys to values, but got {kind}")
    document = Document(name, data, places, mistakes)
    if mistakes and not later:
        raise document.errors([])
    return document


def _listed_once(lines: Iterable[str]) -> Iterator[str]:
    """The same messages, of which only the first has a long list of what is valid.

    A list of the nearest of many stays where nothing is named that may be meant.
    """
    lists: set[str] = set()
    for line in lines:
        message, _, names = line.partition(_VALID)
        nearest = _MORE.search(names)
        known = nearest[0] if nearest else names
        told = known in lists and (nearest is None or "(did you mean" in message)
        yield message if told else line
        if len(names) > _LONG_LIST:
            lists.add(known)


def _unreadable(path: FilePath, error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        siblings = sorted(str(file) for file in path.parent.glob("*.y*ml"))
        return f"{path}: there is no such file{choices(str(path), siblings) if siblings else ''}"
    if isinstance(error, IsADirectoryError):
        inside = sorted(str(file) for file in path.glob("*.y*ml"))
        listed = f"; YAML files in it: {', '.join(inside)}" if inside else ""
        return f"{path} is a folder, not a YAML file{listed}"
    return f"{path} cannot be read: {getattr(error, 'strerror', None) or error}"
