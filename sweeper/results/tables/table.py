"""A study's results as a table: a row a configuration, a column a task, the best in bold."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from sweeper.errors import SweeperError, shown
from sweeper.results.axis import STUDY, TASK, Axis, visible
from sweeper.results.captions import interval_text, span
from sweeper.results.data import Data
from sweeper.results.estimates import averaged, best_place, ends, estimate, uneven_note
from sweeper.results.run_tables import Scored
from sweeper.results.slices.pooling import pooled
from sweeper.score import named
from sweeper.text import agreed, brief, counted

ALL = "all tasks"
"""What the column is called that has the trials' values over all tasks."""


@dataclass(frozen=True)
class Results:
    """A results table, whatever it is written as."""

    name: str
    rows: tuple[str, ...]
    """The titles of the axes that rows differ in."""
    labels: list[tuple[str, ...]]
    """For each row its label of each of these axes."""
    columns: list[str]
    """What each column is of."""
    axes: list[str]
    """The axes of the rows, and that of the columns."""
    table: pd.DataFrame
    """One row a cell, in the rows' order: `(row)`, `(column)`, the axes' labels, its estimate, its
    runs by how they ended, and whether it is `bold`."""
    caption: str


def results(
    data: Data,
    *,
    x: str | None = None,
    y: Sequence[str] = (),
    metric: str | None = None,
    at: str | None = None,
) -> Results:
    """The results with the axis `x` along the columns and the combinations of the axes `y` as rows.

    By default columns are tasks and rows the varied axes; other axes are pooled. Where columns are
    tasks and scores normalised, another column has the trials' values over all tasks, and one more
    those by each further score. `metric` is shown in its own unit instead of the score; both are
    the final, max or auc of a run's curve, as `at` says. `SweeperError` for an unknown axis or
    metric, and for an axis that is named twice; `NothingToShow` where no run has ended with a
    score.
    """
    x, rows = _chosen(data, x, y)
    data = data.rescored(at)
    shown = pooled(data, [data.axis(name) for name in [*rows, x]])
    runs = shown.table(metric)
    data.check_scored("table")
    labels, row = _labels(data, runs, rows)
    across = data.axis(x)
    texts = [_label(across, label) for label in across.labels]
    table = _cells(runs, data.how, (row, len(labels)), (across.codes(runs), len(texts)))
    used = averaged(runs.assign(**{"(cell)": _numbers(row, across, runs)}))
    caption = _caption(data, metric, table, [*rows, x], used)
    table["(score)"] = 0
    if x == TASK and metric is None:
        table, texts = _with_trials(shown, runs, table, (row, len(labels)), texts)
    table = table.sort_values(["(row)", "(column)"], ignore_index=True)
    for place, name in enumerate(rows):
        table[data.axis(name).column] = [labels[number][place] for number in table["(row)"]]
    table[across.column] = [texts[number] for number in table["(column)"]]
    table["bold"] = _bold(data, metric, table, TASK if TASK in (x, *rows) else None)
    columns = texts if x == TASK else [f"{across.title} = {text}" for text in texts]
    return Results(
        data.name,
        tuple(data.choice.titles(rows)),
        labels,
        columns,
        [*rows, x],
        table,
        caption,
    )


def tidy(found: Results) -> pd.DataFrame:
    """All numbers of the table, a row a cell."""
    numbers = visible(found.table)
    return numbers[[*found.axes, *(name for name in numbers if name not in found.axes)]]


def _chosen(data: Data, x: str | None, y: Sequence[str]) -> tuple[str, list[str]]:
    rows = list(y)
    for place, name in enumerate(rows):
        data.choice.check_distinct(x=x, y=name)
        if name in rows[:place]:
            raise SweeperError(f"y names {shown(name)} twice")
    if x is not None:
        data.axis(x)
    if rows and data.choice.joint and STUDY not in (x, *rows):
        rows = [STUDY, *rows]
    if x is None:
        free = [TASK, *data.varied, *data.axes]
        x = next((name for name in free if name not in rows), None)
    if x is None:
        raise SweeperError("y names all axes there are; one of them is needed for x")
    hidden = data.choice.moved([x])
    rows = rows or [name for name in data.varied if name != x and name not in hidden]
    return x, rows or [name for name in [TASK, *data.axes] if name != x][:1]


def _labels(data: Data, runs: pd.DataFrame, rows: list[str]) -> tuple[list[tuple[str, ...]], Any]:
    """The rows' labels, in the order of the axes, and the row of each run; without axes one row."""
    if not rows:
        return [()], np.zeros(len(runs), int)
    axes: list[Axis] = [data.axis(name) for name in rows]
    codes = np.column_stack([axis.codes(runs) for axis in axes])
    found, row = np.unique(codes, axis=0, return_inverse=True)
    labels = [
        tuple(_label(axis, axis.labels[code]) for axis, code in zip(axes, own, strict=True))
        for own in found.tolist()
    ]
    return labels, row.reshape(-1)


def _numbers(row: Any, across: Axis, runs: pd.DataFrame) -> Any:
    """A number for the cell of each run."""
    return row * len(across.labels) + across.codes(runs)


def _label(axis: Axis, label: Any) -> str:
    return axis.nothing if isinstance(label, float) and math.isnan(label) else brief(label)


def _cells(
    runs: pd.DataFrame, how: str, rows: tuple[Any, int], columns: tuple[Any, int]
) -> pd.DataFrame:
    """A table of cells; of rows and columns the number of each run's, and how many there are."""
    shape = (rows[1], columns[1])
    row, column = np.indices(shape).reshape(2, -1)
    table = pd.DataFrame({"(row)": row, "(column)": column})
    runs = runs.assign(**{"(cell)": np.ravel_multi_index((rows[0], columns[0]), shape)})
    estimate(table, runs, how)
    return table.assign(**ends(runs, len(table)))


def _with_trials(
    data: Data, runs: pd.DataFrame, table: pd.DataFrame, rows: tuple[Any, int], texts: list[str]
) -> tuple[pd.DataFrame, list[str]]:
    """`table` and `texts` with columns of the trials' values over all tasks, one for each score.

    With one task that is none for the first score. Of several scores each column is called by its.
    """
    first, *further = data.tables.scores
    parts, several = [(first, runs)] if len(texts) > 1 else [], len(texts) > 1
    parts += [(score, data.tables.scored(score)) for score in further]
    tables, titles = [table], [f"{first.name}: {text}" for text in texts] if further else [*texts]
    for score, own in parts:
        cells = _cells(own, score.how, rows, (np.zeros(len(own), int), 1))
        place = data.tables.scores.index(score)
        tables.append(cells.assign(**{"(column)": len(titles), "(score)": place}))
        over = ALL if several else texts[0]
        titles.append(f"{score.name}: {over}" if further else over)
    return pd.concat(tables), titles


def _bold(data: Data, metric: str | None, table: pd.DataFrame, within: str | None) -> pd.Series:
    """Whether a cell is the best by its score of those with its label of `within`, or tied with it.

    Tied are cells whose interval overlaps that of the best; where one of the two is unknown only
    points are compared. Cells that lack configurations pool other ones, so that they are neither.
    """
    bold = pd.Series(False, table.index)
    known = table[table["point"].notna() & (table["n"] == table["planned"])]
    for _, own in known.groupby(["(score)", within] if within else ["(score)"]):
        score = data.tables.scores[int(own["(score)"].iloc[0])]
        minimise = score.minimise if metric is None else data.minimised(metric)
        if minimise is None or len(own) < 2:
            continue
        place, tied = best_place(own, minimise=minimise)
        bold[own.index] = tied | (own["point"] == own["point"].iloc[place])
    return bold


def _caption(
    data: Data, metric: str | None, table: pd.DataFrame, shown: list[str], used: pd.DataFrame
) -> str:
    known, count = int(table["low"].notna().sum()), int(table["point"].notna().sum())
    if not count:
        return data.caption(0, shown, "no configuration is complete")
    label = data.value_label(metric, shown)
    said = [f"{label}, {interval_text(known, count)}; n = {span(table['n'])} a cell"]
    minimise = data.minimised(metric)
    if minimise is None:
        said.append(f"Nothing is bold: which {metric} is better is not said")
    elif count > 1:
        least = "lowest" if minimise else "best"
        of = " of each task" if TASK in shown and len(data.tasks) > 1 else ""
        said.append(f"Bold: the {least}{of}" + _tied(known, count))
    lacking = int((table["point"].notna() & (table["n"] < table["planned"])).sum())
    if lacking:
        lack = agreed(lacking, "lacks", "lack")
        said.append(f"{counted(lacking, 'cell')} that {lack} configurations: never bold")
    if metric is None and TASK in shown and len(data.tables.scores) > 1:
        said += [f"{own.name}: {_better(own)}" for own in data.tables.scores]
    text = ". ".join(said) + uneven_note(data, used, shown, "cell")
    return data.caption(int(table["n"].sum()), shown, text)


def _better(score: Scored) -> str:
    return f"normalised ({named(score.how)}), {'smaller' if score.minimise else 'larger'} is better"


def _tied(known: int, count: int) -> str:
    if not known:
        return "; without intervals others may be as good"
    tied = " and all whose interval overlaps its, which cannot be told apart"
    return tied + ("" if known == count else " (of unknown ones points are compared)")
