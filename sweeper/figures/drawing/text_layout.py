"""Text that fits its place: measured, folded or cut."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import accumulate
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.font_manager import findfont, get_font
from matplotlib.text import Text
from matplotlib.textpath import TextPath

FONT = "DejaVu Sans"
TINY_PT = 6.0
SMALL_PT = 6.5
BASE_PT = 7.5
TITLE_PT = 8.5
"""The sizes of letters in all figures."""

_WIDEST_GAP_IN = 1.7
_FEW = 8
"""So many numbers all have a label, below each other where they lie close."""
_MOST_ROWS = 4


def width_in(text: str, size_pt: float) -> float:
    """How wide `text` is, in inches, kerning left out."""
    return _width(text) * size_pt / 72


@lru_cache(maxsize=10_000)
def _width(text: str) -> float:
    """Its width for letters of size 1; lines that grow word by word are measured many times."""
    return sum(map(_advance, text))


@cache
def _extent(text: str) -> float:
    """The width of what is inked of `text`, for letters of size 1."""
    return float(TextPath((0, 0), text, size=100.0).get_extents().width) / 100


@cache
def _advance(character: str) -> float:
    """How far the next character stands from this one, for letters of size 1."""
    return _extent(f"x{character}x") - _extent("xx")


def lacking(figure: Figure) -> str:
    """The characters in the texts of `figure` that its font lacks, each once."""
    letters = dict.fromkeys("".join(text.get_text() for text in figure.findobj(Text)))
    return "".join(one for one in letters if one.isprintable() and ord(one) not in _known())


@cache
def _known() -> frozenset[int]:
    """The characters that the font has, by their numbers."""
    return frozenset(get_font(findfont(FONT)).get_charmap())


def widest_in(lines: Sequence[str], size_pt: float) -> float:
    """The width of the widest of `lines`, in inches."""
    return max((width_in(line, size_pt) for line in lines), default=0.0)


def cut(label: str, width: float, size_pt: float) -> str:
    """`label`, its end left out where it is wider than `width` inches."""
    if width_in(label, size_pt) <= width:
        return label
    kept = max(3, int(len(label) * width / width_in(label, size_pt)) - 1)
    return label[:kept].rstrip() + "…"


def without_middle(label: str, width: float, size_pt: float) -> str:
    """`label` without its middle where it is wider than `width` inches: ends may differ."""
    if width_in(label, size_pt) <= width:
        return label
    kept = int(len(label) * width / width_in(label, size_pt))
    while True:
        short = f"{label[: kept // 2].rstrip()}…{label[len(label) - kept + kept // 2 :].lstrip()}"
        if kept < 4 or width_in(short, size_pt) <= width:
            return short
        kept -= 1


def folded(label: str, width: float, size_pt: float, lines: int = 2) -> str:
    """`label` in at most so many lines of `width` inches, the rest left out.

    It breaks at spaces and after slashes.
    """
    if width_in(label, size_pt) <= width:
        return label
    per_line = max(4, int(len(label) * width / width_in(label, size_pt)))
    parts = wrapped(label.replace("/", "/ "), per_line).replace("/ ", "/").split("\n")
    kept, rest = parts[: lines - 1], parts[lines - 1 :]
    return "\n".join([*kept, cut(" ".join(rest), width, size_pt)] if rest else kept)


def filled(text: str, width: float, size_pt: float) -> str:
    """`text` in as many lines as it takes, none wider than `width` inches."""
    lines = [""]
    for word in text.replace(" %", "\u00a0%").replace("n = ", "n\u00a0=\u00a0").split(" "):
        if width_in(f"{lines[-1]} {word}".lstrip(), size_pt) <= width or not lines[-1]:
            lines[-1] = f"{lines[-1]} {word}".lstrip()
        else:
            lines.append(word)
        while width_in(lines[-1], size_pt) > width:  # a word that is wider than a line
            fits = accumulate(lines[-1], lambda so_far, one: so_far + one)
            kept = max(1, sum(width_in(part, size_pt) <= width for part in fits))
            lines[-1:] = [lines[-1][:kept], lines[-1][kept:]]
    return "\n".join(lines)


def two_lines(parts: Sequence[str], width: float, size_pt: float, needed: int = 2) -> str:
    """As many of `parts`, as sentences, as two lines of `width` inches have room for.

    Those that have none are left out; of the first ones, which are `needed`, the end is.
    """

    def fits(text: str) -> bool:
        return filled(text, width, size_pt).count("\n") < 2

    said = ""
    for place, part in enumerate(parts):
        sentence = f"{part[0].upper() if said else part[0]}{part[1:]}." if part else ""
        while place < needed and len(sentence) > 8 and not fits(f"{said} {sentence}"):
            sentence = f"{sentence[:-2].rstrip()}…"
        if sentence and fits(f"{said} {sentence}"):
            said = f"{said} {sentence}".lstrip()
    return filled(said, width, size_pt)


def named(name: str, width: float, size_pt: float) -> str:
    """The name of an axis, where it is wider than `width` inches in two lines, parted at a dot."""
    if width_in(name, size_pt) <= width:
        return name
    group, dot, last = name.rpartition(".")
    return "\n".join(cut(part, width, size_pt) for part in (group + dot, last) if part)


@dataclass(frozen=True)
class XLabels:
    """Tick labels along x that fit, and the height that they take in inches."""

    texts: list[str]
    turned: bool
    height: float


def x_labels(labels: list[str], inches: Any, *, numeric: bool) -> XLabels:
    """The `labels` of ticks at `inches` along x: folded, in rows, turned or left out to fit."""
    gap = float(np.diff(inches).min()) if len(labels) > 1 else _WIDEST_GAP_IN
    lines = [folded(label, 0.9 * gap, SMALL_PT) for label in labels]
    whole = all(
        one.replace("/\n", "/").replace("\n", " ") == label
        for one, label in zip(lines, labels, strict=True)
    )
    if whole and widest_in("\n".join(lines).split("\n"), SMALL_PT) <= 0.92 * gap:
        return XLabels(lines, False, 0.11 * max(line.count("\n") + 1 for line in lines))
    wide = widest_in(labels, SMALL_PT) + 0.05
    if numeric and wide <= 0.5:
        if len(labels) <= _FEW and (rows := _rows(inches, wide)) is not None:
            below = ["\n" * row + label for row, label in zip(rows, labels, strict=True)]
            return XLabels(below, False, 0.11 * (max(rows) + 1))
        kept = spaced(inches, wide)
        return XLabels(
            ["" if i not in kept else labels[i] for i in range(len(labels))], False, 0.11
        )
    labels = [cut(label, 1.2, SMALL_PT) for label in labels]
    kept = spaced(inches, 0.13)
    shown = [label if i in kept else "" for i, label in enumerate(labels)]
    return XLabels(shown, True, 0.72 * widest_in(shown, SMALL_PT) + 0.1)


def _rows(inches: Any, least: float) -> list[int] | None:
    """The row of each label, from 0, so that those of one are `least` apart; `None` for too many.

    Places are ascending.
    """
    ends, rows = [-np.inf] * _MOST_ROWS, []
    for place in inches:
        free = [row for row, end in enumerate(ends) if place - end >= least]
        if not free:
            return None
        rows.append(free[0])
        ends[free[0]] = place
    return rows


def spaced(inches: Any, least: float) -> set[int]:
    """The ticks that keep at least `least` inches from the one kept before."""
    kept = [0]
    for number in range(1, len(inches)):
        if inches[number] - inches[kept[-1]] >= least:
            kept.append(number)
    return set(kept)


def wrapped(text: str, width: int) -> str:
    """`text` in lines of at most `width` characters."""
    return "\n".join(textwrap.wrap(text, width, break_long_words=True))
