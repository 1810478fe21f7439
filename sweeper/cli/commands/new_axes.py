"""What `sweeper new` is told of axes: how it is read, and how it was understood."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from sweeper.errors import SweeperError, cut, shown
from sweeper.schema.yaml_text import parse, scalar
from sweeper.space.axes.layers import INTERMEDIATE
from sweeper.text import brief, counted, is_number
from sweeper.trainable.contract import Parameter

_POINTS = 5
_BEGINS_AS_NUMBER = re.compile(r"[-+]?\.?\d")
_END = r"([-+]?\d[\d_]*(?:\.\d+)?(?:[eE][-+]?\d+)?)"
_BETWEEN = r"(?:\.\.+|\.|--|-|–|—|…|:|~|to)"
"""What people write between the ends of a range."""

_MISSPELLED_RANGE = re.compile(f"{_END}{_BETWEEN}{_END}")
_MISSPELLED_POWER = re.compile(r"([-+]?[\d.]+)([-+])[eE](\d+)")


def read(text: str, parameters: Mapping[str, Parameter]) -> dict[str, dict[str, Any]]:
    """The axes that `text` says: `lr=1e-4..1e-2 batch_size=32,64`; raises `SweeperError`."""
    axes: dict[str, dict[str, Any]] = {}
    for part in text.replace(";", " ").split():
        name, equals, values = part.partition("=")
        if not equals or not name or not values:
            rule = "an axis is NAME=LOW..HIGH or NAME=VALUE,VALUE"
            raise SweeperError(f"{rule}, with blanks between axes, but got {shown(cut(part))}")
        if name in axes:
            raise SweeperError(f"{cut(name)} is there twice")
        axes[name] = _axis(name, values, parameters.get(name))
    return axes


def told(axes: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """A line for each axis: `lr: 5 values from 0.0001 to 0.1, by ratio`."""
    for name, axis in axes.items():
        listed = axis.get("values", axis.get("sets"))
        if listed is not None:
            noun = "value" if "values" in axis else "set"
            said = f"{counted(len(listed), noun)}: {', '.join(map(_quoted, listed))}"
        else:
            noun = "whole number" if axis["kind"] == "int" else "value"
            said = f"from {brief(axis['low'])} to {brief(axis['high'])}"
            if "count" in axis:
                way = "by ratio" if axis.get("log") else "evenly spaced"
                said = f"{counted(axis['count'], noun)} {said}, {way}"
            else:
                said = f"each {noun} {said}"
        yield f"{cut(name)}: {said}"


def _quoted(value: Any) -> str:
    """A number as it is, a text in quotes."""
    return brief(value) if is_number(value) else shown(value)


def _axis(name: str, text: str, parameter: Parameter | None) -> dict[str, Any]:
    """The axis of one answer."""
    ends = [scalar(end) for end in text.split("..")]
    if len(ends) == 2 and all(map(is_number, ends)) and "..." not in text:
        return _range(ends[0], ends[1], parameter)
    if text[0] == "[":
        values, _ = parse(text, "the axis", lines=False)
    else:
        if ".." in text:
            _refuse(name, text)
        if "" in text.split(","):
            rule = f"a value stands between commas, as in {cut(name)}=1,2"
            raise SweeperError(f"{rule}, but got {shown(cut(text))}")
        values = [scalar(one) for one in text.split(",")]
    for value in values:
        quoted = text[0] == "[" and any(f"{mark}{value}{mark}" in text for mark in "'\"")
        if isinstance(value, str) and not quoted and _BEGINS_AS_NUMBER.match(value):
            _refuse(name, value)
    if parameter is not None and parameter.kind is tuple and _layers(values):
        return {"kind": "layers", "sets": values}
    numbers = [one for one in values if is_number(one)]
    if len(numbers) < len(values):
        return {"kind": "choice", "values": values}
    whole = all(isinstance(one, int) for one in values)
    if parameter is not None and parameter.kind in (int, float):
        whole = parameter.kind is int
    return {"kind": "int" if whole else "float", "values": values}


def _range(low: Any, high: Any, parameter: Parameter | None) -> dict[str, Any]:
    """The axis from `low` to `high`, by ratio where that is ten times as much."""
    kind = int if parameter is None and {type(low), type(high)} == {int} else float
    whole = (kind if parameter is None else parameter.kind) is int
    axis: dict[str, Any] = {"kind": "int" if whole else "float", "low": low, "high": high}
    if 0 < low * 10 <= high:
        axis["log"] = True
    if not whole or high - low >= _POINTS:
        axis["count"] = _POINTS if not whole or low * 1.5 + 1 < high / 4 else 2
    return axis


def _refuse(name: str, text: str) -> None:
    """Raises `SweeperError` for what is nearly a number or a range, and says what may be meant."""
    if ".." in text:
        rule = "a range is LOW..HIGH, two numbers"
    else:
        rule = "a value that begins like a number must be one"
    # `0,1..0,5` has its decimals behind commas
    found = _MISSPELLED_RANGE.fullmatch(text.replace(",", "."))
    power = _MISSPELLED_POWER.fullmatch(text)
    near = ""
    if found:
        near = f" (did you mean {cut(name)}={found[1]}..{found[2]}?)"
    elif power:
        near = f" (did you mean {cut(name)}={power[1]}e{power[2]}{power[3]}?)"
    elif ".." not in text:
        near = f"""; a text stands in quotes in a list: {cut(name)}=["{cut(text)}"]"""
    raise SweeperError(f"{rule}, but got {shown(cut(text))}{near}")


def _layers(values: list[Any]) -> bool:
    """Whether values are sets of layers: none, intermediate, or from the output -2, [-2, -3]."""
    listed = [one for value in values for one in (value if isinstance(value, list) else [value])]
    words = ("none", INTERMEDIATE)
    return all(one in words or (isinstance(one, int) and one < 0) for one in listed)
