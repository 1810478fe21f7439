"""A space that is being written from another tool's file, and what that file said otherwise."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sweeper.converting import space_text
from sweeper.errors import Path, cut, shown
from sweeper.schema.rules import study_name
from sweeper.space.axes import MAX_POINTS
from sweeper.space.keys.axes_rule import COLUMNS
from sweeper.space.keys.validators import OF_PARAMETERS
from sweeper.space.overrides import KEYS
from sweeper.text import canonical, counted, is_number
from sweeper.trainable.command.command import OF_RUN

_TAKEN = frozenset((*COLUMNS, *OF_RUN, *KEYS))
"""What no axis and no fixed parameter of a program may be called."""

_LARGEST = 2**53
TRIALS = 50
"""How many trials a sampler plans where the source names no number."""

_NAME_LENGTH = 80


@dataclass
class Draft:
    """The keys of a space, remarks on some of them, and a line for each thing that was lost."""

    source: str
    """What it is written from, as in `sweep.yaml, a W&B sweep`."""
    keys: dict[str, Any] = field(default_factory=dict)
    remarks: dict[Path, str] = field(default_factory=dict)
    lost: list[str] = field(default_factory=list)
    invented: list[str] = field(default_factory=list)
    """A line for each key of the space that the source says nothing of."""
    names: dict[str, str] = field(default_factory=dict)
    """What each parameter of the source is called."""

    def lose(self, key: str, what: str) -> None:
        """Notes that the source's `key` was dropped or changed, and what became of it."""
        self.lost.append(f"{cut(_line(key))}: {_line(what)}")

    def put_in(self, key: str, value: str, *words: str) -> None:
        """Notes a value that was put in, and the words of `sweeper run` that change it."""
        self.invented.append(f"{_line(key)}: {_line(value)} ({_line(' '.join(words))})")

    def set(self, key: str, value: Any, remark: str = "") -> None:
        """Sets a key of the space, with a comment."""
        self.keys[key] = value
        if remark:
            self.remarks[(key,)] = _line(remark)

    def study(self, *names: Any) -> None:
        """Names the study by the first of `names` that can be one, made a plain file name."""
        given = [str(name) for name in names if name not in (None, "")]
        for name in given:
            plain = re.sub(r"[^A-Za-z0-9_.+-]+", "_", name).strip("_.+-")[:_NAME_LENGTH]
            if plain:
                self.keys["study"] = study_name(plain)
                if plain != name and name == given[0]:
                    self.lose("name", f"{shown(name)} is called {plain} here")
                return
        self.keys["study"] = "converted"

    def called(self, name: str) -> str:
        """What the parameter `name` is called, where a run or a table has that name already."""
        if name not in self.names:
            found = re.sub(r"[{}\s]+", "_", name) or "unnamed"
            section, dot, _ = found.partition(".")
            if dot and section in OF_PARAMETERS:
                found = found.replace(".", "_", 1)
            while found in _TAKEN or found in self.names.values():
                found += "_value"
            if found != name:
                taken = "taken here" if name in _TAKEN else "no name here"
                self.lose(name, f"is called {found}, as {shown(name)} is {taken}")
            self.names[name] = found
        return self.names[name]

    def fix(self, name: str, value: Any) -> None:
        """Gives all trials this value of a parameter."""
        self.keys.setdefault("fixed", {})[self.called(name)] = self.plain(name, value)

    def axis(self, name: str, keys: Mapping[str, Any], remark: str = "") -> None:
        """Adds the axis of a parameter."""
        called = self.called(name)
        self.keys.setdefault("axes", {})[called] = dict(keys)
        if remark:
            self.remarks[("axes", called)] = _line(remark)

    def derive(self, name: str, helper: Mapping[str, Any], formula: str) -> None:
        """Computes a parameter by a formula that calls its helper axis `{}`."""
        of = self.called(f"{re.sub(r'[^A-Za-z0-9_]', '_', self.called(name))}_drawn")
        of = of if of.isidentifier() else self.called(f"of_{of}")
        self.axis(of, {**helper, "helper": True})
        self.keys.setdefault("derived", {})[self.called(name)] = formula.format(of)

    def values(self, name: str, values: Sequence[Any]) -> None:
        """Adds an axis of `values`, or fixes the only one."""
        found = list(self._distinct(name, [self.plain(name, value) for value in values]))
        if len(found) == 1:
            self.fix(name, found[0])
        elif all(isinstance(one, int) and is_number(one) and abs(one) <= _LARGEST for one in found):
            self.axis(name, {"kind": "int", "values": found})
        elif all(is_number(one) and abs(one) <= _LARGEST for one in found):
            self.axis(name, {"kind": "float", "values": found})
        else:
            self.axis(name, {"kind": "choice", "values": _labelled(found)})

    def range(self, name: str, keys: Mapping[str, Any], remark: str = "") -> None:
        """Adds an axis from `low` to `high`, or fixes the only number in it."""
        if keys["low"] == keys["high"]:
            self.fix(name, keys["low"])
        else:
            self.axis(name, keys, remark)

    def seeds(self, name: str, values: Sequence[Any] | None) -> bool:
        """Takes a parameter that is called seed for the seeds of the space; whether it was one."""
        if name != "seed":
            return False
        self.names[name] = "seed"
        whole = [one for one in values or () if isinstance(one, int) and is_number(one)]
        seeds = list(dict.fromkeys(one for one in whole if 0 <= one <= _LARGEST))
        if values is None or len(seeds) < len(values):
            what = "is drawn no more" if values is None else "holds other things than seeds"
            self.lose(name, f"{what}: seeds says under which seeds each configuration is trained")
        elif len(seeds) > 1:
            self.lose(name, "each configuration is trained under all seeds, and judged over them")
        self.keys["seeds"] = seeds or 1
        return True

    def trials(self, number: Any, key: str) -> None:
        """Says how many trials a sampler plans, at most those that there are of choices."""
        most = self.configurations()
        whole = isinstance(number, int) and is_number(number) and number > 0
        wanted = number if whole else TRIALS
        if not whole:
            given = "is not there" if number is None else f"is {shown(number)}"
            self.lose(key, f"{given}: trials: {min(wanted, most or wanted)} was put in its place")
        elif most is not None and most < wanted:
            self.lose(
                key, f"at most the {counted(most, 'configuration')} that there are, not {wanted}"
            )
        self.keys["trials"] = min(wanted, most or wanted)

    def configurations(self) -> int | None:
        """How many there are; `None` where an axis is a range without steps, or by ratio."""
        sizes = [_size(axis) for axis in self.keys.get("axes", {}).values()]
        return None if None in sizes else math.prod(size or 0 for size in sizes)

    def gridded(self) -> None:
        """Gives each range without steps the points that a grid needs."""
        for name, axis in self.keys.get("axes", {}).items():
            size = _size(axis)
            if size is not None and size <= MAX_POINTS:
                continue
            if not axis.get("log"):
                axis.pop("step", None)
            count = next((n for n in (5, 3) if _room(axis, n)), 2)
            axis["count"] = count
            self.lose(name, f"a grid has no range without end: count: {count} was put in")

    def plain(self, name: str, value: Any) -> Any:
        """The value as a space may hold it; what it may not hold as text, which is told."""
        if isinstance(value, list | tuple):
            return [self.plain(name, one) for one in value]
        odd = isinstance(value, float) and not math.isfinite(value)
        if isinstance(value, dict) or odd:
            text = json.dumps(value, default=str) if isinstance(value, dict) else str(value)
            self.lose(name, f"{shown(value)} is the text {shown(text)} here")
            return text
        if isinstance(value, int) and abs(value) > 10**300:
            self.lose(name, "a number of more than 300 digits is text here")
            return "more than 300 digits"
        return value if value is None or isinstance(value, bool | int | float | str) else str(value)

    def _distinct(self, name: str, values: Sequence[Any]) -> Iterator[Any]:
        seen = set()
        for value in values:
            key = canonical(value, repr)
            if key in seen:
                self.lose(name, f"{shown(value)} is there twice: once is taken")
            else:
                yield value
            seen.add(key)

    def head(self) -> Iterator[str]:
        """The comment at the top of the file."""
        yield f"Written by `sweeper convert` from {_line(self.source)}."
        if self.lost:
            yield "What it could not say, or says otherwise:"
            yield from (f"- {line}" for line in self.lost)

    def text(self) -> str:
        """The YAML file."""
        return "\n".join((*space_text.text(self.keys, self.remarks, self.head()), ""))


def _size(axis: Mapping[str, Any]) -> int | None:
    """How many values an axis has; `None` for a range without steps, or by ratio."""
    if "values" in axis:
        return len(axis["values"])
    step = axis.get("step", 1 if axis["kind"] == "int" else None)
    if step is None or axis.get("log") or axis["kind"] == "normal":
        return None
    steps: int = round((axis["high"] - axis["low"]) / step)
    return steps + 1


def _room(axis: Mapping[str, Any], count: int) -> bool:
    """Whether so many points of a range are different ones."""
    if axis["kind"] != "int" and not axis.get("step"):
        return True
    low, high, step = axis["low"], axis["high"], axis.get("step") or 1
    first = low * ((high / low) ** (1 / (count - 1)) - 1) if axis.get("log") else high - low
    return bool(first >= step * (1 if axis.get("log") else count))


def _line(text: str) -> str:
    """Text that a comment can hold: in one line, of characters that are printed."""
    return "".join(one if one.isprintable() else " " for one in " ".join(text.split()))


def _labelled(values: Sequence[Any]) -> list[Any] | dict[str, Any]:
    """The values; with labels where a text looks like another value, as `"1"` and 1 do."""
    looks = [canonical(value) for value in values]
    if len(set(looks)) == len(looks) and "" not in looks:
        return list(values)
    labels: dict[str, Any] = {}
    for look, value in zip(looks, values, strict=True):
        kind = {str: "text"}.get(type(value), "value")
        label = look if look and look not in labels else f"{kind} {look}".strip()
        while label in labels:
            label += "_"
        labels[label] = value
    return labels
