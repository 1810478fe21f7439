"""Parallel coordinates and pairs of axes: the numbers behind them, and what is left out."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import LineCollection, QuadMesh

from sweeper import figures
from sweeper.errors import SweeperError
from sweeper.figures.pairs import MOST_AXES
from tests.helpers.figures import AXES, drawn, whole, words


def bundle(picture):
    """The lines of the configurations; colour bars have a few of their own."""
    found = [one for ax in picture.figure.axes for one in ax.collections]
    found = [one for one in found if isinstance(one, LineCollection)]
    return max(found, key=lambda one: len(one.get_segments()))


def test_the_table_has_all_configurations_and_then_all_pairs(played):
    picture = drawn(played(whole, axes=AXES), "pairs")
    trials, cells = (picture.table[picture.table["x"].isna() == one] for one in (True, False))
    assert trials["trial"].tolist() == list(range(8))
    expected = [1.0 if layers == "none" else 6.0 for layers in trials["sn.layers"]]
    assert trials["point"].tolist() == expected and trials["n"].tolist() == [5] * 8
    assert (trials["low"] < trials["point"]).all() and (trials["point"] < trials["high"]).all()
    assert len(cells) == 3 * 4 and cells["n"].tolist() == [10] * 12
    pair = cells[(cells["x"] == "optimizer.eps") & (cells["y"] == "sn.layers")]
    # 10 runs of 2 configurations in a cell: the IQM of 0, 0, 1, 1 … 4, 4 in units of 2
    assert pair["point"].tolist() == [1.0, 1.0, 6.0, 6.0]
    other = cells[(cells["x"] == "optimizer.lr") & (cells["y"] == "optimizer.eps")]
    # of both layer sets: the IQM of 0, 0.5, 1, 1.5, 2, 5, 5.5, 6, 6.5, 7
    assert other["point"].tolist() == pytest.approx([np.mean([1, 1.5, 2, 5, 5.5, 6])] * 4)


def test_every_line_ends_at_its_score_and_the_best_is_on_top(played):
    picture = drawn(played(whole, axes=AXES), "pairs")
    lines = bundle(picture)
    ends = [segment[-1][1] for segment in lines.get_segments()]
    assert len(ends) == 8 and ends == sorted(ends)
    assert len(lines.get_segments()[0]) == len(AXES) + 1
    (best,) = (line for line in lines.axes.lines if len(line.get_xdata()) == len(AXES) + 1)
    assert best.get_ydata()[-1] == ends[-1]


def test_where_minimised_the_smallest_is_on_top(played):
    lines = bundle(drawn(played(whole, axes=AXES, direction="minimize"), "pairs"))
    ends = [segment[-1][1] for segment in lines.get_segments()]
    assert ends == sorted(ends, reverse=True)


def test_incomplete_configurations_leave_gaps_and_are_counted(played):
    def outcome(run, labels):
        lacks = labels["optimizer.lr"] == 1e-3 and labels["optimizer.eps"] == 1e-2
        return None if lacks else whole(run, labels)

    picture = drawn(played(outcome, axes=AXES), "pairs")
    cells = picture.table[picture.table["x"].notna()]
    gap = cells[cells["point"].isna()]
    assert gap[["optimizer.lr", "optimizer.eps"]].to_numpy().tolist() == [[1e-3, 1e-2]]
    hatched = [patch for ax in picture.figure.axes for patch in ax.patches if patch.get_hatch()]
    assert len(hatched) == 1
    assert "6 complete configurations" in words(picture) and "missing: 10" in words(picture)


def test_drawn_numbers_are_binned_below_and_thousands_of_lines_are_one_picture(played):
    axes = {
        "lr": {"kind": "float", "low": 1e-5, "high": 1.0, "log": True},
        "size": {"kind": "int", "low": 1, "high": 4},
    }
    study = played(
        lambda run, labels: ("complete", [(40, {"return": float(labels["size"])})]),
        axes=axes,
        sampler="random",
        trials=2100,
        seeds=1,
    )
    picture = drawn(study, "pairs")
    cells = picture.table[picture.table["x"].notna()]
    assert len(cells) == 8 * 4 and cells["n"].sum() == 2100
    assert picture.table["low"].isna().all()
    lines = bundle(picture)
    assert lines.get_rasterized()
    assert "A sampler drew lr: 8 bins each" in words(picture)
    assert "Intervals are unknown: fewer than 5 seeds" in words(picture)


def test_of_many_axes_the_first_are_shown_and_the_others_named(played):
    axes = {f"a{n}": {"kind": "int", "values": [1, 2]} for n in range(MOST_AXES + 2)}

    def outcome(run, labels):
        return "complete", [(40, {"return": float(labels["a0"])})]

    picture = drawn(played(outcome, axes=axes, seeds=1), "pairs")
    meshes = [
        one for ax in picture.figure.axes for one in ax.collections if isinstance(one, QuadMesh)
    ]
    colour_bars = 2
    assert len(meshes) == MOST_AXES * (MOST_AXES - 1) // 2 + colour_bars
    assert "Not shown, beyond 8 axes: a8, a9" in words(picture)


def test_the_csv_is_whole(played, tmp_path):
    study = played(whole, axes=AXES)
    _, table, _ = figures.render(study, "pairs", {}, tmp_path / "pairs.pdf")
    assert len(pd.read_csv(table)) == 8 + 12


def test_an_unknown_metric_is_refused(played):
    with pytest.raises(SweeperError, match=r"'los' is no metric.*did you mean 'loss'"):
        figures.render(played(whole, axes=AXES), "pairs", {"metric": "los"})
