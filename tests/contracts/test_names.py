"""No name that an axis may have takes anything away from a figure, a table or their numbers."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest

from sweeper import lookup
from sweeper.figures.drawing import style
from sweeper.results.data import Data
from sweeper.results.export import tidy_tables
from sweeper.results.tables import table as results
from sweeper.results.tables import table_text
from sweeper.space import figure_options
from tests.helpers.figures import OF_ANY_STUDY
from tests.helpers.played_study import player

PLAIN = ("FIRST", "SECOND")
NAMES = [
    *("best", "tied", "metric", "tau", "IQM", "gap", "x", "y", "figure x", "axis x", "axis"),
    *("gain", "trials", "return", "metric return", "(cell)", "(value)", "(point)", "index", "at"),
]
PAIRS = list(zip(NAMES[::2], NAMES[1::2], strict=True))


def whole(run, labels):
    """Each run another value, so that no two points are alike."""
    value = float(np.random.default_rng([run.trial, run.seed]).normal())
    return "complete", [(20, {"return": value - 1}), (40, {"return": value})]


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """The data of a study of two axes with these names, which is played once."""

    @cache
    def study(first, second):
        axes = {
            first: {"kind": "float", "values": [1, 2, 4]},
            second: {"kind": "choice", "values": ["some", "other"]},
        }
        return player(tmp_path_factory.mktemp("played"))(whole, axes=axes)

    return lambda *names: Data.of(study(*names))


def drawn(figure, data, names):
    """The table of the figure of the two axes, where it takes any."""
    takes = lookup.keywords("sweeper.figures", figure)
    options = dict(
        zip([name for name in figure_options.axes_of(figure) if name in takes], names, strict=False)
    )
    with style.context():
        picture = lookup.find("sweeper.figures", figure)(data, **options)
    return picture.table


@pytest.mark.parametrize("figure", OF_ANY_STUDY)
def test_a_figure_has_the_labels_of_its_axes_and_all_its_numbers(data, tmp_path, figure):
    plain = drawn(figure, data(*PLAIN), PLAIN)
    for names in PAIRS:
        table = drawn(figure, data(*names), names)
        tidy_tables.replace(tmp_path / "it.csv", table)
        assert list(pd.read_csv(tmp_path / "it.csv").columns) == list(table.columns)
        same(table, plain, names)


def same(table, plain, names):
    """All columns of `plain`, its two axes under other names."""
    renamed = dict(zip(PLAIN, names, strict=True))
    taken = {renamed[name] for name in PLAIN if name in plain}
    own = {name: f"figure {name}" if name in taken else name for name in plain}
    assert list(table.columns) == [renamed.get(name, own[name]) for name in plain]
    for name, other in zip(plain, table, strict=True):
        expected = plain[name]
        if not pd.api.types.is_numeric_dtype(expected):
            for axis, called in renamed.items():
                expected = expected.astype(str).str.replace(axis, called, regex=False)
        found = table[other].astype(expected.dtype)
        pd.testing.assert_series_equal(found, expected, check_names=False)


@pytest.mark.parametrize(
    ("form", "text"),
    [
        (table_text.markdown, table_text.markdown_text),
        (table_text.latex, table_text.latex_text),
        (lambda found: results.tidy(found).to_csv(index=False), str),
    ],
)
def test_a_table_has_the_labels_of_its_axes_and_all_its_numbers(data, form, text):
    def lines(*names):
        """The header and the rows."""
        found = form(results.results(data(*names))).splitlines()
        found = [line for line in found if "caption{" not in line and any(c in line for c in ",&|")]
        return [" ".join(line.split()) for line in found][:7]

    _, *plain = lines(*PLAIN)
    for names in PAIRS:
        header, *rows = lines(*names)
        assert all(text(name) in header for name in names) and rows == plain
