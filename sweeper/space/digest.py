"""Which keys of a space change results: the digest over them, and how two spaces differ."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from sweeper.space.space import Space
from sweeper.text import canonical


def digest(space: Space) -> str:
    """SHA-256 over what changes results: not figures, names, limits or checkpoints."""
    essential = json.dumps(essentials(space), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(essential.encode()).hexdigest()


def differences(old: Space, new: Space) -> dict[str, str]:
    """A line for each thing that changes results and is another in `new`, by its key."""
    before, after = flat(old), flat(new)
    return {
        key: f"{key}: {before.get(key, 'nothing')} there, {after.get(key, 'nothing')} now"
        for key in dict.fromkeys([*before, *after])
        if before.get(key) != after.get(key) and not _follows(key, before, after)
    }


def essentials(space: Space) -> dict[str, Any]:
    """What the digest covers, in canonical text."""
    return {
        "trains": space.identity,
        "fixed": {name: canonical(value) for name, value in space.fixed.items()},
        "axes": [[name, _essential(space, name)] for name in space.axes],
        "tasks": {name: [task.low, task.high] for name, task in space.tasks.items()},
        "seeds": list(space.seeds),
        "steps": space.steps,
        "evaluation": space.evaluation.model_dump() if space.evaluation else None,
        "score": _without_empty(space.score.model_dump()),
        "direction": space.direction,
        "sampler": space.sampler.name,
        **_without_empty(
            {
                "arguments": space.sampler.options,
                "trials": space.trials,
                "pruner": space.pruner and space.pruner.model_dump(),
            }
        ),
        **_relations(space),
    }


def flat(space: Space) -> dict[str, str]:
    """One text for each of the essentials, by its key."""
    flat: dict[str, str] = {}
    for key, value in essentials(space).items():
        if key == "axes":
            for name, points in value:
                flat[f"axes.{name}"] = canonical([label for label, _ in points])
                flat[f"what axes.{name} sets"] = canonical([params for _, params in points])
        elif isinstance(value, dict):
            under = f"sampler.{space.sampler.name}" if key == "arguments" else key
            flat.update({f"{under}.{inner}": canonical(item) for inner, item in value.items()})
        else:
            flat[key] = canonical(value)
    return flat


def _essential(space: Space, name: str) -> list[list[str]]:
    """Label and parameters of each point of an axis; or the range that a sampler draws from."""
    axis = space.axes[name]
    if axis.ends is not None and space.sampler.name != "grid":
        keys = axis.model_dump(mode="json", exclude={"kind", "default", "when", "title"})
        return [[canonical(_without_empty(keys)), canonical({name: axis.kind})]]
    return [[canonical(point.label), canonical(dict(point.params))] for point in axis.points(name)]


def _relations(space: Space) -> dict[str, Any]:
    """What axes have to do with each other, where they have."""
    when = {name: axis.when for name, axis in space.axes.items() if axis.when}
    relations = {
        "when": {name: canonical(conditions) for name, conditions in when.items()},
        "zip": [list(group) for group in space.zip],
        "derived": dict(space.derived),
        "constraints": list(space.constraints),
        "invalid": space.invalid if space.invalid != "error" else None,
    }
    return {key: value for key, value in relations.items() if value}


def _without_empty(data: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in data.items() if value}


def _follows(key: str, before: Mapping[str, str], after: Mapping[str, str]) -> bool:
    """Whether what an axis sets differs because its values do, which is said already."""
    axis = key.removeprefix("what ").removesuffix(" sets")
    return axis != key and before.get(axis) != after.get(axis)
