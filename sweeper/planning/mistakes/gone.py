"""What was taken out of a space, and which mistakes may be there only because of that."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sweeper.errors import Invalid, Path, shown
from sweeper.planning.mistakes import stand_ins

_OF_AXES = ("zip", "derived", "constraints", "baseline", "enqueue", "figures", "population")
"""Keys whose checks ask what axes there are."""

_SETTINGS = (("checkpoint",), ("limits",), ("evaluation",))
"""Keys whose checks ask for no axis and no parameter."""

_CHOOSING = {
    "agent",
    "axes",
    "fixed",
    "derived",
    "by_task",
    "blocks",
    "constraints",
    "zip",
    "tasks",
}
"""Keys that say which parameters runs have."""

_COUNTED = ("axes", "trials", "sampler")
"""Keys whose checks ask how many configurations there are."""

_BY_NAME = (("derived",), ("baseline",), ("enqueue",))
"""Keys under which the names of parameters and axes stand."""

_UNKNOWN_NAME = ("is no parameter of", "is no task of")
"""How mistakes about a name begin, whatever its value."""

_REPEATS = "is no name of a parameter: leave out"
"""How a mistake begins that a name alone makes, whatever else there is."""


@dataclass
class Gone:
    """What was taken out of the data of a space."""

    replaced: set[str] = field(default_factory=set)
    """The top-level keys whose values are not the user's any more."""
    unnamed: bool = False
    """Whether the axes are gone, and with them their names."""
    touched: set[str] = field(default_factory=set)
    """The names of axes, parameters and tasks that lack a part, or are gone."""
    labels: set[tuple[str, str]] = field(default_factory=set)
    """Axes, each with the label of a value that it lacks."""
    stand_ins: set[str] = field(default_factory=set)
    """The names of axes in whose place others stand."""
    stand_in: str = ""
    """A task in the place of those of the user's, all of which are gone."""
    keys: set[str] = field(default_factory=set)
    """The other keys that are gone."""
    parts: set[Path] = field(default_factory=set)
    """Where what is gone stood."""
    known: set[tuple[Path, str]] = field(default_factory=set)
    """Mistakes that were told, each with the part of the space that it is in."""
    unknown: set[Path] = field(default_factory=set)
    """Where keys stood that nobody knows."""

    def explains(self, error: Invalid, data: Mapping[str, Any]) -> bool:
        """Whether a mistake may be there only because of what is gone; `data` is what is left."""
        top = error.path[0] if error.path else None
        if (error.path[:2], error.message) in self.known:
            return True
        if error.message.startswith(_REPEATS):
            return False
        if self.of_stand_in(error.path):
            return not error.message.startswith(_UNKNOWN_NAME)
        return (
            top in self.replaced
            or self._of_reference(error)
            or bool(self.stand_in and self._of_task(error.message))
            or self._of_axes(error)
            or self._of_parts(error)
            or self._of_labels(error)
            or self._names(error, data)
        )

    def _of_reference(self, error: Invalid) -> bool:
        """Whether a task lacks ends that the score gave, or a stand-in its reference."""
        if error.path[:1] == ("score",) and error.path[-1:] == ("reference",):
            return bool(self.stand_in)
        lacks = error.path[:1] == ("tasks",) and error.message.startswith("needs the key")
        given = [gone for gone in self.parts if gone[:1] == ("score",)]
        return lacks and any(gone == ("score",) or gone[-1] == "reference" for gone in given)

    def _of_task(self, message: str) -> bool:
        """Whether a message speaks of the task that stands in the place of the user's."""
        listed = message.startswith("is no task of the space") and self.stand_in in message
        return listed or repr(self.stand_in) in message

    def of_stand_in(self, path: Path) -> bool:
        """Whether a path leads to an axis that stands in the place of another, or to its value."""
        inside = path[:1] == ("axes",) and not self.stand_ins.isdisjoint(path[1:2])
        return inside and path[2:3] not in [(key,) for key in stand_ins.KEPT]

    def _of_axes(self, error: Invalid) -> bool:
        top = error.path[0] if error.path else None
        drawn = {"sampler", "population"} & self.replaced
        if drawn and (error.path == ("axes",) or "grid" in error.message):
            return True
        if self.unnamed and top in _OF_AXES:
            return True
        if error.path == ("population",) and "needs an axis to search" in error.message:
            return any(gone[0] == "axes" for gone in self.parts)
        if "which runs do not report" in error.message:
            return not _CHOOSING.isdisjoint({*self.replaced, *(gone[0] for gone in self.parts)})
        if "agent" in self.replaced and re.match("names |.*layer sets need an", error.message):
            return True
        if len(error.path) != 1 or top not in _COUNTED:
            return False
        counts = "configurations that the space has" in error.message
        return "axes" in self.replaced or (counts and any(p[0] == "axes" for p in self.parts))

    def _of_parts(self, error: Invalid) -> bool:
        """Whether it is about a whole that lacks parts, and not about what is left of it."""
        inside = error.path and any(gone[: len(error.path)] == error.path for gone in self.parts)
        a_value = len(error.path) > 2
        of_name = error.message.startswith(_UNKNOWN_NAME)
        return bool(inside) and not of_name and (a_value or "but got" not in error.message)

    def _of_labels(self, error: Invalid) -> bool:
        """Whether it asks for a value whose label is gone, or counts the values that are left."""
        return any(
            (axis in error.path or _speaks_of([axis], error.message))
            and any(
                said in error.message
                for said in (f"{axis}={label}", f"got {shown(label)}", "axes of the same length")
            )
            for axis, label in self.labels
        )

    def _names(self, error: Invalid, data: Mapping[str, Any]) -> bool:
        """Whether it speaks of something that is gone."""
        if error.path[2:3] == ("default",) and error.path[1] in self.touched:
            return True
        if error.path[:1] == ("baseline",) and error.message.startswith("is no axis"):
            return any(gone[:2] == ("axes", *error.path[1:2]) for gone in self.parts)
        if error.path[:2] == ("population", "over") and error.message.startswith("is no axis"):
            asked = [*data["population"]["over"]][int(error.path[2])]
            return any(gone[:2] == ("axes", asked) for gone in self.parts)
        rule = re.sub(r" \(did you mean .*?\?\)", "", error.message.partition("; valid: ")[0])
        if any(f"{key!r}" in rule or f"{key}=" in rule for key in self.keys):
            return True
        if any(f"the {key} of" in rule or f"× {key}" in rule for key in self.replaced):
            return True
        if error.path[:1] in _SETTINGS or "metric" in error.path:
            return False
        names = self._unsure(data)
        if error.path[:1] == ("by_task",) and not names.isdisjoint(error.path[1:2]):
            return True
        known = not rule.startswith(_UNKNOWN_NAME)
        if error.path[:1] in _BY_NAME and not names.isdisjoint(error.path[1:]):
            return known
        return (known and not names.isdisjoint(error.path[2:])) or _speaks_of(names, rule)

    def _unsure(self, data: Mapping[str, Any]) -> set[str]:
        """The names of what is gone or stands in the place of another, and of formulas of it."""
        held = data.get("axes")
        there = {*held} if isinstance(held, dict) else set()
        names = self.touched - (there - self.stand_ins)
        formulas = data.get("derived")
        left = formulas if isinstance(formulas, dict) else {}
        while found := {name for name in left if _speaks_of(names, str(left[name]))} - names:
            names |= found
        return names


def _speaks_of(names: Iterable[str], text: str) -> bool:
    return any(re.search(rf"(?<![\w.]){re.escape(name)}(?![\w.])", text) for name in names)
