"""Figures and tables call an axis by its title; their numbers stay under its name."""

from __future__ import annotations

from itertools import combinations

import pytest
from matplotlib.text import Text

from sweeper import lookup
from sweeper.results.data import Data
from sweeper.results.tables import table as results
from sweeper.results.tables import table_text
from tests.helpers.figures import AXES, OF_ANY_STUDY, drawn, whole, words

TITLES = {"optimizer.lr": "step size η", "optimizer.eps": "Adam's ε", "sn.layers": "layers with SN"}
TITLED = {name: axis | {"title": TITLES[name]} for name, axis in AXES.items()}


@pytest.mark.parametrize("figure", OF_ANY_STUDY)
def test_figures_show_titles_for_names(played, figure):
    picture = drawn(played(whole, axes=TITLED, seeds=5), figure)
    said = words(picture)
    assert any(title in said for title in TITLES.values())
    assert not any(name in said for name in TITLES), said
    table = picture.table.to_csv()
    assert not any(title in table for title in TITLES.values()), "tables for programs keep names"


def test_an_axis_without_a_title_is_called_by_its_name(played):
    axes = {**TITLED, "optimizer.lr": AXES["optimizer.lr"]}
    said = words(drawn(played(whole, axes=axes), "heatmap", x="optimizer.lr", y="optimizer.eps"))
    assert "optimizer.lr" in said and "Adam's ε" in said


def test_tables_have_titles_above_and_names_in_csv(played):
    found = results.results(Data.of(played(whole, axes=TITLED)), x="sn.layers")
    for text in (table_text.markdown(found), table_text.latex(found)):
        assert "step size" in text and "optimizer.lr" not in text
        assert "layers with SN = none" in text.replace("\\", "")
    assert set(TITLES) <= set(results.tidy(found))


SHOWING = [name for name in OF_ANY_STUDY if name != "history"]
"""What has the title of an axis in the picture itself."""


@pytest.mark.parametrize("figure", SHOWING)
def test_nothing_of_long_titles_leaves_the_figure_or_meets_the_next(played, figure):
    titles = [f"{100 * 'WW '}{one}" for one in TITLES.values()]
    axes = {name: AXES[name] | {"title": one} for name, one in zip(AXES, titles, strict=True)}
    takes = lookup.keywords("sweeper.figures", figure)
    options = {"facet": "sn.layers"} if "facet" in takes else {}
    shown = drawn(played(whole, axes=axes, seeds=5), figure, **options).figure
    shown.canvas.draw()
    found = [one for one in shown.findobj(Text) if one.get_visible() and "WW" in one.get_text()]
    boxes = [text.get_window_extent() for text in found if text not in shown.texts]
    assert found and all(box.x0 >= -1 and box.x1 <= shown.bbox.x1 + 1 for box in boxes)
    assert not any(one.overlaps(other) for one, other in combinations(boxes, 2))
