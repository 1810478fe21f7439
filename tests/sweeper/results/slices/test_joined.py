"""Several studies in one figure or table, and what they must agree in."""

from __future__ import annotations

import pandas as pd
import pytest

from sweeper import figures
from sweeper.errors import SweeperError
from sweeper.figures import records
from sweeper.results.data import Data
from sweeper.results.slices.joined import joined
from sweeper.results.slices.part import Part
from sweeper.results.tables import table
from sweeper.study import studies

LR = {"kind": "float", "values": [1e-5, 1e-4, 1e-3]}
SN = {"kind": "choice", "values": ["none", "sn[-2]"]}
SPACE = {
    "axes": {"optimizer.lr": LR, "sn.layers": SN},
    "tasks": {name: {"low": 0.0, "high": 2.0} for name in ("line", "ring")},
}
SEVERAL = ["sensitivity", "curves", "heatmap", "distributions", "scaling"]


def height(base):
    """The trial's number and a base; the run of seed 0 of trial 1 failed."""

    def went(run, labels):
        state = "failed" if (run.trial, run.seed, base) == (1, 0, 100) else "complete"
        return state, [(20, {"return": 0.0}), (40, {"return": base + run.trial + run.seed / 100})]

    return went


@pytest.fixture
def pair(played, monkeypatch):
    """Two studies of one space, changed by some keys in the second; both can be found."""

    def make(first=SPACE, **changed):
        spaces = ("a", 0, first), ("b", 100, {**first, **changed})
        made = [played(height(base), name, **space) for name, base, space in spaces]
        monkeypatch.setattr(studies, "find", lambda name, root: made["ab".index(name)])
        return made

    return make


def test_a_caption_says_of_other_numbers_of_seeds_both(pair, tmp_path):
    a, _ = pair(seeds=2)
    figures.render(a, "heatmap", {"study": ["b"], "metric": "return"}, tmp_path / "x.png")
    said = (tmp_path / "x.txt").read_text().replace("\n", " ")
    assert "84 runs (12 configurations × 2 tasks × 2 to 5 seeds" in said


@pytest.mark.parametrize("name", SEVERAL)
def test_figures_show_each_study_apart(pair, name, tmp_path):
    a, _ = pair()
    figures.render(a, name, {"study": ["b"], "metric": "return"}, tmp_path / "x.png")
    found = pd.read_csv(tmp_path / "x.csv")
    assert set(found["study"]) == {"a", "b"}
    last = found[found["step"] == 40] if name == "curves" else found
    values = last["tau"] if name == "distributions" else last["point"]
    if name != "distributions":
        assert values[last["study"] == "a"].max() < 10 < 100 <= values[last["study"] == "b"].min()
    said = (tmp_path / "x.txt").read_text().replace("\n", " ")
    assert said.startswith("a and b: n = 110 of 120 runs (12 configurations × 2 tasks × 5 seeds")


def test_a_table_has_a_row_a_study(pair):
    a, b = pair()
    data = joined([Data.of(a), Data.of(b)])
    found = table.results(data, y=["optimizer.lr"], metric="return")
    assert [labels[0] for labels in found.labels] == ["a"] * 3 + ["b"] * 3
    assert found.rows == ("study", "optimizer.lr")
    assert found.table["point"].iloc[0] == pytest.approx(0.52)


def test_a_part_is_taken_of_each(pair):
    parts = [(one, Part.of(one, {"where": ["task=line"], "top": 1})) for one in pair()]
    data = joined([part.data(Data.of(one)) for one, part in parts])
    assert data.runs["trial"].nunique() == 2 and list(data.tasks) == ["line"]
    assert len(data.points("return")) == 2 * 5 * 2
    assert "a: where task = line, the best 1 of 6" in data.caption(10, [], "x")


def test_values_of_axes_may_differ(pair):
    other = {"optimizer.lr": {"kind": "float", "values": [1e-3, 1e-2]}, "sn.layers": SN}
    a, b = pair(axes=other)
    data = joined([Data.of(a), Data.of(b)])
    assert data.axis("optimizer.lr").labels == (1e-5, 1e-4, 1e-3, 1e-2)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"score": {"metric": "loss"}}, "metric is return and loss"),
        ({"score": {"metric": "return", "at": "max"}}, "score.at is final and max"),
        ({"score": {"metric": "return", "aggregate": "mean"}}, "score.aggregate is iqm and mean"),
        ({"direction": "minimize"}, "direction is maximize and minimize"),
        ({"steps": 80}, "the steps: on line 40 and 80"),
        ({"tasks": {"line": {"low": 0, "high": 3}, "ring": {"low": 0, "high": 2}}},
         "the bounds of line: 0 to 2 and 0 to 3"),
        ({"tasks": {"line": {"low": 0, "high": 2}}}, "the task ring is one of a alone"),
        ({"axes": {"optimizer.lr": LR}}, "sn.layers is an axis of a alone"),
        ({"axes": {"optimizer.lr": SN, "sn.layers": SN}},
         "optimizer.lr has numbers in one and texts in the other"),
    ],
)  # fmt: skip
def test_studies_that_differ_are_refused_with_the_difference(pair, changed, message):
    a, b = pair(**changed)
    with pytest.raises(SweeperError, match=f"a and b cannot share a figure: {message}") as raised:
        joined([Data.of(a), Data.of(b)])
    assert raised.value.exit_code == 2


def test_no_figure_pools_studies(pair):
    a, _ = pair()
    options = {"study": ["b"], "hue": "sn.layers", "facet": "task"}
    with pytest.raises(SweeperError, match="one of the axes must be study"):
        figures.render(a, "sensitivity", options)


def test_one_study_twice_and_figures_of_one_study_are_refused(pair):
    a, _ = pair()
    with pytest.raises(SweeperError, match="names one study twice"):
        joined([Data.of(a), Data.of(a)])
    with pytest.raises(SweeperError, match="study does not go with importance, which shows one"):
        figures.render(a, "importance", {"study": ["b"]})


@pytest.mark.all_formats
def test_the_files_stand_with_the_first_study_and_are_old_when_the_second_has_grown(
    pair, monkeypatch
):
    a, b = pair()
    for one in (a, b):
        monkeypatch.setattr(one, "edition", lambda _: "1", raising=False)
    files = figures.render(a, "heatmap", {"study": ["b"]})
    assert files[0] == a.paths.figures / "heatmap-study_b.pdf"
    (record,) = records.read(a.paths)
    assert records.edition(a, a.ledger_state(), record.options) == record.edition
    monkeypatch.setattr(b, "edition", lambda _: "2")
    assert records.edition(a, a.ledger_state(), record.options) != record.edition
    assert figures.redraw(a, record, a.ledger_state()) == files


def test_what_formulas_derive_in_both_may_be_shown(pair, tmp_path):
    a, _ = pair({**SPACE, "derived": {"decay": "10 * optimizer.lr"}})
    options = {"study": ["b"], "x": "decay", "metric": "return"}
    figures.render(a, "sensitivity", options, tmp_path / "x.svg")
    found = pd.read_csv(tmp_path / "x.csv")
    assert sorted(set(found["decay"])) == pytest.approx([1e-4, 1e-3, 1e-2])
    assert set(found["study"]) == {"a", "b"}


def test_numbers_of_two_studies_that_are_equal_up_to_rounding_are_one_point(pair):
    first = {**SPACE, "axes": {"optimizer.lr": {"kind": "float", "values": [0.3, 1]}}}
    other = {"optimizer.lr": {"kind": "float", "values": [0.1 + 0.2, 1]}}
    data = joined([Data.of(one) for one in pair(first, axes=other)])
    assert data.axis("optimizer.lr").labels == (0.3, 1)
    assert (data.axis("optimizer.lr").codes(data.runs) == 0).sum() == 2 * 10
    assert set(data.points("return")[data.axis("optimizer.lr").column]) == {0.3, 1}


def test_studies_with_a_baseline_share_the_best_run_of_both_as_one(pair):
    first = {**SPACE, "baseline": {"sn.layers": "none"}}
    a, b = (Data.of(one) for one in pair(first))
    data = joined([a, b])
    best = max(b.tables.best["line"], a.tables.best["line"])
    assert best == b.tables.best["line"] > a.tables.best["line"]
    assert data.tasks["line"] == (0.0, best)
    own = data.table("return")
    line = own[(own["task"] == "line") & own["score"].notna()]
    assert (line["score"] * best).tolist() == pytest.approx(line["(value)"].tolist())
    assert f"(line {best:.3g}, ring {best:.3g})" in data.caption(10, [], "x")


def test_studies_with_other_baselines_are_refused_by_that_word(pair):
    first = {**SPACE, "baseline": {"sn.layers": "none"}}
    a, b = pair(first, baseline={"sn.layers": "sn[-2]"})
    with pytest.raises(SweeperError, match=r"cannot share a figure: baseline is .* and "):
        joined([Data.of(a), Data.of(b)])
