"""The text of a space: keys in the order of the space language, with comments, as people write."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sweeper.errors import Path
from sweeper.schema.rules import meant_flag
from sweeper.schema.yaml_text import scalar
from sweeper.space.overrides import KEYS

_WIDTH = 100
_BLOCKS = ("axes", "blocks", "derived", "tasks", "scales")
"""Keys whose entries stand on lines of their own."""

_PLAIN = re.compile(r"(?:[A-Za-z_./+~]|--?(?=[A-Za-z]))(?:[\w./+*()=@ -]|:(?=\w))*")
_ESCAPED = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]")
"""What JSON leaves as it is and YAML does not take, or takes for the end of a line."""


def text(
    keys: Mapping[str, Any], remarks: Mapping[Path, str], head: Iterable[str] = ()
) -> Iterator[str]:
    """The lines of a space with `keys`, a remark behind each of those paths, and `head` above."""
    yield from (f"# {line}".rstrip() for line in head)
    for key in (*KEYS, "scales"):
        if key in keys:
            yield from _entry((key,), keys[key], remarks)


def flow(value: Any) -> str:
    """A value in one line, `{kind: float, low: 1e-5}`, which reads back as the same."""
    if isinstance(value, dict):
        return f"{{{', '.join(f'{flow(str(key))}: {flow(one)}' for key, one in value.items())}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(flow, value))}]"
    if isinstance(value, float):
        return re.sub(r"e([-+])0+", r"e\1", repr(value))
    return _scalar(value) if isinstance(value, str) else json.dumps(value)


def braced(text: str) -> str:
    """Text as a word of a command has it: braces stand twice."""
    return text.replace("{", "{{").replace("}", "}}")


def _scalar(value: str) -> str:
    plain = _PLAIN.fullmatch(value) and not value.endswith(" ") and scalar(value) is value
    if plain and not meant_flag(value):  # other readers take `on` for true
        return value
    if value.isprintable() and set(value) & set('"\\'):
        return f"'{value.replace(chr(39), 2 * chr(39))}'"
    quoted = json.dumps(value, ensure_ascii=False)
    return _ESCAPED.sub(lambda found: f"\\u{ord(found[0]):04x}", quoted)


def _entry(path: Path, value: Any, remarks: Mapping[Path, str]) -> Iterator[str]:
    """The lines of the value at `path`: one, or one for each of its parts."""
    indent, key = "  " * (len(path) - 1), flow(str(path[-1]))
    line, inside = f"{indent}{key}: {flow(value)}", isinstance(value, dict) and value
    told = any(len(other) > len(path) and other[: len(path)] == path for other in remarks)
    parts: Iterable[str] = ()
    if inside and (told or len(line) > _WIDTH or (len(path) == 1 and key in _BLOCKS)):
        line = f"{indent}{key}:"
        parts = (one for name in value for one in _entry((*path, name), value[name], remarks))
    elif isinstance(value, list | tuple) and value and len(line) > _WIDTH:
        line = f"{indent}{key}:"
        parts = (f"{indent}  - {flow(one)}" for one in value)
    remark = f"  # {remarks[path]}" if path in remarks else ""
    if len(line) + len(remark) > _WIDTH and remark:
        yield f"{indent}{remark.strip()}"
        remark = ""
    yield f"{line}{remark}"
    yield from parts
