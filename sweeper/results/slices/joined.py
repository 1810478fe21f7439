"""Several studies as one, whose axis `study` tells them apart."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from sweeper.errors import SweeperError
from sweeper.results.axis import ABSENT, STUDY, TASK, Axis
from sweeper.results.captions import Origin
from sweeper.results.data import Data
from sweeper.results.run_tables import RunTables
from sweeper.text import united


def joined(parts: Sequence[Data]) -> Data:
    """The data of studies that agree in all but the values of their axes; of one it is that.

    Trials are numbered on from study to study. `SweeperError` with the difference where metrics,
    directions, steps, tasks with their bounds, or axes are not the same.
    """
    first = parts[0]
    if len(parts) == 1:
        return first
    names = [part.name for part in parts]
    if len(set(names)) < len(names):
        raise SweeperError(f"study= names one study twice: {', '.join(names)}")
    if STUDY in first.tables.columns:
        raise SweeperError(f"{first.name} has an axis called {STUDY}: it is shown alone")
    for other in parts[1:]:
        found = next(_differences(first, other), None)
        if found is not None:
            raise SweeperError(f"{first.name} and {other.name} cannot share a figure: {found}")
    names_of_axes = [*first.tables.columns, *_derived(parts)]
    axes = {name: _axis([part.axes[name] for part in parts]) for name in names_of_axes}
    study = Axis(STUDY, tuple(names), False)
    choice = replace(
        first.choice,
        study=" and ".join(names),
        axes={STUDY: study, **axes, TASK: first.axes[TASK]},
        zip=first.choice.zip if all(p.choice.zip == first.choice.zip for p in parts) else (),
        joint=True,
    )
    parts = _relative(parts)
    rounded = {name: _rounded([part.axes[name] for part in parts]) for name in names_of_axes}
    return Data(_tables(parts, study, rounded), choice, _origin(parts))


def _relative(parts: Sequence[Data]) -> Sequence[Data]:
    """The parts with scores relative to one baseline: of each task the best run of all studies."""
    minimise, best = parts[0].tables.minimise, dict[str, float]()
    if not parts[0].origin.baseline:
        return parts
    for part in parts:
        for task, value in part.tables.best.items():
            found = (value, best.get(task, value))
            best[task] = min(found) if minimise else max(found)
    return [replace(part, tables=part.tables.with_best(best)) for part in parts]


def _derived(parts: Sequence[Data]) -> list[str]:
    """The parameters that formulas derive in all studies, and that are of one kind in them."""
    every = [{name: axis for name, axis in part.axes.items() if axis.derived} for part in parts]
    return [
        name
        for name, axis in every[0].items()
        if all(name in own and own[name].numeric == axis.numeric for own in every)
    ]


def _differences(first: Data, other: Data) -> Iterator[str]:
    """In what two studies differ that a figure of both must share."""
    mine, its = first.tables, other.tables
    for name in ("metric", "at", "how"):
        values = getattr(mine, name), getattr(its, name)
        if values[0] != values[1]:
            called = {"how": "score.aggregate", "at": "score.at"}.get(name, name)
            yield f"{called} is {values[0]} and {values[1]}"
    if first.origin.baseline != other.origin.baseline:
        named = [dict(one.origin.baseline) or "none" for one in (first, other)]
        yield f"baseline is {named[0]} and {named[1]}, so that scores are of other things"
    if mine.minimise != its.minimise:
        ways = ["minimize" if one.minimise else "maximize" for one in (mine, its)]
        yield f"direction is {ways[0]} and {ways[1]}"
    if mine.bounds != its.bounds:
        bounds = [", ".join(map(str, tables.bounds)) or "none" for tables in (mine, its)]
        yield f"score.constraints are {bounds[0]} and {bounds[1]}"
    if [s.name for s in mine.scores] != [s.name for s in its.scores]:
        yield "they have other further scores"
    for task in dict.fromkeys([*mine.tasks, *its.tasks]):
        if task not in mine.tasks or task not in its.tasks:
            alone = first.name if task in mine.tasks else other.name
            yield f"the task {task} is one of {alone} alone (where=task=… shows what both have)"
        elif mine.lengths[task] != its.lengths[task]:
            yield f"the steps: on {task} {mine.lengths[task]:,} and {its.lengths[task]:,}"
        elif not first.origin.baseline and mine.tasks[task] != its.tasks[task]:
            ends = ["{:g} to {:g}".format(*tables.tasks[task]) for tables in (mine, its)]
            yield f"the bounds of {task}: {ends[0]} and {ends[1]}"
    for name in dict.fromkeys([*mine.columns, *its.columns]):
        if name not in mine.columns or name not in its.columns:
            yield f"{name} is an axis of {first.name if name in mine.columns else other.name} alone"
        elif first.axes[name].numeric != other.axes[name].numeric:
            yield f"{name} has numbers in one and texts in the other"


def _axis(axes: Sequence[Axis]) -> Axis:
    """One axis with the values that it has in some study."""
    first = axes[0]
    known = dict.fromkeys(united([label for axis in axes for label in axis.known]))
    labels = sorted(known) if first.numeric else list(known)
    absent = any(axis.absent for axis in axes)
    missing = [np.nan if first.numeric else ABSENT] if absent else []
    drawn = any(axis.drawn for axis in axes)
    same = {axis.nothing for axis in axes if axis.absent}
    nothing = same.pop() if len(same) == 1 else ABSENT
    every = (*labels, *missing)
    return replace(first, labels=every, absent=absent, drawn=drawn, nothing=nothing)


def _rounded(axes: Sequence[Axis]) -> dict[Any, Any]:
    """From a label to that of another study which is equal up to rounding and stands for both."""
    labels = [label for axis in axes for label in axis.known]
    pairs = zip(labels, united(labels), strict=True)
    return {label: one for label, one in pairs if label != one}


def _tables(
    parts: Sequence[Data], study: Axis, rounded: Mapping[str, Mapping[Any, Any]]
) -> RunTables:
    """The tables of all parts, with one label for those that are equal up to rounding."""
    first = parts[0].tables
    counts = [int(part.runs["trial"].max()) + 1 for part in parts]
    starts = np.cumsum([0, *counts[:-1]])
    ids = [f"{p.name}/{run}" for p in parts for run in p.runs["run"].cat.categories]

    def together(tables: Sequence[pd.DataFrame], column: str) -> pd.DataFrame:
        """The tables of all parts as one, with a column of their studies."""
        marked = []
        for part, table, start in zip(parts, tables, starts, strict=True):
            run = part.name + "/" + table["run"].astype(object).astype(str)
            marked.append(table.assign(run=run, trial=table["trial"] + start))
            marked[-1].insert(4, column, part.name)
        found = pd.concat([one.astype({TASK: object}) for one in marked], ignore_index=True)
        for name, labels in rounded.items():
            for own in {name, parts[0].axes[name].column} & set(found) if labels else ():
                found[own] = found[own].replace(labels)
        found["run"] = pd.Categorical(found["run"], categories=ids)
        found[TASK] = pd.Categorical(found[TASK], categories=list(first.tasks))
        return found

    return replace(
        first,
        study=" and ".join(study.labels),
        runs=together([part.runs for part in parts], study.column),
        reports=lambda: together([part.reports() for part in parts], STUDY),
        columns={STUDY: study.column, **first.columns},
    )


def _origin(parts: Sequence[Data]) -> Origin:
    """What is said of all studies: what they share once, and of what differs whose it is."""
    origins = [part.origin for part in parts]
    first = origins[0]

    def said(texts: Sequence[str]) -> str:
        if len(set(texts)) == 1:
            return texts[0]
        pairs = zip(origins, texts, strict=True)
        return "; ".join(f"{origin.name}: {text}" for origin, text in pairs if text)

    budgets = {(origin.scale, origin.paper_steps) for origin in origins}
    hands = said([", ".join(origin.by_hand) for origin in origins])
    return replace(
        first,
        name=" and ".join(origin.name for origin in origins),
        reference=lambda: None,
        changed=list,
        note=said([(origin.note or "").strip().rstrip(".") for origin in origins]) or None,
        by_hand=(hands,) if hands else (),
        scale=first.scale if len(budgets) == 1 else None,
        paper_steps=first.paper_steps if len(budgets) == 1 else None,
        part=said([origin.part for origin in origins]),
        mixed_code=said([origin.mixed_code for origin in origins]),
    )
