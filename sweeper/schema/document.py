"""YAML files as plain data, with the place at which each value was written.

Scalars follow YAML 1.2 (`1e-4` is a number; `off`, `no`, `yes`, `on` are text), but `100_000` is a
number, and `<<: *base` merges mappings. Tags, duplicate keys, several documents and aliases that
expand without bound are refused.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import Any

import yaml

from sweeper.errors import Invalid, Path, SweeperError, choices, cut, dotted, shown
from sweeper.text import counted

MAX_BYTES = 2**20
MAX_VALUES = 100_000
MAX_DEPTH = 50

_LONGEST = 120
"""The most characters of what PyYAML says."""

_VALID, _LONG_LIST = "; valid: ", 60
"""What stands before a list of what is valid, and how many characters of it are not repeated."""

_MORE = re.compile(r", and \d+ more$")

MOST_TOLD = 200
"""The most mistakes that one answer tells."""

_INTEGER = re.compile(r"[-+]?[0-9]+(_[0-9]+)*")
_OTHER_BASE = re.compile(r"0x[0-9a-fA-F]+|0o[0-7]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(_[0-9]+)*(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_INFINITY = re.compile(r"([-+]?)\.(inf|Inf|INF)")
_MERGE = "<<"
_PLAIN_TAGS = {**dict.fromkeys(("!!float", "!!int", "!!bool", "!!null"), "{}"), "!!str": "'{}'"}
"""How values of those tags are written without them."""

_WORDS = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
}


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
        for one in (one for error in found for one in error.each):
            told.append((self.place(one.path), self.line(one.path, one.message)))
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
        place = self.place(path)
        words = {
            text: None
            for inside, text in self.places.items()
            if inside[: len(path)] == path and text != place and not self._in_file(text)
        }
        changed = f" (with {', '.join(words)})" if words and self._in_file(place) else ""
        return f"{place}{changed}: {dotted(path) or 'the space'} {message}"

    def _number(self, place: str) -> float:
        """The line of a place in the file; words come behind."""
        return int(place.rpartition(":")[2]) if self._in_file(place) else math.inf

    def _in_file(self, place: str) -> bool:
        return place.startswith(tuple(f"{name}:" for name in (self.name, *self.more)))


def read(path: FilePath, what: str = "a space", *, later: bool = False) -> Document:
    """The YAML file at `path`, whose top level must be a mapping; messages call it `what`.

    With `later` keys that are there twice are noted and not raised.
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
    data, places = parse(text, name, mistakes=mistakes)
    if data is None:
        raise SweeperError(f"{name}: the file is empty; {what} is a mapping of keys to values")
    if not isinstance(data, dict):
        kind = "a list" if isinstance(data, list) else shown(data)
        raise SweeperError(f"{name}:1: {what} is a mapping of keys to values, but got {kind}")
    document = Document(name, data, places, mistakes)
    if mistakes and not later:
        raise document.errors([])
    return document


def parse(
    text: str, name: str, *, lines: bool = True, mistakes: list[tuple[str, str]] | None = None
) -> tuple[Any, dict[Path, str]]:
    """The data of `text` and the place of every path in it; without `lines` all are `name`.

    Keys that are there twice are added to `mistakes`, where that is given, and else raised.
    """
    try:
        node, tags = _composed(text)
        walk = _Walk(name, lines)
        data = None if node is None else walk.value(node, ())
        walk.mistakes += [(_at(name, error, lines), _problem(error)) for error in tags]
        if mistakes is not None:
            mistakes += walk.mistakes
        elif walk.mistakes:
            raise SweeperError("\n".join(": ".join(one) for one in walk.mistakes))
        return data, walk.places
    except yaml.MarkedYAMLError as error:
        raise SweeperError(f"{_at(name, error, lines)}: {_problem(error)}") from error
    except yaml.reader.ReaderError as error:
        line = text[: error.position].count("\n") + 1
        where = f"{name}:{line}" if lines else name
        what = f"the character U+{error.character:04X}" if lines else "that character"
        raise SweeperError(f"{where}: YAML is plain text, but got {what}") from error
    except RecursionError as error:
        raise SweeperError(f"{name}: nested more than {MAX_DEPTH} deep") from error


def scalar(text: str) -> Any:
    """The value of an unquoted YAML 1.2 scalar: null, a boolean, a number, or the text itself."""
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text) if len(text) <= 400 else float(text)
    if _OTHER_BASE.fullmatch(text) and len(text) <= 400:
        return int(text, 0)
    if _FLOAT.fullmatch(text):
        return float(text)
    infinity = _INFINITY.fullmatch(text)
    if infinity:
        return float(f"{infinity[1]}inf")
    return text


def _composed(text: str) -> tuple[yaml.Node | None, list[yaml.MarkedYAMLError]]:
    """The node of a text, without its tags, and an error for each of these."""
    loader = _Loader(text)
    try:
        return loader.get_single_node(), loader.tags
    finally:
        loader.dispose()


class _Loader(yaml.SafeLoader):
    """Composes nodes; resolves nothing, and takes off and notes tags."""

    yaml_implicit_resolvers: dict[Any, Any] = {}  # noqa: RUF012 (PyYAML's own declaration)

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.tags: list[yaml.MarkedYAMLError] = []

    def compose_node(self, parent: Any, index: Any) -> Any:
        """The next node, which has no tag."""
        event: Any = self.peek_event()  # type: ignore[no-untyped-call]
        tag = getattr(event, "tag", None)
        if tag is not None:
            short = tag.replace("tag:yaml.org,2002:", "!!")
            plain = _PLAIN_TAGS.get(short, "").format(cut(getattr(event, "value", "")))
            way = f"; write {plain}" if plain else ""
            message = f"tags are refused, YAML is data only here: {cut(short)}{way}"
            self.tags.append(yaml.MarkedYAMLError(problem=message, problem_mark=event.start_mark))
            event.tag = None
        return super().compose_node(parent, index)


class _Walk:
    """Turns nodes into plain data and notes where each stood."""

    def __init__(self, name: str, lines: bool) -> None:
        self.places: dict[Path, str] = {}
        self._name = name
        self._lines = lines
        self._left = MAX_VALUES
        self._open: set[int] = set()
        self.mistakes: list[tuple[str, str]] = []

    def value(self, node: yaml.Node, path: Path) -> Any:
        """The data of `node`, at `path`."""
        self.places[path] = self._place(node)
        self._left -= 1
        if self._left < 0:
            raise self._error(node, f"holds more than {MAX_VALUES} values, aliases expanded")
        if isinstance(node, yaml.ScalarNode):
            return scalar(node.value) if node.style is None else node.value
        if id(node) in self._open:
            raise self._error(node, "an alias contains itself")
        if len(self._open) >= MAX_DEPTH:
            raise self._error(node, f"nested more than {MAX_DEPTH} deep")
        self._open.add(id(node))
        value: Any
        if isinstance(node, yaml.SequenceNode):
            value = [self.value(item, (*path, i)) for i, item in enumerate(node.value)]
        else:
            value = self._mapping(node, path)
        self._open.remove(id(node))
        return value

    def _mapping(self, node: yaml.Node, path: Path) -> dict[str, Any]:
        data: dict[str, Any] = {}
        first: dict[str, yaml.Node] = {}
        merged: list[tuple[yaml.Node, yaml.Node]] = []
        for key, item in node.value:
            if not isinstance(key, yaml.ScalarNode):
                what = "a key must be text, but got a list or a mapping"
                self.mistakes.append((self._place(key), what))
                continue
            name = key.value
            if name == _MERGE and key.style is None:
                merged.append((key, item))
                continue
            if name in data:
                line = first[name].start_mark.line + 1
                before = f", first on line {line}" if self._lines else ""
                what = f"the key {dotted((*path, name))} is there twice{before}"
                self.mistakes.append((self._place(key), what))
                continue
            first[name] = key
            data[name] = self.value(item, (*path, name))
            self.places[(*path, name)] = self._place(key)
        for key, item in merged:
            self._merge(key, item, path, data)
        return data

    def _merge(self, key: yaml.Node, node: yaml.Node, path: Path, data: dict[str, Any]) -> None:
        """Adds what `<<` names to `data`, but for keys that are there: own ones, and earlier ones.

        A key stands where it was written first.
        """
        items = node.value if isinstance(node, yaml.SequenceNode) else [node]
        for item in items:
            if not isinstance(item, yaml.MappingNode):
                raise self._error(key, "<< must name a mapping, as in <<: *base, or a list of them")
            places, self.places = self.places, {}
            found = self.value(item, path)
            places, self.places = self.places, places
            for place, text in places.items():
                if len(place) > len(path) and place[len(path)] not in data:
                    self.places.setdefault(place, text)
            data.update({name: value for name, value in found.items() if name not in data})

    def _place(self, node: yaml.Node) -> str:
        return f"{self._name}:{node.start_mark.line + 1}" if self._lines else self._name

    def _error(self, node: yaml.Node, message: str) -> SweeperError:
        return SweeperError(f"{self._place(node)}: {message}")


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


def _at(name: str, error: yaml.MarkedYAMLError, lines: bool) -> str:
    mark = error.problem_mark or error.context_mark
    return f"{name}:{mark.line + 1}" if lines and mark is not None else name


def _problem(error: yaml.MarkedYAMLError) -> str:
    problem = cut((error.problem or error.context or "").replace("\n", " "), _LONGEST)
    if problem.startswith("tags are refused"):
        return problem
    if "single document" in (error.context or ""):
        return "a file holds one YAML document, but here a second one starts"
    context = f" ({error.context})" if error.context and error.problem else ""
    if problem.endswith("but got '{'") and "flow sequence" in context:
        context += "; in a list quote a text that has braces in it: '--lr={lr}'"
    return f"this is not valid YAML: {problem}{context}"


def _unreadable(path: FilePath, error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        siblings = sorted(str(file) for file in path.parent.glob("*.y*ml"))
        return f"{path}: there is no such file{choices(str(path), siblings) if siblings else ''}"
    if isinstance(error, IsADirectoryError):
        inside = sorted(str(file) for file in path.glob("*.y*ml"))
        listed = f"; YAML files in it: {', '.join(inside)}" if inside else ""
        return f"{path} is a folder, not a YAML file{listed}"
    return f"{path} cannot be read: {getattr(error, 'strerror', None) or error}"
