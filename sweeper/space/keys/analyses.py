"""The keys of a space that is an analysis: all else is that of the study whose runs it is of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from sweeper.errors import Invalid, Mistakes
from sweeper.space.space import keys

_OWN = (
    *("study", "reference", "note", "analysis", "of", "fixed", "score", "direction", "figures"),
    *("claims", "checkpoint", "limits"),
)
"""The keys that an analysis has itself."""


def is_one(data: Mapping[str, Any]) -> bool:
    """Whether the data of a space is that of an analysis."""
    return data.get("analysis") is not None or data.get("of") is not None


def completed(
    data: Mapping[str, Any],
    folder: Path,
    made: Callable[[Mapping[str, Any], Path], dict[str, Any]] | None,
) -> dict[str, Any]:
    """The data of an analysis with what `made` makes of it; raises `Invalid` for its keys."""
    check(data)
    if made is None:
        raise Invalid("needs the study that it is of, which only a command finds", ("analysis",))
    return made(data, folder)


def check(data: Mapping[str, Any]) -> None:
    """Raises `Invalid` for keys that an analysis cannot have, or lacks."""
    mistakes = Mistakes()
    if data.get("analysis") is None:
        mistakes.add(Invalid("needs the key 'analysis', as in analysis: smoothness", ("of",)))
    elif data.get("of") is None:
        of = "needs the key 'of', the study whose runs it is of, as in of: minatar_model_size"
        mistakes.add(Invalid(of))
    for key in ("analysis", "of"):
        if not isinstance(data.get(key) or "", str):
            mistakes.add(Invalid("must be text, a name", (key,)))
    if not isinstance(data.get("fixed") or {}, dict):
        mistakes.add(Invalid("must be a mapping, as in fixed: {states: 1000}", ("fixed",)))
    if not isinstance(data.get("limits") or {}, dict):
        mistakes.add(Invalid("must be a mapping, as in limits: {hours: 8}", ("limits",)))
    for key in keys(lambda key: key.given):
        if key not in _OWN and data.get(key) is not None:
            rule = "must go, as the space is an analysis: it has that of the study that it is of"
            mistakes.add(Invalid(rule, (key,)))
    mistakes.check()


def stand_in(data: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """The data of an analysis whose study nobody looks for, with something for what it needs."""
    tasks = {"unknown": {"low": 0, "high": 1}}
    return {**data, "agent": "dqn", "tasks": tasks, "seeds": 1, "steps": 1}
