"""Takes out of a space's data what is wrong with it, so that the rest can be checked as well."""

from __future__ import annotations

import copy
import difflib
import re
from collections.abc import Iterable, Mapping
from typing import Any

from sweeper.errors import Invalid, Path
from sweeper.space.keys.validators import TRAINED
from sweeper.trainable.contract import Trainable

_STAND_INS: Mapping[str, Any] = {
    "study": "unnamed",
    "seeds": 1,
    "steps": 2**53,
    "evaluation": {"every": 1, "episodes": 1},
}
"""Values of keys that a space needs, for those whose own are wrong or missing."""

_TRAINED = (("agent",), ("function",))
"""Without these nothing further can be checked."""

_OF_AXES = ("trials", "zip", "derived", "constraints", "baseline", "figures")
"""Keys whose checks ask what axes there are."""

_BY_NAME = ("axes", "fixed", "tasks", "derived")
"""Keys whose parts can go one by one."""


class Repair:
    """The data of a space without what was found to be wrong."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self.data: dict[str, Any] = copy.deepcopy(dict(data))
        self._replaced: set[str] = set()
        """The top-level keys whose values are not the user's any more."""
        self._touched: set[str] = set()
        """The names of axes, parameters and tasks that lack a part, or are gone."""
        self._stand_in = ""
        """A task in the place of those of the user's, all of which are gone."""
        self._keys: set[str] = set()
        """The other keys that are gone."""
        self._gone: set[Path] = set()
        self._known: set[tuple[Path, str]] = set()
        """Mistakes that were told, each with the part of the space that it is in."""
        self._left: dict[Path, list[int]] = {}
        """For a list that lacks items the positions that the others had."""

    def original(self, error: Invalid) -> Invalid:
        """The mistake, its path being that in the data before anything was taken out."""
        path = list(error.path)
        left = self._left.get(error.path[:3])
        if left is not None and len(path) > 3 and isinstance(path[3], int):
            path[3] = left[path[3]]
        return Invalid(error.message, tuple(path))

    def follows(self, error: Invalid) -> bool:
        """Whether a mistake may be there only because of what was taken out."""
        top = error.path[0] if error.path else None
        if top in self._replaced or (self._stand_in and repr(self._stand_in) in error.message):
            return True
        if "sampler" in self._replaced and (error.path == ("axes",) or "grid" in error.message):
            return True
        if (error.path[:2], error.message) in self._known:
            return True
        if "axes" in self._replaced and top in _OF_AXES:
            return True
        if error.path and any(gone[: len(error.path)] == error.path for gone in self._gone):
            return True
        if error.path[2:3] == ("default",) and error.path[1] in self._touched:
            return True
        rule = re.sub(r" \(did you mean .*?\?\)", "", error.message.partition("; valid: ")[0])
        if any(f"{key!r}" in rule or f"{key}=" in rule for key in self._keys):
            return True
        return not self._touched.isdisjoint(error.path[2:]) or any(
            re.search(rf"(?<![\w.]){re.escape(name)}(?![\w.])", rule) for name in self._touched
        )

    def without(self, mistakes: Iterable[Invalid], trainable: Trainable | None) -> bool:
        """Takes out what the mistakes are about; returns whether anything was.

        Their paths are those that `original` gives.
        """
        before = copy.deepcopy(self.data)
        mistakes = list(mistakes)
        unclear = sum(self.data.get(key) is not None for key in TRAINED) != 1
        if unclear or any(error.path[:1] in _TRAINED for error in mistakes):
            return False
        for error in mistakes:
            told = (error.path[:2], error.message)
            self._take_out(error.path[:2] if told in self._known else error.path)
            self._known.add(told)
        self._complete(trainable)
        return self.data != before

    def _take_out(self, path: Path) -> None:
        if not path:
            return
        self._gone.add(path)
        top = str(path[0])
        held = self.data.get(top)
        if top in _BY_NAME and len(path) > 1 and isinstance(held, dict):
            if top == "tasks" and len(path) > 2 and path[1] in held:
                held[path[1]] = {"low": 0, "high": 1}
                return
            self._touched.add(str(path[1]))
            if not (top == "axes" and self._take_out_value(path)):
                held.pop(path[1], None)
        elif top == "figures" and len(path) > 1 and isinstance(held, list):
            held[int(path[1])] = "curves"
        elif top == "command":
            self._replaced.add(top)
            self.data[top] = ["python"]
        elif top == "constraints" and len(path) > 1 and isinstance(held, list):
            held[int(path[1])] = f"{path[1]} == {path[1]}"
        elif len(path) > 1 and isinstance(held, dict) and path[1] in held:
            self._keys.add(str(path[1]))
            held.pop(path[1])
        else:
            self._replace(top)

    def _take_out_value(self, path: Path) -> bool:
        """Takes one value out of an axis; whether the axis has another."""
        axis = self.data["axes"].get(path[1])
        held = axis.get(path[2]) if len(path) > 3 and isinstance(axis, dict) else None
        if isinstance(held, dict):
            held.pop(path[3], None)
        elif isinstance(held, list) and isinstance(path[3], int):
            left = self._left.setdefault(path[:3], list(range(len(held))))
            if path[3] in left:
                held.pop(left.index(path[3]))
                left.remove(path[3])
        return bool(held)

    def _replace(self, top: str) -> None:
        self._replaced.add(top)
        self._keys.add(top)
        self.data.pop(top, None)
        if top == "study":
            self.data["name"] = _STAND_INS["study"]

    def _complete(self, trainable: Trainable | None) -> None:
        """Fills in what a space needs."""
        for key, value in _STAND_INS.items():
            unused = key == "evaluation" and self.data.get("agent") is None
            if self.data.get(key) is None and not unused:
                self._replaced.add(key)
                self.data[key] = copy.deepcopy(value)
        if self.data.get("score") is None:
            self._replaced.add("score")
            metrics = trainable.metrics if trainable is not None else ()
            self.data["score"] = {"metric": next(iter(metrics), "unknown")}
        emptied = "axes" in self._replaced or any(path[0] == "axes" for path in self._gone)
        if emptied and not self.data.get("axes"):
            self._replaced.add("axes")
            self.data["axes"] = {"unknown": {"kind": "choice", "values": [0]}}
        if not self.data.get("tasks"):
            self._replaced.add("tasks")
            names = trainable.tasks() if trainable is not None else ()
            self._stand_in = self._nearest([*names] or ["unknown"])
            self.data["tasks"] = {self._stand_in: {"low": 0, "high": 1}}

    def _nearest(self, names: list[str]) -> str:
        """The task of `names` that is most like one that is gone."""
        gone = [str(path[1]) for path in self._gone if path[0] == "tasks" and len(path) > 1]
        near = difflib.get_close_matches(gone[0], names, n=1, cutoff=0.0) if gone else names
        return next(iter(near), names[0])
