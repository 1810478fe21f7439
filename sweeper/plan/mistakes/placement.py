"""Where in a space a key belongs that stands where nobody knows it, as `lr` beside `fixed`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path as FilePath
from typing import Any, get_args

from sweeper import lookup
from sweeper.errors import Invalid, Path, SweeperError, closest, cut
from sweeper.files import bundled
from sweeper.schema import document as documents
from sweeper.schema.base_model import Section
from sweeper.space.overrides import KEYS
from sweeper.space.space import Space, keys
from sweeper.trainable.contract import Trainable

_UNKNOWN = re.compile(r"is an unknown key|is no key of a space|is no parameter of [^(;]*[^ (;]")
_NEAR = re.compile(r" \(did you mean .*?\?\)")


def placed(error: Invalid, data: Mapping[str, Any], trainable: Trainable | None) -> Invalid:
    """The mistake; about an unknown key it names the place where such a key is known."""
    found = _UNKNOWN.match(error.message)
    path = error.path[:2] if error.path[:1] in (("axes",), ("fixed",)) else error.path
    if found is None or not path or not isinstance(path[-1], str):
        return error
    hint = meant(path[-1], path[:-1], data, trainable)
    rest = error.message[found.end() :]
    near = _NEAR.match(rest)
    if not hint:
        return error
    message = found[0] + hint + (rest[near.end() :] if near else rest)
    return Invalid(message, error.path)


def of_file(file: str) -> Callable[[str], str]:
    """From a key that no command knows to where it belongs in the space `file`."""

    def hint(key: str) -> str:
        with suppress(SweeperError, OSError, ValueError):
            path = bundled.find("spaces", file)
            data = documents.read(path).data if path is not None else {}
            return meant(key, (), data, _trainable(data, path))
        return ""

    return hint


def meant(key: str, here: Path, data: Mapping[str, Any], trainable: Trainable | None) -> str:
    """` (did you mean fixed.optimizer.lr?)` for a key at `here` that is known at another place."""
    found = list(dict.fromkeys(_places(key, here, data, trainable)))
    return f" (did you mean {' or '.join(found[:3])}?)" if found else ""


def _places(
    key: str, here: Path, data: Mapping[str, Any], trainable: Trainable | None
) -> Iterator[str]:
    axes = data.get("axes")
    axes = axes if isinstance(axes, dict) else {}
    if here and key in KEYS:
        yield f"{key}, a key of the space itself"
    for section, name in _SECTIONS:
        full = f"{section}.{name}"
        if (section,) != here and key in (name, full):
            yield full
    names = trainable.parameters if trainable is not None else {}
    inside = data.get(key) if not here else None
    if isinstance(inside, dict):
        whole = [f"{key}.{below}" for below in inside]
        yield from (f"fixed.{name}" for name in whole if name in names)
        return
    for axis in axes if here != ("axes",) else ():
        if key == axis or axis.endswith(f".{key}"):
            yield f"axes.{cut(axis)}.values, or fixed.{cut(axis)} without that axis"
        elif key.startswith(f"{axis}."):
            yield f"axes.{cut(key)}"
    known = here in (("axes",), ("fixed",))
    for name in names:
        if name not in axes and (name.endswith(f".{key}") or (name == key and not known)):
            yield f"{here[0] if known else 'fixed'}.{name}"
    free = _takes_any(data) and not here and closest(key, KEYS) is None
    if free and not axes.keys() & {key, key.split(".")[0]}:
        yield f"fixed.{cut(key)}"


def _sections() -> Iterator[tuple[str, str]]:
    """Each section with known keys and each of these."""
    by_name = keys(lambda key: key.by_name)
    for section in KEYS:
        annotation = Space.model_fields[section].annotation
        for model in (annotation, *get_args(annotation)):
            if isinstance(model, type) and issubclass(model, Section) and section not in by_name:
                yield from ((section, name) for name in model.model_fields)


_SECTIONS = tuple(_sections())


def _takes_any(data: Mapping[str, Any]) -> bool:
    """Whether what is trained takes parameters of any name."""
    return any(data.get(key) is not None for key in ("function", "command"))


def _trainable(data: Mapping[str, Any], path: FilePath | None) -> Trainable | None:
    agent = data.get("agent")
    if isinstance(agent, str) and path is not None:
        with suppress(SweeperError):
            found: Trainable = lookup.find("agents.learners", agent, path.parent)
            return found
    return None
