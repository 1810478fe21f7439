"""Verdicts as a table: plain, in Markdown, in LaTeX, or as a frame of all their numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pandas as pd

from sweeper.results.tables import table_text
from sweeper.results.tables.table_text import latex_text, markdown_text
from sweeper.results.tables.wording import bounds, writer
from sweeper.results.verdicts.verdicts import EXPLORATORY, Verdict
from sweeper.stats import MIN_SEEDS
from sweeper.text import agreed, counted

HEADER = ("claim", "says", "verdict", "left", "right", "difference", "p", "seeds", "source")
_FORM = "lllrrrrll"

_DIFFERENCE = "difference: left less right"
_BY_HOLM = (
    "Intervals are of resamples of whole seeds, the same for both sides; they and p values are "
    "Holm's for all claims, so that in at most 5 of 100 such studies a verdict is wrong"
)
_EXPLORATORY = (
    "Exploratory: the claim came after the first run had ended, and may have been made of what was "
    "seen"
)


def rows(found: Sequence[Verdict]) -> list[list[str]]:
    """The header, and the cells of each verdict."""
    return [[*HEADER], *(_cells(one) for one in found)]


def _cells(one: Verdict) -> list[str]:
    text = writer(one.low, one.high)
    known = not math.isnan(one.difference)
    said = f"{text(one.difference)} ({bounds(one.low, one.high, text)})" if known else ""
    exploratory = f" ({EXPLORATORY})" if one.status == EXPLORATORY else ""
    return [
        one.name,
        one.says,
        f"{one.verdict}{exploratory}",
        *(_value(side) if known else "" for side in (one.left, one.right)),
        said,
        "" if math.isnan(one.p) else _probability(one.p),
        _seeds(one),
        one.source or "",
    ]


def _value(side: float) -> str:
    return f"{side:.4g}" if math.isfinite(side) else table_text.DIVERGED


def _probability(p: float) -> str:
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def _seeds(one: Verdict) -> str:
    if not one.seeds:
        return one.why
    few = f", {one.runs} of {counted(one.planned, 'run')}" if one.runs < one.planned else ""
    if one.seeds_needed is not None:
        enough = "about" if one.seeds >= MIN_SEEDS else "at least"
        return f"{one.seeds}, {enough} {one.seeds_needed} needed{few}"
    return f"{one.seeds}, alike{few}" if one.why else f"{one.seeds}{few}"


def caption(study: str, found: Sequence[Verdict]) -> str:
    """What must be known to read the table."""
    count = len(found)
    head = f"{study}: {count} {agreed(count, 'claim', 'claims')}, {_DIFFERENCE}"
    return ". ".join([head, *notes(found)]) + "."


def notes(found: Sequence[Verdict]) -> list[str]:
    """What must be known of intervals and verdicts, as sentences without a full stop."""
    said = [_BY_HOLM]
    if any(one.status == EXPLORATORY for one in found):
        said.append(_EXPLORATORY)
    if any(one.seeds and one.why and one.seeds_needed is None for one in found):
        said.append("Alike: a thousand seeds would not tell the two apart")
    return said


def plain(found: Sequence[Verdict]) -> str:
    """The table as lines of a terminal, a claim each."""
    return "\n".join(table_text.aligned([row[:-1] for row in rows(found)]))


def markdown(study: str, found: Sequence[Verdict]) -> str:
    """The table in Markdown, its caption below it."""
    cells = [[*map(markdown_text, row)] for row in rows(found)]
    return table_text.markdown_table(cells, _FORM, caption(study, found))


def latex(study: str, found: Sequence[Verdict]) -> str:
    """The table in LaTeX, for the package booktabs."""
    cells = [[*map(latex_text, row)] for row in rows(found)]
    return table_text.latex_table(f"{study}-claims", cells, _FORM, caption(study, found), wide=True)


def frame(found: Sequence[Verdict]) -> pd.DataFrame:
    """One row a claim, with all numbers of its verdict."""
    columns = [*Verdict.__dataclass_fields__]
    return pd.DataFrame([vars(one) for one in found], columns=columns)
