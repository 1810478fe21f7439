"""A heat map of more cells than can be told apart: colours stay visible, and it stays quick."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import QuadMesh

from tests.helpers.figures import drawn

MANY = {"kind": "float", "values": [round(1e-4 * 1.02**n, 9) for n in range(400)]}
FEW = {"kind": "choice", "values": ["none", "some"]}


def went(run, labels):
    """Every fifth trial of those without layers is missing."""
    missing = labels["sn"] == "none" and run.trial % 5 == 0
    return None if missing else ("complete", [(40, {"return": run.trial / 400})])


@pytest.mark.parametrize(("x", "y"), [("lr", "sn"), ("sn", "lr")])
def test_many_cells_show_their_colours(played, x, y):
    study = played(went, axes={"lr": MANY, "sn": FEW}, seeds=1)
    picture = drawn(study, "heatmap", x=x, y=y)
    FigureCanvasAgg(picture.figure).draw()
    ax = picture.figure.axes[0]
    (cells,) = [part for part in ax.collections if isinstance(part, QuadMesh)]
    assert cells.get_array().count() == picture.table["point"].notna().sum()
    box = ax.get_window_extent()
    pixels = np.asarray(picture.figure.canvas.buffer_rgba())[::-1]
    inside = pixels[int(box.y0) + 1 : int(box.y1) - 1, int(box.x0) + 1 : int(box.x1) - 1, :3]
    assert (inside.min(axis=2) == 255).mean() < 0.02, "white lines hide no colours"
    hatched = [patch for patch in ax.patches if patch.get_hatch()]
    assert len(hatched) == 1, "thousands of hatched patches would take seconds"
    assert len(hatched[0].get_path().to_polygons()) == picture.table["point"].isna().sum()


@pytest.mark.parametrize(("x", "y"), [("lr", "sn"), ("sn", "lr")])
def test_ticks_of_many_cells_are_labelled_and_apart(played, x, y):
    study = played(went, axes={"lr": MANY, "sn": FEW}, seeds=1)
    ax = drawn(study, "heatmap", x=x, y=y).figure.axes[0]
    ticks = ax.get_xticklabels() if x == "lr" else ax.get_yticklabels()
    assert 5 < len(ticks) < 100 and all(tick.get_text() for tick in ticks)
