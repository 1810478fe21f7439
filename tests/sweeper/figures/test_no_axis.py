"""A space without axes is one trial: every figure and table shows it, or says that it cannot."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sweeper import figures, lookup
from sweeper.errors import NothingToShow
from sweeper.results.data import Data
from sweeper.results.tables import table, table_text
from sweeper.study.study import Study

CANNOT = ("claims", "compare", "consistency", "pairs", "pareto", "schedule", "surface")
NAMES = [name for name in lookup.names("sweeper.figures") if name not in CANNOT]
TASKS = {"line": {"low": 0, "high": 2}, "plane": {"low": 0, "high": 2}}


@pytest.fixture
def lone(played: Callable[..., Study]) -> Study:
    """A study of one trial, whose runs all ended with their seed as value."""
    return played(
        lambda run, labels: ("complete", [(40, {"return": float(run.seed)})]),
        tasks=TASKS,
        fixed={"width": 3},
    )


def test_it_is_one_trial_of_what_is_fixed(lone: Study) -> None:
    assert [dict(trial.labels) for trial in lone.plan.trials] == [{}]
    assert {run.params["width"] for run in lone.plan.runs} == {3} and len(lone.plan.runs) == 10


@pytest.mark.parametrize("name", NAMES)
def test_a_figure_shows_it(lone: Study, name: str) -> None:
    assert figures.render(lone, name, {})[0].exists()


def test_pairs_say_that_there_is_no_axis(lone: Study) -> None:
    with pytest.raises(NothingToShow, match="pairs has nothing to show: played has no axis"):
        figures.render(lone, "pairs", {})


def test_a_table_has_one_row(lone: Study) -> None:
    found = table.results(Data.of(lone))
    assert found.columns == ["line", "plane", "all tasks"] and found.labels == [()]
    assert found.table["point"].tolist() == [1.0, 1.0, 1.0]
    assert len(table.tidy(found)) == 3
    header, _, row, *_ = table_text.markdown(found).splitlines()
    assert header.count("|") == row.count("|") == 4 and row.startswith("| 1")
    assert r"\begin{tabular}{rrr}" in table_text.latex(found)
