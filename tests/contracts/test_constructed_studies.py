"""Every figure, table and list of studies with divergence, minimised, negative or several scores,
an extension or an override shows what is true of the study."""

from __future__ import annotations

import json
import re
from typing import Any

import numpy as np
import optuna
import pandas as pd
import pytest
from matplotlib.collections import PathCollection, QuadMesh

from sweeper.ledger.run_record import SCORED
from sweeper.report.page import page
from sweeper.report.status import summarise
from sweeper.report.status_text import summary_lines
from sweeper.results import failed_runs, frames
from sweeper.results.data import Data
from sweeper.results.export import optuna_storage, tidy_tables
from sweeper.results.ranking import fresh_runs, ranking
from sweeper.results.tables import table as results
from sweeper.results.tables import table_text
from tests.helpers.figures import OF_ANY_STUDY, drawn, words
from tests.helpers.study_kinds import KINDS, Made


@pytest.fixture(scope="module", params=list(KINDS))
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Made:
    kind = KINDS[request.param]
    study = kind.make(tmp_path_factory.mktemp("kind"))
    ledger_state = study.ledger_state()
    return Made(kind, study, frames.runs(study, ledger_state), frames.trials(study, ledger_state))


def shown_trials(lines: list[str]) -> list[int]:
    return [int(found) for line in lines for found in re.findall(r"trial (\d+):", line)]


def test_the_lists_begin_with_the_best_and_have_none_that_diverged(made):
    listed = list(ranking.best(made.study, 50))
    ranked = shown_trials([line for line in listed if not line.startswith("reference")])
    assert ranked[0] in made.best and not set(ranked) & made.lost
    assert any("as runs diverged" in line for line in listed) == bool(made.lost)
    for name in made.kind.names if len(made.kind.names) > 1 else ():
        assert f"normalised {name} (" in listed[0] and f"{name} " in listed[2]
    assert fresh_runs._chosen(made.study, 1)[0] in made.best
    failed = list(failed_runs.failed(made.study, trace=False))
    assert any("on purpose" in line for line in failed) == (made.trials["failed"].sum() > 0)


def test_the_status_names_the_best_and_counts_what_diverged(made):
    status = summarise(made.study)
    assert status.best is not None and status.best.trial in made.best
    assert tuple(status.best.values) == made.kind.names
    row = made.trials.set_index("trial").loc[status.best.trial]
    assert status.best.value == pytest.approx(row["value"])
    assert status.trials["nan"] == len(made.lost)
    assert status.runs["nan"] == (made.runs["state"] == "nan").sum()
    said = "\n".join(summary_lines(status))
    assert ("nan" in said) == bool(status.runs["nan"])
    json.dumps(status.as_json(), allow_nan=False)


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_exports_have_what_was_measured_and_no_more(made, tmp_path, suffix):
    read = {".csv": lambda file: pd.read_csv(file, keep_default_na=False, na_values=[""])}
    read = read.get(suffix, pd.read_parquet)
    names = [f" {name}" for name in made.kind.names] if len(made.kind.names) > 1 else [""]
    files = {
        table: tidy_tables.write(made.study, table, tmp_path / f"{table}{suffix}")
        for table in tidy_tables.TABLES
    }
    runs, trials, reports = (read(files[table]) for table in ("runs", "trials", "reports"))
    diverged, lost = runs["state"] == "nan", trials["trial"].isin(made.lost)
    for name in names:
        assert runs.loc[diverged, [f"score{name}", f"value{name}"]].isna().all(axis=None)
        assert runs.loc[runs["state"] == "complete", f"value{name}"].notna().all()
        assert trials.loc[lost, f"value{name}"].isna().all()
        assert trials.loc[trials["state"] == "complete", f"value{name}"].notna().all()
    assert (trials.loc[lost, "state"] == "nan").all()
    assert made.is_measured(trials[f"value{names[0]}"])
    best = trials.sort_values(f"value{names[0]}", ascending=made.kind.minimise)["trial"]
    assert best.iloc[0] in made.best
    told = sum(len(record.reports) for record in made.study.ledger_state().runs.values())
    assert len(reports) == told


def test_tables_are_bold_where_the_best_is(made):
    found = results.results(Data.of(made.study))
    cells = found.table
    by_label = made.trials.assign(**{"axis x": made.trials["x"], "axis y": made.trials["y"]})
    lost = cells["axis x"].astype(float).isin(made.kind.lost)
    assert cells.loc[lost, "point"].isna().all() and not cells.loc[lost, "bold"].any()
    own = cells[cells["(score)"] == 0]
    assert made.is_measured(own["point"])
    known = own[own["low"].notna()]
    assert (known["low"] <= known["point"]).all() and (known["point"] <= known["high"]).all()
    wanted = by_label.set_index("trial").loc[sorted(made.best)[0]]
    row = own[(own["axis x"].astype(float) == wanted["x"]) & (own["axis y"] == wanted["y"])]
    assert row["bold"].all() and row["point"].iloc[0] == pytest.approx(wanted["value"])
    for text in (table_text.markdown(found), table_text.latex(found)):
        assert text.count("diverged") >= len(made.lost) * len(found.columns)
        assert all(f"{name}: " in text for name in made.kind.names if len(made.kind.names) > 1)
    assert len(results.tidy(found)) == len(cells)
    missing = [said for said in made.kind.said if said not in found.caption]
    assert not missing, found.caption


def test_the_report_opens_and_has_all_of_it(made):
    ledger_state = made.study.ledger_state()
    page.write(made.study, ledger_state, [], [])
    text = made.study.paths.report.read_text()
    best = text.partition('<section id="best">')[2].partition("</section>")[0]
    first = shown_trials(re.findall(r'class="quiet">(trial \d+)<', best.replace("</span>", ":<")))
    numbers = [int(found) for found in re.findall(r'<span class="quiet">trial (\d+)</span>', best)]
    assert numbers[0] in made.best and not set(numbers) & made.lost and not first
    data = json.loads(re.search(r'id="data">(.*?)</script>', text, re.DOTALL)[1])
    columns = data["columns"]
    names = [f" {name}" for name in made.kind.names] if len(made.kind.names) > 1 else [""]
    for name in names:
        value = columns.index(f"value{name}")
        assert {row[0] for row in data["rows"] if row[value] is None} >= made.lost
    assert {row[0] for row in data["rows"] if row[1] == "nan"} == made.lost


def test_optuna_has_no_value_of_what_diverged(made):
    ledger_state = made.study.ledger_state()
    storage = optuna_storage.in_memory(made.study, ledger_state)
    loaded = optuna.load_study(study_name=made.study.name, storage=storage)
    best = {trial.number for trial in loaded.best_trials}
    assert best & made.best and not best & made.lost
    for trial in loaded.get_trials():
        assert (trial.values is None) >= (trial.number in made.lost)
        reported = made.runs[made.runs["trial"] == trial.number]
        if trial.number in made.lost:
            ends = reported["step"].min()
            assert all(step <= ends for step in trial.intermediate_values)
        assert np.isfinite(list(trial.intermediate_values.values())).all()


_OTHERS = ("importance", "curves", "distributions", "scatter")
SHOWN = [name for name in OF_ANY_STUDY if name not in _OTHERS]


@pytest.mark.parametrize("figure", OF_ANY_STUDY)
def test_figures_draw_what_was_measured(made, figure):
    picture = drawn(made.study, figure)
    said = words(picture)
    assert not [text for text in made.kind.said if text not in said], said
    table = picture.table
    if figure in SHOWN:
        if figure != "ratios":  # whose points are multiples
            assert made.is_measured(table[["point"]])
        if "x" in table and figure != "pairs":
            assert table.loc[table["x"].isin(made.kind.lost), "point"].isna().all()
    if figure in ("heatmap", "sensitivity", "scaling", "pairs", "ablation"):
        known = table[table["point"].notna()]
        sort = known["point"].argmin() if made.kind.minimise else known["point"].argmax()
        row = known.iloc[sort]
        assert all(row[name] == label for name, label in made.kind.best.items() if name in known)
    if figure == "sensitivity" and len(known) > 1:
        best = table.loc[table["best"]].groupby("y")["x"].first()
        assert set(best) == {made.kind.best["x"]}
    if figure == "ablation":
        assert int(table["trial"].iloc[-1]) in made.best
    if figure == "distributions":
        sign = "<" if made.kind.minimise else ">"
        assert f"score {sign} τ" in said
    assert "fewer than 5 seeds" not in said
    marks_are_finite(picture.figure)


def marks_are_finite(figure: Any) -> None:
    """No mark stands where nothing was measured."""
    for axes in figure.axes:
        for line in axes.lines:
            assert not np.isinf(np.asarray(line.get_ydata(), float)).any()
        for collection in axes.collections:
            if isinstance(collection, PathCollection):
                assert np.isfinite(np.asarray(collection.get_offsets(), float)).all()
            if isinstance(collection, QuadMesh):
                assert np.isfinite(np.ma.compressed(collection.get_array())).all()


def test_the_front_of_several_scores_has_none_that_diverged(made):
    if len(made.kind.names) == 1:
        return
    table = drawn(made.study, "pareto").table
    assert not set(table["trial"]) & made.lost
    assert set(table.loc[table["front"], "trial"]) & made.best
    costs = table.set_index("trial")["point cost"]
    x = made.trials.set_index("trial")["x"]
    assert costs.to_dict() == pytest.approx({trial: 0.4 / x[trial] for trial in costs.index})


def test_all_kinds_have_what_they_are_called(made):
    """So that no test above passes because there is nothing to see."""
    assert (made.runs["state"] == "nan").any() == bool(made.kind.lost)
    assert set(made.trials.loc[made.trials["state"] == "nan", "trial"]) == made.lost
    assert made.runs["state"].isin(SCORED).sum() > 0 and len(made.best) in (1, 2)
