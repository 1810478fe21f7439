"""Which labels of an axis or parameter a text asks for, as conditions on runs write it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from sweeper.errors import SweeperError
from sweeper.schema.yaml_text import parse
from sweeper.text import alike, brief, canonical, is_number

ABSENT = "absent"
"""The value that chooses the configurations in which an axis or a parameter is inactive."""

_NULL = canonical(None)

RANGE = "1e-5..1e-3"
"""A range, as messages show one."""

_COMPARED = re.compile(r"\s*([^<>=!]+?)\s*([<>]=?|!=?|==)\s*(.*?)\s*$")
"""A condition as other languages write it: `lr > 0.1`."""


def compared(text: str) -> tuple[str, str] | None:
    """What a condition as other languages write it is about, and how it is written here."""
    found = _COMPARED.match(text)
    if found is None:
        return None
    name, sign, value = found.groups()
    if sign[0] == "!":
        return name, f"where has no {sign}; name the values that are wanted, as in {name}=a,b"
    meant = {"<": f"..{value}", ">": f"{value}..", "=": value}[sign[0]]
    example = f"{name}={meant if value else RANGE}"
    rule = "ranges are low..high, low.. and ..high, as in"
    return name, f"where has no {sign}; {rule} {example}"


def label_of(value: Any) -> Any:
    """A parameter's value as a label: its text where it is null, a list or a mapping."""
    return value if isinstance(value, int | float | str) else canonical(value)


def places(labels: Sequence[Any], text: str) -> set[int] | None:
    """The places of the labels that a value or a range chooses; `None` where it is neither.

    The label of configurations in which it is inactive is `None`.
    """
    wanted = {text, canonical(_parsed(text))} if text else set()
    found = {place for place, label in enumerate(labels) if _text(label) in wanted}
    limits = ends(text)
    if limits is None:
        return found or None
    numeric = [(place, one) for place, one in enumerate(labels) if is_number(one)]
    if ".." in text and limits[0] > limits[1]:
        return set()
    if ".." in text:
        inside = {place for place, one in numeric if _within(one, *limits)}
        return found or (inside if numbers(labels) else None)
    found |= {place for place, one in numeric if alike(one, limits[0])}
    return found or {place for place, one in numeric if brief(one) == brief(limits[0])} or None


def numbers(labels: Sequence[Any]) -> list[float]:
    """The labels, ascending, if all but null are numbers."""
    known = [label for label in labels if label not in (None, _NULL)]
    return sorted(known) if all(map(is_number, known)) else []


def _parsed(text: str) -> Any:
    """The value that a text is in YAML; the text itself where it is none."""
    try:
        return parse(text, "where", lines=False)[0]
    except SweeperError:
        return text


def _text(label: Any) -> str:
    return ABSENT if label is None else canonical(label)


def ends(text: str) -> tuple[float, float] | None:
    """The ends of `low..high`, `low..` or `..high`, or a number as both; `None` for other texts."""
    low, dots, high = (part.strip() for part in text.partition(".."))
    if not low and not high:
        return None
    try:
        return float(low or "-inf"), float((high or "inf") if dots else low)
    except ValueError:
        return None


def _within(number: float, low: float, high: float) -> bool:
    """Whether a number lies in a range; an end belongs to it however it was rounded."""
    return low <= number <= high or any(alike(number, end) for end in (low, high))
