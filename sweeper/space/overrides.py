"""Overrides of a space by `key=value` words and by scales, applied before it is checked."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, get_origin

from sweeper.errors import (
    Invalid,
    Mistakes,
    Path,
    SweeperError,
    choices,
    cut,
    did_you_mean,
    listed,
    shown,
)
from sweeper.schema.document import Document
from sweeper.schema.rules import no_flag
from sweeper.schema.yaml_text import parse
from sweeper.space.space import Space, keys

KEYS = keys(lambda key: key.given)
"""The keys of a space that a word may change; `scales` is not one of them."""

_OPEN = tuple(name for name in KEYS if get_origin(Space.model_fields[name].annotation) is dict)
"""The keys whose mappings hold names of the user's, which may have dots in them."""

MERGED = (
    "fixed",
    "axes",
    "blocks",
    "derived",
    "population",
    "tasks",
    "scales",
    "evaluation",
    "checkpoint",
    "limits",
)
"""The keys of which a space that extends another one may hold a part."""

_LONGEST = 80
"""The most characters of a word that places name."""

_MUCH = 0.75
"""So much alike are words that mean the same, where a parameter is called just like one of them."""

_LONGEST_KEY = 500
"""The most characters of a key that is looked for."""


@dataclass(frozen=True)
class Override:
    """A new value for the key at a dotted path, and where it was written."""

    key: str
    value: Any
    places: Mapping[Path, str] = field(default_factory=dict)
    """Places by path within the value; `()` is the override itself."""


def parse_words(
    words: Iterable[str],
    options: Sequence[str],
    keys: Sequence[str] = KEYS,
    of_run: Iterable[str] = (),
    alone: str | None = None,
    meant: Callable[[str], str] = lambda _: "",
    again: Collection[str] = (),
) -> tuple[dict[str, str], list[Override]]:
    """Splits words into a command's options and overrides of the space.

    `keys` are the space's keys that the command takes: none for commands that read a study.
    A word of `of_run`, the options of `sweeper run`, is told apart from one that nobody knows.
    A word without `=` is the value of the option `alone`. `meant` tells of an unknown key which
    one may be meant, ` (did you mean fixed.optimizer.lr?)`. Options of `again` may be given
    more than once: commas then stand between what they say.
    """
    given: dict[str, str] = {}
    overrides: list[Override] = []
    seen: set[str] = set()
    for word in words:
        key, text = _split(word, [*options, *keys], alone)
        if key in seen and key in again and key in options:
            given[key] += f",{text}"
            continue
        if key in seen:
            raise SweeperError(f"{cut(key)}= is given twice; give it once")
        seen.add(key)
        if key in options:
            given[key] = text
        elif key.split(".")[0] in keys:
            overrides.append(_override(key, text))
        else:
            if key in of_run:
                valid = ", ".join(options)
                raise SweeperError(
                    f"{key}= is an option of `sweeper run` only; valid here: {valid}"
                )
            what = "option or key of the space" if keys else "option"
            names = [*options, *keys]
            near, hint = did_you_mean(key, names), meant(key)
            hint = near if f"fixed.{key}?" in hint and _much_like(key, names) else hint
            known = f"{hint or near}; valid: {listed(key, names)}"
            raise SweeperError(f"unknown {what} {shown(key)}{known}")
    return given, overrides


def _much_like(key: str, names: Sequence[str]) -> bool:
    """Whether a key is one of `names` but for a letter or two, as `step` is `steps`."""
    return bool(difflib.get_close_matches(key, names, n=1, cutoff=_MUCH))


def scale_overrides(document: Document, scale: str) -> list[Override]:
    """The overrides that make up `scale`, which `Document.data["scales"]` must hold."""
    here: Path = ("scales", scale)
    values = document.data["scales"][scale]
    if values is None:
        return []
    if not isinstance(values, dict):
        rule = "must be a mapping of keys to values"
        raise Invalid(f"{rule}, but got {shown(values)}", here)
    mistakes = Mistakes()
    for key in values:
        if key.split(".")[0] not in KEYS:
            mistakes.add(Invalid(f"is no key of a space{choices(key, KEYS)}", (*here, key)))
    mistakes.check()
    return [Override(key, values[key], _places(document, (*here, key))) for key in values]


def apply(document: Document, override: Override) -> None:
    """Replaces the value at the override's path, in place; null takes the key away."""
    words = override.key.split(".")
    try:
        if len(override.key) > _LONGEST_KEY:
            raise LookupError(f"there is no {cut(override.key)} in the space")
        path = _locate(document.data, words, _is_axis(override.value))
        _check_task(document.data, path, override.value)
    except LookupError as error:
        raise SweeperError(f"{override.places.get((), override.key)}: {error}") from None
    target = document.data
    for part in path[:-1]:
        if target.get(part) is None:
            target[part] = {}
        target = target[part]
    if override.value is None:
        target.pop(path[-1], None)
    else:
        target[path[-1]] = override.value
    _forget(document, path)
    for place, text in override.places.items():
        document.places[(*path, *place)] = text


def _check_task(data: Mapping[str, Any], path: list[str], value: Any) -> None:
    """Raises `LookupError` for a parameter on a task that the space does not have."""
    tasks = list(_inside(data, ["tasks"]))
    of_a_task = path[0] == "by_task" and len(path) == 2 and tasks and path[1] not in tasks
    if of_a_task and value is not None and not isinstance(value, dict):
        near = choices(path[1].split(".")[0], tasks)
        raise LookupError(f"{shown(path[1])} begins with no task of the space{near}")


def touches(changed: str, key: str) -> bool:
    """Whether a new value at the dotted path `changed` is one of `key`, of a part or of a whole."""
    return f"{changed}.".startswith(f"{key}.") or f"{key}.".startswith(f"{changed}.")


def value_at(data: Mapping[str, Any], key: str) -> Any:
    """The value at a dotted path of a space's data; `None` where there is none."""
    try:
        path = _locate(data, key.split("."), axis=False)
    except LookupError:
        return None
    value: Any = data
    for part in path:
        value = value.get(part) if isinstance(value, dict) else None
    return value


def truth(name: str, options: Mapping[str, str]) -> bool:
    """Whether the option `name` is true; not given it is false."""
    text = options.get(name, "false")
    if text not in ("true", "false"):
        raise SweeperError(f"{name} {no_flag(text)}")
    return text == "true"


def _split(word: str, valid: Sequence[str], alone: str | None) -> tuple[str, str]:
    key, equals, text = word.partition("=")
    if not equals and alone is not None and word.strip() and key not in valid:
        return alone, word
    if not equals:
        hint = f"; {cut(key)}=… sets it" if key in valid else did_you_mean(key, valid)
        raise SweeperError(f"words are key=value, but {shown(word)} has no '='{hint}")
    if not key or not all(key.split(".")):
        raise SweeperError(
            f"words are key=value, but {shown(word)} has no whole key before the '='"
        )
    if not text.strip():
        raise SweeperError(f"{cut(key)}= needs a value")
    return key, text


def _override(key: str, text: str) -> Override:
    place = f"{key}={' '.join(text.split())}"
    place = place if len(place) <= _LONGEST else f"{place[: _LONGEST - 1]}…"
    value, _ = parse(text, place, lines=False)
    return Override(key, value, {(): place})


def _places(document: Document, prefix: Path) -> dict[Path, str]:
    length = len(prefix)
    return {
        path[length:]: place for path, place in document.places.items() if path[:length] == prefix
    }


def _is_axis(value: Any) -> bool:
    return isinstance(value, dict) and "kind" in value


def _locate(data: Any, words: list[str], axis: bool) -> list[str]:
    """The keys that lead to the dotted path; at each level the longest key that is there wins.

    With `axis` the value is a whole axis: a new one where what is there is none of its keys.
    """
    key, rest = words[0], words[1:]
    if not rest:
        return [key]
    below = _below(_inside(data, [key]), rest, [key])
    if key == "axes" and axis and ".".join(rest) not in _inside(data, [key]):
        inside = below is not None and below[1:] and below[1].split(".")[0] == "values"
        below = below if inside else None
    if below is not None:
        return [key, *below]
    if key == "by_task":
        for size in range(len(rest) - 1, 0, -1):
            if ".".join(rest[:size]) in _inside(data, ["tasks"]):
                return [key, ".".join(rest[:size]), ".".join(rest[size:])]
    if key in _OPEN or len(rest) == 1:
        return [key, ".".join(rest)]
    raise LookupError(f"there is no {'.'.join(words)} in the space")


def _below(data: Mapping[str, Any], words: list[str], path: list[str]) -> list[str] | None:
    for size in range(len(words), 0, -1):
        key = ".".join(words[:size])
        if key not in data:
            continue
        if size == len(words):
            return [key]
        if path == ["fixed"] and not isinstance(data[key], dict):
            continue  # a parameter whose name goes on after that of another one
        inside = _inside(data, [*path, key])
        below = _below(inside, words[size:], [*path, key])
        return [key, *(below or _new(words[size:], [*path, key]))]
    return None


def _new(words: list[str], path: list[str]) -> list[str]:
    """The path below `path` of a key that is not there yet; some keys are mappings of their own."""
    of_block = path[0] == "blocks" and len(path) == 2 and words[0] in _OPEN
    if len(words) > 1 and (words[0] == "when" or of_block):
        return [words[0], ".".join(words[1:])]
    return [".".join(words)]


def _inside(data: Mapping[str, Any], path: list[str]) -> Mapping[str, Any]:
    value = data.get(path[-1])
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise LookupError(f"{'.'.join(path)} is {shown(value)}, not a mapping, so it has no keys")
    return value


def _forget(document: Document, path: Sequence[str]) -> None:
    length = len(path)
    gone = [known for known in document.places if list(known[:length]) == list(path)]
    for known in gone:
        del document.places[known]
