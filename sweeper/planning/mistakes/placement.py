"""Where in a space a key belongs that stands where nobody knows it, as `lr` beside `fixed`."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import suppress
from pathlib import Path as FilePath
from typing import Any, get_args

from sweeper import lookup
from sweeper.errors import Invalid, Path, SweeperError, closest, cut, habit
from sweeper.files import bundled
from sweeper.schema import document as documents
from sweeper.schema.base_model import Section
from sweeper.space.overrides import KEYS
from sweeper.space.sections import Task
from sweeper.space.space import Space, keys
from sweeper.text import few
from sweeper.trainable.contract import Trainable

_UNKNOWN = re.compile(r"is an unknown key|is no key of a space|is no parameter of [^(;]*[^ (;]")
_AGENTS = "agents.learners"
_NEAR = re.compile(r" \(did you mean .*?\?\)")


def placed(error: Invalid, data: Mapping[str, Any], trainable: Trainable | None) -> Invalid:
    """The mistake; about an unknown key it names the place where such a key is known."""
    found = _UNKNOWN.match(error.message)
    path = _of_parameter(error.path) if found and "parameter" in found[0] else error.path
    if found is None or not path or not isinstance(path[-1], str):
        return error
    rest = error.message[found.end() :]
    near = _NEAR.match(rest)
    if near is not None and len(path) > 1 and f"'{path[-1]}" in near[0]:
        return error  # `every` where there is `every_s`
    if habit(path[-1], rest.partition("; valid: ")[2].split(", ")):
        return error
    hint = meant(path[-1], path[:-1], data, trainable)
    if not hint and "parameter" in found[0]:
        hint = _of_others(path[-1])
    if not hint:
        return error
    message = found[0] + hint + (rest[near.end() :] if near else rest)
    return Invalid(message, error.path)


def _of_others(name: str) -> str:
    """`, but of td3 and sac` for a parameter of other agents that ship."""
    shipped = {agent: lookup.find(_AGENTS, agent) for agent in lookup.names(_AGENTS)}
    having = [agent for agent, one in shipped.items() if name in one.parameters]
    return f", but of {few(having)}" if having else ""


def _of_parameter(path: Path) -> Path:
    """The path of the name of a parameter that a mistake is about: not of one of its values."""
    for place, part in enumerate(path[:-1]):
        if part in ("axes", "fixed"):
            return path[: place + 2]
    return path


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
    if here and key in KEYS:
        if here[0] == "by_task" and key in Task.model_fields:
            yield f"tasks.{cut(here[1])}.{key}"
        yield f"{key}, a key of the space itself"
        return
    names = trainable.parameters if trainable is not None else {}
    axes = data.get("axes")
    axes = {name: 0 for name in (axes if isinstance(axes, dict) else ()) if _sets(name, names)}
    for section, name in _SECTIONS:
        full = f"{section}.{name}"
        if not here and key == full:
            yield f"{section}: {{{name}: …}}"
            return
        if (section,) != here and key in (name, full):
            yield full
    inside = data.get(key) if not here else None
    if isinstance(inside, dict):
        whole = [f"{key}.{below}" for below in inside]
        yield from (f"fixed.{name}" for name in whole if name in names)
        return
    for axis in axes if here not in (("axes",), (*here[:1], *here[1:2], "axes")) else ():
        if key == axis or axis.endswith(f".{key}"):
            yield f"axes.{cut(axis)}.values, or fixed.{cut(axis)} without that axis"
        elif key.startswith(f"{axis}."):
            yield f"axes.{cut(key)}"
    holds = _parameters_at(here)
    known = holds == ".".join(map(str, here))
    for name in names:
        taken = name in axes and holds in ("axes", "fixed")
        if not taken and (name.endswith(f".{key}") or (name == key and not known)):
            yield f"{holds}.{name}"
    free = takes_any(data) and not here and closest(key, KEYS) is None
    if free and not axes.keys() & {key, key.split(".")[0]}:
        yield f"fixed.{cut(key)}"


def _parameters_at(here: Path) -> str:
    """The mapping of parameters that is nearest to `here`: of its task or block, or of all."""
    whole = ".".join(map(str, here))
    if here in (("axes",), ("fixed",)) or here[:1] == ("by_task",):
        return whole
    if here[:1] == ("tasks",) and len(here) > 1:
        return f"by_task.{here[1]}"
    if here[:1] == ("blocks",) and len(here) > 1:
        return whole if here[2:3] in (("axes",), ("fixed",)) else f"{whole}.fixed"
    return "fixed"


def _sets(axis: str, names: Collection[str]) -> bool:
    """Whether an axis may set a parameter of those that there are; any where none is named."""
    return not names or any(name == axis or name.startswith(f"{axis}.") for name in names)


def _sections() -> Iterator[tuple[str, str]]:
    """Each section with known keys and each of these."""
    by_name = keys(lambda key: key.by_name)
    for section in KEYS:
        annotation = Space.model_fields[section].annotation
        for model in (annotation, *get_args(annotation)):
            if isinstance(model, type) and issubclass(model, Section) and section not in by_name:
                yield from ((section, name) for name in model.model_fields)


_SECTIONS = tuple(_sections())


def takes_any(data: Mapping[str, Any]) -> bool:
    """Whether what is trained takes parameters of any name."""
    return any(data.get(key) is not None for key in ("function", "command"))


def _trainable(data: Mapping[str, Any], path: FilePath | None) -> Trainable | None:
    agent = data.get("agent")
    if isinstance(agent, str) and path is not None:
        with suppress(SweeperError):
            found: Trainable = lookup.find(_AGENTS, agent, path.parent)
            return found
    return None
