"""Files of spaces, good and bad: what there is, and changes of it that are made of the models.

A new key of a space, of a section or of an axis is tried by itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

from sweeper import lookup
from sweeper.errors import Invalid, SweeperError
from sweeper.schema import document as documents
from sweeper.schema.yaml_text import parse
from sweeper.space import reference
from sweeper.space.axes import AxisModel
from sweeper.space.blocks.block import Block
from sweeper.space.overrides import KEYS, apply, scale_overrides
from sweeper.space.sections import Objective, Task
from sweeper.space.space import Space
from tests.helpers import rich_space, spaces
from tests.helpers.paths import ROOT

BASE = {
    "study": "demo",
    "agent": "dqn",
    "axes": {"gamma": {"kind": "float", "values": [0.9]}},
    "tasks": {"minatar/breakout": {"low": 0, "high": 1}},
    "seeds": 1,
    "steps": 100,
    "evaluation": {"every": 50, "episodes": 1},
    "score": {"metric": "return"},
}

NEEDED: dict[str, Any] = {"population": {"size": 4, "every": 50}}
"""Sections that `BASE` has none of and that need keys."""

PROBES: list[Any] = [
    *(3, -1, 0, 1.5, 1e300, True, None, "text", "", " ", "1e3", "100_000", "none", "x.py:Name"),
    *([], [1], ["a", "b"], [[1, 2]], [None], [{}], {}, {"a": 1}, {"a": None}, {"a": {"b": "c"}}),
]
"""Values of all kinds, each of which is tried in the place of each key."""

KINDS = {
    name: lookup.find("sweeper.space.axes", name) for name in lookup.names("sweeper.space.axes")
}


def example(kind: str) -> dict[str, Any]:
    """The axis that the docstring of a kind shows."""
    (text,) = re.findall(r"`[\w.]+: ({kind: .*})`", KINDS[kind].__doc__)
    return parse(text, "example")[0]


def places() -> Iterator[tuple[str, dict[str, Any], tuple[str | int, ...], list[str]]]:
    """Each place of a file that has known keys: its name, a file, its path and these keys."""
    yield "space", BASE, (), [*KEYS, "scales", "extends"]
    yield "task", BASE, ("tasks", "minatar/breakout"), [*Task.model_fields]
    for name, model in reference.sections().items():
        yield name, {name: NEEDED.get(name, {})} | BASE, (name,), [*model.model_fields]
    several = {"score": [{"metric": "return"}, {"metric": "loss"}]}
    yield "score[1]", BASE | several, ("score", 1), [*Objective.model_fields]
    yield "block", BASE | {"blocks": {"one": {}}}, ("blocks", "one"), [*Block.model_fields]
    yield "blocks[0]", BASE | {"blocks": [{}]}, ("blocks", 0), ["name", *Block.model_fields]
    for kind, model in KINDS.items():
        axes = {"axes": {"body": example(kind)}}
        yield kind, BASE | axes, ("axes", "body"), [*model.model_fields]
    layers = {"axes": {"sn.layers": {"kind": "layers", "all_subsets": {"max": 1}}}}
    yield "all_subsets", BASE | layers, ("axes", "sn.layers", "all_subsets"), ["max"]
    for kind in ("flota", "x.py:Axis"):
        axes = {"axes": {"body": {"kind": kind}}}
        yield kind, BASE | axes, ("axes", "body"), [*AxisModel.model_fields]
    scaled = BASE | NEEDED | {"scales": {"laptop": {}}}
    dotted = [
        f"{name}.{key}"
        for name, model in reference.sections().items()
        for key in model.model_fields
    ]
    yield "scale", scaled, ("scales", "laptop"), [*KEYS, *dotted, "fixed.a", "by_task.a.b"]


def changed(file: dict[str, Any], path: tuple[str | int, ...], key: str, value: Any) -> Any:
    """The file with another value of a key at a path, or without that key."""
    found = deepcopy(file)
    inside: Any = found
    for part in path:
        inside = inside[part]
    inside[key] = value
    return found


THIN = 8
"""Of the values one of so many is tried in the place of a key, others for the next key."""


def changes() -> Iterator[tuple[str, dict[str, Any]]]:
    """Files in which one key at one place is changed, unknown or missing."""
    for count, (place, file, path, keys) in enumerate(places()):
        for number, key in enumerate(keys):
            for probe in PROBES[(count + number) % THIN :: THIN]:
                yield f"{place}: {key}: {probe}", changed(file, path, key, probe)
        yield f"{place}: unknown", changed(file, path, "nonsense", 3)
        inside: Any = file
        for part in path:
            inside = inside[part]
        for key in list(inside) if place != "scale" else []:
            missing = deepcopy(file)
            there: Any = missing
            for part in path:
                there = there[part]
            del there[key]
            yield f"{place}: no {key}", missing


def examples() -> Iterator[tuple[str, dict[str, Any]]]:
    """The base file with each example that stands in the text of a key."""
    for place, file, path, keys in places():
        models = {"space": Space, "task": Task, "block": Block, **reference.sections(), **KINDS}
        texts = reference.meanings(models[place]) if place in models else {}
        for key in keys:
            for text in re.findall(rf"`({key}: [^`]+)`", texts.get(key, "")):
                value = parse(" ".join(text.split()), "example")[0][key]
                yield f"{place}: {text}", changed(file, path, key, value)


def pages() -> Iterator[tuple[str, dict[str, Any]]]:
    """Whole spaces in the documentation."""
    for page in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]:
        for block in re.findall(
            r"^```yaml\n(.*?)^```$", page.read_text(), re.DOTALL | re.MULTILINE
        ):
            data = parse(block, page.name)[0]
            if isinstance(data, dict) and "study" in data:
                yield f"{page.name}: {data['study']}", data


def shipped() -> Iterator[tuple[str, dict[str, Any]]]:
    """Spaces in files, whole and as each of their scales leaves them."""
    files = [*(ROOT / "spaces").glob("*.yaml"), *(ROOT / "tests" / "data").rglob("*.yaml")]
    for path in sorted(files):
        try:
            document = documents.read(path, later=True)
        except SweeperError:
            continue  # a cluster's profile, or no YAML at all
        if "study" not in document.data:
            continue
        data = document.data
        yield path.name, deepcopy(data)
        scales = data.get("scales")
        for scale in scales if isinstance(scales, dict) else ():
            alone = documents.Document(path.name, deepcopy(data))
            try:
                for override in scale_overrides(alone, scale):
                    apply(alone, override)
            except (SweeperError, Invalid):
                continue
            yield f"{path.name} {scale}", {**alone.data, "scales": None}


def spread() -> Iterator[tuple[str, dict[str, Any]]]:
    """Files that leave out what their scales give, all or some of them, or the file they extend."""
    for name, value in BASE.items():
        rest = {key: given for key, given in BASE.items() if key != name}
        for smoke in ({name: value}, {name: None}, {}):
            scales = {"laptop": {name: value}, "smoke": smoke}
            yield f"{name} in scales, smoke {smoke}", {**rest, "scales": scales}
        yield f"{name} elsewhere", {**rest, "extends": "base.yaml"}
        yield f"{name} is null here", {**BASE, name: None, "extends": "base.yaml"}
        if isinstance(value, dict):
            for inner, item in value.items():
                part = {key: given for key, given in value.items() if key != inner}
                for smoke in ({f"{name}.{inner}": item}, {}):
                    scales = {"laptop": {f"{name}.{inner}": item}, "smoke": smoke}
                    yield f"{name}.{inner}, {smoke}", {**rest, name: part, "scales": scales}
                yield f"{name}.{inner} elsewhere", {**rest, name: part, "extends": "base.yaml"}
    for axis in (None, {"count": 5}, {"values": [0.8]}, {"kind": "float"}, {"kind": "int"}, 3):
        yield f"part of an axis: {axis}", {"extends": "base.yaml", "axes": {"gamma": axis}}
    for task in (None, {"low": -1}, {"low": None}, {"lo": 1}, 3):
        yield (
            f"part of a task: {task}",
            {"extends": "base.yaml", "tasks": {"minatar/breakout": task}},
        )


def files() -> Iterator[tuple[str, dict[str, Any]]]:
    """All files."""
    yield from shipped()
    yield from pages()
    yield "rich", rich_space.KEYS
    yield "spaces", parse(spaces.SPACE, "spaces")[0]
    yield from examples()
    yield from spread()
    yield from changes()
