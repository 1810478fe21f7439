"""The digest of all that changes a space's results, and the differences of two spaces."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from sweeper.errors import cut
from sweeper.space.blocks.parts import part
from sweeper.space.keys.population import searched_keys
from sweeper.space.samplers import Pruner
from sweeper.space.space import Space, keys
from sweeper.text import canonical

_LONGEST, _CONTEXT = 100, 30
"""The most characters of a value that a difference shows, and how many of them are equal."""

_LONG = 1001
"""Ranges of so many numbers, or of no certain number, are not written out."""


def digest(space: Space) -> str:
    """The SHA-256 of the keys that change results: equal for spaces that are one study."""
    essential = json.dumps(essentials(space), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(essential.encode()).hexdigest()


def differences(old: Space, new: Space) -> dict[str, str]:
    """One line for each difference of `new` from `old` that changes results, by its key."""
    before, after = essential_texts(old), essential_texts(new)
    return {
        key: f"{cut(key)}: {_told(before.get(key), after.get(key))}{_by_default(key, old, new)}"
        for key in dict.fromkeys([*before, *after])
        if before.get(key) != after.get(key) and not _follows(key, before, after)
    }


def _told(before: str | None, after: str | None) -> str:
    """Both values, or of long ones what stands where they begin to differ."""
    texts = [text or "nothing" for text in (before, after)]
    pairs = enumerate(zip(*texts, strict=False))
    equal = next((place for place, (one, other) in pairs if one != other), 0)
    start = max(0, equal - _CONTEXT)
    if max(map(len, texts)) > _LONGEST and start > 0:
        texts = [f"…{text[start:]}" for text in texts]
    there, now = (text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…" for text in texts)
    return f"{there} there, {now} now"


def essentials(space: Space) -> dict[str, Any]:
    """What the digest covers, in canonical text: every key of the space that changes results."""
    forms = _forms(space)
    found: dict[str, Any] = {}
    for form in forms.values():
        found |= form
    for name in keys(lambda key: key.results):
        if name not in forms:
            found |= _without_empty({name: space.model_dump(include={name})[name]})
    return found


def _configured(space: Space) -> dict[str, dict[str, Any]]:
    """What the digest holds of the keys that make configurations: with blocks, block by block."""
    if not space.blocks:
        return _of_configurations(space)
    held: dict[str, dict[str, Any]] = {name: {} for name in space.blocks}
    for name, own in held.items():
        for form in _of_configurations(part(space, name)).values():
            own |= form
    return {"axes": {"axes": []}, "blocks": {"blocks": held}}


def _of_configurations(space: Space) -> dict[str, dict[str, Any]]:
    when = {name: canonical(axis.when) for name, axis in space.axes.items() if axis.when}
    gridded = [name for name, axis in space.axes.items() if axis.grid]
    helpers = [name for name, axis in space.axes.items() if axis.helper]
    return {
        "fixed": {"fixed": {name: canonical(value) for name, value in _shared(space).items()}},
        "axes": {
            "axes": [[name, _essential(space, name)] for name in space.axes],
            **_without_empty({"gridded": gridded, "helpers": helpers}),
        },
        "when": _without_empty({"when": when}),
        "zip": _without_empty({"zip": [list(group) for group in space.zip]}),
        "derived": _without_empty({"derived": dict(space.derived)}),
        "constraints": _without_empty({"constraints": list(space.constraints)}),
    }


def _forms(space: Space) -> dict[str, dict[str, Any]]:
    """What the digest holds for each key, in a form that studies on disk rely on."""
    own = _configured(space)
    invalid = space.invalid if space.invalid != "error" else None
    return {
        "agent": {"trains": space.identity},
        "function": {},
        "command": {},
        **{key: own.get(key, {}) for key in ("fixed", "axes", "blocks")},
        "population": _without_empty({"population": _population(space)}),
        "tasks": {
            "tasks": {
                name: [task.low, task.high, *([task.steps] if task.steps else [])]
                for name, task in space.tasks.items()
            }
        },
        "seeds": {
            "seeds": list(space.seeds),
            **_without_empty({"seeds.rungs": list(space.rungs)}),
        },
        "steps": {"steps": space.steps},
        "evaluation": {"evaluation": space.evaluation.identity() if space.evaluation else None},
        "score": {"score": _without_empty(space.score.model_dump(exclude={"reference"}))},
        "direction": {"direction": space.direction},
        "sampler": {
            "sampler": space.sampler.told,
            **_without_empty({"arguments": space.sampler.options}),
        },
        "trials": _without_empty({"trials": space.trials}),
        "pruner": _without_empty({"pruner": space.pruner and _pruner(space.pruner)}),
        **{key: own.get(key, {}) for key in ("when", "zip", "derived", "constraints")},
        "invalid": _without_empty({"invalid": invalid}),
    }


def _pruner(pruner: Pruner) -> dict[str, Any]:
    """What the digest holds of a pruner: of one that promotes that, too."""
    return {**pruner.model_dump(exclude={"promote"}), **_without_empty({"promote": pruner.promote})}


def _population(space: Space) -> dict[str, Any] | None:
    """What the digest holds of a population: its rules, and what it searches."""
    if space.population is None:
        return None
    over = {name: searched_keys(axis) for name, axis in space.searched.items()}
    return {**space.population.model_dump(), "over": over}


def essential_texts(space: Space) -> dict[str, str]:
    """One text for each of the essentials, by its key."""
    texts: dict[str, str] = {}
    for key, value in essentials(space).items():
        if key == "axes":
            for name, points in value:
                texts[f"axes.{name}"] = canonical([label for label, _ in points])
                texts[f"what axes.{name} sets"] = canonical([params for _, params in points])
        elif isinstance(value, dict):
            under = f"sampler.{space.sampler.told}" if key == "arguments" else key
            texts.update({f"{under}.{inner}": canonical(item) for inner, item in value.items()})
        else:
            texts[key] = canonical(value)
    return texts


def _shared(space: Space) -> dict[str, Any]:
    """What `fixed` says, and the defaults of the parameters that no axis always sets."""
    always: set[str] = set()
    for name, axis in space.axes.items():
        if not axis.when:
            sets = [{name}] if axis.ends else [set(point.params) for point in axis.points(name)]
            always |= set.intersection(*sets)
    always |= {"population"} if space.searched else set()
    left = {name: value for name, value in space.defaults.items() if name not in always}
    return {**left, **space.fixed}


def _by_default(key: str, old: Space, new: Space) -> str:
    """Where the parameter under `fixed` that `key` names is left at its default."""
    sides = (("there", old), ("now", new))
    where = [side for side, space in sides if key.removeprefix("fixed.") in space.defaults]
    return f" (the default {' and '.join(where)})" if where else ""


def _essential(space: Space, name: str) -> list[list[str]]:
    """Label and parameters of each point of an axis; or the range that a sampler draws from.

    Of a short range by steps it is the points, which the digest has always held.
    """
    axis = space.axes[name]
    drawn = axis.ends is not None and space.sampler.name != "grid" and not axis.grid
    if drawn and (axis.size(name) or _LONG) >= _LONG:
        keys = axis.model_dump(mode="json", exclude={"kind", "default", "when", "title"})
        return [[canonical(_without_empty(keys)), canonical({name: axis.kind})]]
    return [[canonical(point.label), canonical(dict(point.params))] for point in axis.points(name)]


def _without_empty(data: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in data.items() if value}


def _follows(key: str, before: Mapping[str, str], after: Mapping[str, str]) -> bool:
    """Whether `key` is what an axis sets and its values differ too, which is a line of its own."""
    axis = key.removeprefix("what ").removesuffix(" sets")
    return axis != key and before.get(axis) != after.get(axis)
