"""What was taken out of a space, and which mistakes may be there only because of that."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from sweeper.errors import Invalid, Path

_OF_AXES = ("zip", "derived", "constraints", "baseline", "figures")
"""Keys whose checks ask what axes there are."""

_SETTINGS = (("checkpoint",), ("limits",), ("evaluation",))
"""Keys whose checks ask for no axis and no parameter."""

_COUNTED = ("axes", "trials", "sampler")
"""Keys whose checks ask how many configurations there are."""


@dataclass
class Gone:
    """What was taken out of the data of a space."""

    replaced: set[str] = field(default_factory=set)
    """The top-level keys whose values are not the user's any more."""
    unnamed: bool = False
    """Whether the axes are gone, and with them their names."""
    touched: set[str] = field(default_factory=set)
    """The names of axes, parameters and tasks that lack a part, or are gone."""
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

    def explains(self, error: Invalid, axes: Any) -> bool:
        """Whether a mistake may be there only because of what is gone; `axes` are those left."""
        top = error.path[0] if error.path else None
        return (
            (error.path[:2], error.message) in self.known
            or top in self.replaced
            or bool(self.stand_in and repr(self.stand_in) in error.message)
            or self._of_axes(error)
            or self._of_parts(error)
            or self._names(error, axes)
        )

    def _of_axes(self, error: Invalid) -> bool:
        top = error.path[0] if error.path else None
        if "sampler" in self.replaced and (error.path == ("axes",) or "grid" in error.message):
            return True
        if self.unnamed and top in _OF_AXES:
            return True
        if "agent" in self.replaced and re.match("names |.*layer sets need an", error.message):
            return True
        return "axes" in self.replaced and len(error.path) == 1 and top in _COUNTED

    def _of_parts(self, error: Invalid) -> bool:
        """Whether it is about a whole that lacks parts, and not about what is left of it."""
        inside = error.path and any(gone[: len(error.path)] == error.path for gone in self.parts)
        a_value = len(error.path) > 2
        return bool(inside) and (a_value or "but got" not in error.message)

    def _names(self, error: Invalid, axes: Any) -> bool:
        """Whether it speaks of something that is gone."""
        if error.path[2:3] == ("default",) and error.path[1] in self.touched:
            return True
        if error.path[:1] == ("baseline",) and error.message.startswith("is no axis"):
            return any(gone[:2] == ("axes", *error.path[1:2]) for gone in self.parts)
        rule = re.sub(r" \(did you mean .*?\?\)", "", error.message.partition("; valid: ")[0])
        if any(f"{key!r}" in rule or f"{key}=" in rule for key in self.keys):
            return True
        if any(f"the {key} of" in rule or f"× {key}" in rule for key in self.replaced):
            return True
        if error.path[:1] in _SETTINGS or "metric" in error.path:
            return False
        names = self.touched - {*(axes if isinstance(axes, dict) else ())}
        known = not rule.startswith("is no parameter of")
        return (known and not names.isdisjoint(error.path[2:])) or any(
            re.search(rf"(?<![\w.]){re.escape(name)}(?![\w.])", rule) for name in names
        )
