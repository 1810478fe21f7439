"""Kinds of studies that a contract looks at through every figure, table and list."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sweeper.study.study import Study
from tests.helpers.constructed_study import constructed, extended

SPACE: dict[str, Any] = {
    "study": "made",
    "function": "file.py:train",
    "axes": {
        "x": {"kind": "float", "values": [1.0, 2.0, 4.0, 8.0]},
        "y": {"kind": "choice", "values": ["a", "b"], "default": "a"},
    },
    "tasks": {"line": {"low": 0.0, "high": 10.0}},
    "seeds": 5,
    "steps": 40,
    "score": {"metric": "return"},
}
COST = {"metric": "cost", "at": "max", "direction": "minimize", "low": 0.0, "high": 10.0}


def curve(run: Any, end: float, **more: float) -> list[tuple[int, dict[str, float]]]:
    """Three reports on the way to `end`, which seeds reach a little apart."""
    spread = 0.01 * run.seed
    return [(step, {"return": end * step / 40 + spread, **more}) for step in (10, 20, 40)]


def honest(run: Any, labels: Mapping[str, Any]) -> Any:
    """All scores are far below the low of their task; the best has x = 1 and y = b."""
    return "complete", curve(run, -20.0 - labels["x"] + 0.5 * (labels["y"] == "b"))


def diverging(run: Any, labels: Mapping[str, Any]) -> Any:
    """With x = 4 at once, with x = 8 after the highest reports of all."""
    if labels["x"] == 4.0:
        return "nan", []
    return ("nan", curve(run, 9.0)[:2]) if labels["x"] == 8.0 else honest(run, labels)


def mirrored(run: Any, labels: Mapping[str, Any]) -> Any:
    """The same where smaller is better, all honest scores far above the high."""
    state, reports = diverging(run, labels)
    return state, [(step, {"return": 30.0 - point["return"]}) for step, point in reports]


def partly(run: Any, labels: Mapping[str, Any]) -> Any:
    """With x = 4 three of five seeds diverge, with x = 8 one of the others, which are the best."""
    if labels["x"] == 4.0 and run.seed < 3:
        return "nan", curve(run, 9.0)[:1]
    if labels["x"] == 8.0:
        return ("nan", []) if run.seed == 0 else ("complete", curve(run, -5.0))
    return honest(run, labels)


def several(run: Any, labels: Mapping[str, Any]) -> Any:
    """The cost is least half-way; the larger x the less it is."""
    state, reports = diverging(run, labels)
    costs = zip((5.0, 4.0 / labels["x"], 9.0), reports, strict=False)
    return state, [(step, point | {"cost": cost}) for cost, (step, point) in costs]


def failing(run: Any, labels: Mapping[str, Any]) -> Any:
    """One run failed, of another configuration one is open."""
    if labels["y"] == "b" and labels["x"] == 1.0:
        return ("failed", []) if run.seed == 0 else honest(run, labels)
    if labels["y"] == "b" and labels["x"] == 2.0 and run.seed == 0:
        return None
    return diverging(run, labels)


@dataclass(frozen=True)
class Kind:
    """A study, and what is true of it."""

    make: Callable[[Path], Study]
    best: dict[str, Any]
    """The labels of the best configuration."""
    lost: set[float] = field(default_factory=set)
    """The x of configurations that diverged runs leave without a value."""
    minimise: bool = False
    names: tuple[str, ...] = ("return",)
    said: tuple[str, ...] = ()
    """What captions say."""


def grown(folder: Path) -> Study:
    axes = {**SPACE["axes"], "x": {"kind": "float", "values": [1.0, 2.0]}}
    constructed(folder, {**SPACE, "axes": axes}, diverging, "seeds=3")
    return extended(folder, SPACE, diverging)


def overridden(folder: Path) -> Study:
    scales = {"laptop": {"note": "a small scale"}, "paper": {"steps": 4000}}
    return constructed(folder, {**SPACE, "scales": scales}, honest, "axes.x.values=[1,2]")


BEST = {"x": 1.0, "y": "b"}
KINDS = {
    "honest": Kind(lambda at: constructed(at, SPACE, honest), BEST),
    "diverged": Kind(
        lambda at: constructed(at, SPACE, diverging), BEST, {4.0, 8.0}, said=("diverged: 20 (",)
    ),
    "minimised": Kind(
        lambda at: constructed(at, {**SPACE, "direction": "minimize"}, mirrored),
        BEST,
        {4.0, 8.0},
        minimise=True,
        said=("diverged: 20 (",),
    ),
    "partly diverged": Kind(
        lambda at: constructed(at, SPACE, partly), {"x": 8.0}, {4.0}, said=("diverged: 8 (",)
    ),
    "several scores": Kind(
        lambda at: constructed(at, {**SPACE, "score": [{"metric": "return"}, COST]}, several),
        BEST,
        {4.0, 8.0},
        names=("return", "cost"),
        said=("diverged: 20 (",),
    ),
    "failed and open": Kind(
        lambda at: constructed(at, SPACE, failing),
        {"x": 1.0, "y": "a"},
        {4.0, 8.0},
        said=("Failed: 1 configuration", "missing: 1", "diverged: 20 ("),
    ),
    "extended": Kind(grown, BEST, {4.0, 8.0}, said=("8 configurations × 1 task × 5 seeds",)),
    "overridden": Kind(
        overridden,
        BEST,
        said=(
            "4 configurations × 1 task × 5 seeds, 40 steps",
            "40 of scale paper's 4,000 steps. Changed by hand: axes.x.values=[1,2].",
        ),
    ),
}


@dataclass(frozen=True)
class Made:
    """A study of a kind, with its tables."""

    kind: Kind
    study: Study
    runs: pd.DataFrame
    trials: pd.DataFrame

    @property
    def lost(self) -> set[int]:
        """The trials without a value by divergence."""
        return set(self.trials.loc[self.trials["x"].isin(self.kind.lost), "trial"])

    @property
    def best(self) -> set[int]:
        """The trials with the labels of the best configuration."""
        wanted = pd.Series(True, self.trials.index)
        for name, label in self.kind.best.items():
            wanted &= self.trials[name] == label
        return set(self.trials.loc[wanted, "trial"])

    @property
    def measured(self) -> tuple[float, float]:
        """The least and the most that any score of a run that did not diverge is."""
        own = self.runs.loc[self.runs["state"] == "complete", "score"]
        return float(own.min()) - 1e-9, float(own.max()) + 1e-9

    def is_measured(self, values: Any) -> bool:
        """Whether all `values` that are known lie among what runs scored."""
        values = np.asarray(values, float)
        low, high = self.measured
        return bool((np.isnan(values) | ((values >= low) & (values <= high))).all())
