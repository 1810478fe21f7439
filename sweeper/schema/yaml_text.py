"""The text of a YAML file as plain data, with the place at which each value was written.

Scalars follow YAML 1.2 (`1e-4` is a number; `off`, `no`, `yes`, `on` are text), but `100_000` is a
number, and `<<: *base` merges mappings. Tags, duplicate keys, several documents and aliases that
expand without bound are refused.
"""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Callable
from typing import Any

import yaml

from sweeper.errors import Path, SweeperError, cut, dotted

MAX_VALUES = 100_000
MAX_DEPTH = 50

_LONGEST = 120
"""The most characters of what PyYAML says."""

_INTEGER = re.compile(r"[-+]?[0-9]+(_[0-9]+)*")
_OTHER_BASE = re.compile(r"0x[0-9a-fA-F]+|0o[0-7]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(_[0-9]+)*(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
NUMBER = f"({_FLOAT.pattern}|{_OTHER_BASE.pattern})"
"""The pattern of all numbers but infinity."""

_INFINITY = re.compile(r"([-+]?)\.(inf|Inf|INF)")
_READ_OTHERWISE = re.compile(r"[!\t\r\ufeff\x85\u2028\u2029]|[|>][-+0-9]*#")
"""What libyaml reads otherwise than PyYAML: tags, tabs, other ends of lines, `|#`."""
_MERGE = "<<"
_PLAIN_TAGS = {**dict.fromkeys(("!!float", "!!int", "!!bool", "!!null"), "{}"), "!!str": "'{}'"}
"""How values of those tags are written without them."""

_WORDS = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
}


def parse(
    text: str,
    name: str,
    *,
    lines: bool = True,
    mistakes: list[tuple[str, str]] | None = None,
    word: Callable[[str], Any] | None = None,
) -> tuple[Any, dict[Path, str]]:
    """The data of `text` and the place of every path in it; without `lines` all are `name`.

    Keys that are there twice are added to `mistakes`, where that is given, and else raised. `word`
    reads what stands without quotes, where that is not YAML 1.2.
    """
    try:
        node, tags = _composed(text)
        walk = _Walk(name, lines, word or scalar)
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


@functools.lru_cache(maxsize=4)
def _composed(text: str) -> tuple[yaml.Node | None, tuple[yaml.MarkedYAMLError, ...]]:
    """The node of a text, without its tags, and an error for each of these.

    Nobody changes a node: a file that is read at several scales is composed once. By libyaml, in
    an eighth of the time, where it is there and reads a text alike: tags and mistakes are told by
    PyYAML's own parser.
    """
    if hasattr(yaml, "CSafeLoader") and _READ_OTHERWISE.search(text) is None:
        try:
            return yaml.compose(text, _fast_loader()), ()
        except (yaml.YAMLError, UnicodeError, RecursionError):
            pass
    loader = _Loader(text)
    try:
        return loader.get_single_node(), tuple(loader.tags)
    finally:
        loader.dispose()


@functools.cache
def _fast_loader() -> Any:
    class Loader(yaml.CSafeLoader):
        """Composes nodes by libyaml, and resolves nothing."""

        yaml_implicit_resolvers: dict[Any, Any] = {}  # noqa: RUF012 (PyYAML's own declaration)

    return Loader


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

    def __init__(self, name: str, lines: bool, word: Callable[[str], Any]) -> None:
        self.places: dict[Path, str] = {}
        self._name = name
        self._lines = lines
        self._word = word
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
            return node.value if node.style else self._word(node.value)
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
            if name == _MERGE and not key.style:
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
