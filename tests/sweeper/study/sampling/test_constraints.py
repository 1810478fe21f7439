"""Constraints of a score: bounds that other metrics keep, for samplers and for what is best."""

from __future__ import annotations

import math

import numpy as np
import optuna
import pytest

from sweeper import score
from sweeper.errors import SweeperError
from sweeper.ledger.writer import Writer
from sweeper.planning.configurations import notes
from sweeper.report.status import summarise
from sweeper.report.status_text import summary_lines
from sweeper.results import frames
from sweeper.results.data import Data
from sweeper.results.export import optuna_storage
from sweeper.results.ranking import ranking
from sweeper.results.slices import best_trials
from sweeper.study.sampling.advisor import Advisor
from tests.helpers.advised_study import CHOICES, maker, work
from tests.helpers.cases import each
from tests.helpers.figures import drawn, words

KEPT = {"metric": "score", "constraints": {"cost": "<= 4"}}
"""`cost` is the size plus the seed: half a size more on average over the seeds 0 and 1."""


@pytest.fixture
def make(tmp_path):
    return maker(tmp_path)


def memory_of(study):
    """What Optuna is told of a study, as whoever advises on it next tells it."""
    looks = Advisor(study, study.ledger_state(), Writer(study.paths.ledger, "looks", {}))
    looks.feed()
    return looks.memory


def sizes(found):
    return np.array([trial.labels["size"] for trial in found.plan.trials])


def test_a_bound_says_by_how_much_it_is_broken():
    below, above = score.Bound("loss", "<=", 0.2), score.Bound("return", ">=", 10.0)
    assert below.excess(0.5) == pytest.approx(0.3) and below.excess(0.2) == 0
    assert above.excess(12.0) == -2.0 and above.excess(np.array([9.0, 10.0])).tolist() == [1, 0]
    assert str(below) == "loss <= 0.2" and str(above) == "return >= 10"


@each("sampler", ["tpe", "gp", "nsgaii"])
def test_samplers_that_know_constraints_keep_to_them(make, sampler):
    """The best size is 5, which breaks the bound; the sizes that keep it end at 4."""
    options = {"tpe": {"n_startup_trials": 5}, "gp": {"n_startup_trials": 5}}
    options["nsgaii"] = {"population_size": 4}
    keys = {"sampler": {sampler: options[sampler]}, "seeds": 1, "trials": 14}
    free, kept = (
        work(make(name=f"{sampler}{rule['metric']}{number}", score=rule, **keys))
        for number, rule in enumerate(({"metric": "score"}, KEPT))
    )
    assert (sizes(kept)[8:] <= 4).sum() > (sizes(free)[8:] <= 4).sum()
    memory = memory_of(kept)
    told = [trial.system_attrs["constraints"] for trial in memory.trials()]
    assert told == [[pytest.approx(size - 4)] for size in sizes(kept)]


def test_what_is_best_keeps_them_everywhere(make):
    found = work(make(axes=CHOICES, sampler="grid", trials=None, score=KEPT))
    table = frames.trials(found, found.ledger_state())
    assert table["bounded cost"].tolist() == [
        trial.labels["size"] + 0.5 for trial in found.plan.trials
    ]
    assert table["feasible"].tolist() == (sizes(found) <= 3).tolist()
    lines = list(ranking.best(found, 9))
    assert lines[1] == "6 of them keep cost <= 4, and stand first"
    assert ["breaks" in line for line in lines[2:]] == [False] * 6 + [True] * 3
    assert lines[-1].endswith("(breaks cost <= 4: 5.5)")
    assert "size=3" in lines[2]
    best = summarise(found).best
    assert best is not None and best.params["size"] == 3 and not best.breaks
    order = best_trials.in_order(Data.of(found))
    assert order == ranking.ranked(found.space, table)["trial"].tolist()
    storage = optuna_storage.in_memory(found, found.ledger_state())
    held = optuna.load_study(study_name=found.name, storage=storage)
    assert held.best_trial.params["size"] == "3" or held.best_trial.params["size"] == 3


def test_a_history_marks_the_best_of_those_that_keep_them(make):
    found = work(make(axes=CHOICES, sampler="random", trials=9, score=KEPT))
    picture = drawn(found, "history")
    best = ranking.ranked(found.space, frames.trials(found, found.ledger_state())).iloc[0]
    assert picture.table["best so far"].iloc[-1] == pytest.approx(best["value"])
    assert best["value"] < picture.table["point"].max()
    said = words(picture)
    assert (
        f"the best so far of those that keep cost <= 4, in the end trial {best['trial']} " in said
    )
    rule = {"metric": "score", "constraints": {"cost": ">= 100"}}
    none = work(make(name="none", axes=CHOICES, sampler="random", trials=3, score=rule))
    picture = drawn(none, "history")
    assert picture.table["best so far"].isna().all()
    assert "No configuration keeps cost >= 100" in words(picture)


def test_where_no_trial_keeps_them_that_is_said(make):
    rule = {"metric": "score", "constraints": {"cost": ">= 100"}}
    found = work(make(axes=CHOICES, sampler="grid", trials=None, score=rule))
    lines = list(ranking.best(found, 2))
    assert lines[1] == "none of them keeps cost >= 100"
    assert lines[2].endswith("(breaks cost >= 100: 5.5)") and "size=5" in lines[2]
    summary = summarise(found)
    assert summary.best is not None and summary.best.breaks == ["cost >= 100"]
    assert any("(breaks cost >= 100, as all do)" in line for line in summary_lines(summary))


def test_of_several_scores_the_front_is_of_those_that_keep_them(make):
    rules = [KEPT, {"metric": "cost", "direction": "maximize", "high": 10}]
    found = work(make(axes=CHOICES, sampler="grid", trials=None, score=rules))
    assert found.ledger_state().runs[found.plan.runs[0].id].also == [0.1, 1.0]
    front = ranking.ranked(found.space, frames.trials(found, found.ledger_state()))
    assert set(front["size"].astype(str)) == {"3"}
    assert best_trials.in_order(Data.of(found)) == front["trial"].tolist()
    picture = drawn(found, "pareto")
    shown = picture.table
    assert set(shown.loc[shown["front"], "trial"]) == set(front["trial"])
    assert "that no other of those that keep cost <= 4, where any does, beats" in words(picture)


def test_a_study_that_diverges_breaks_what_it_cannot_keep(make, tmp_path):
    started = make(trials=6, seeds=1, score=KEPT)
    file = tmp_path / "f.py"
    diverges = "value = math.nan if config['size'] > 5 else value\n        run.report("
    file.write_text(file.read_text().replace("run.report(", diverges))
    found = work(started)
    assert {True, False} == {size > 5 for size in sizes(found)}
    table = frames.trials(found, found.ledger_state())
    assert table["feasible"].tolist() == (sizes(found) <= 4).tolist()
    trials = memory_of(found).trials()
    assert len(trials) == 6
    for trial in trials:
        (excess,) = trial.system_attrs["constraints"]
        assert math.isfinite(excess) and (excess > 0) == (trial.params["size"] > 4)


def test_earlier_trials_bring_what_they_break(make):
    before = work(make(name="before", sampler="random", trials=6, seeds=2))
    warm = make(name="warm", warm_start="before", score=KEPT)
    expected = [size + 0.5 - 4 for size in sizes(before)]
    assert [one.excess for one in warm.earlier] == [[pytest.approx(own)] for own in expected]
    known = [trial.system_attrs["constraints"] for trial in memory_of(warm).earlier()]
    assert known == [one.excess for one in warm.earlier]
    other = {"metric": "score", "constraints": {"other": "<= 4"}}
    assert not make(name="none", warm_start="before", score=other).earlier


def test_a_run_that_never_reports_what_is_bounded_fails(make):
    rule = {"metric": "score", "constraints": {"costs": "<= 4"}}
    found = work(make(trials=1, seeds=1, score=rule, limits={"failures": 1}))
    (end,) = (record.end for record in found.ledger_state().runs.values())
    assert end.state == "failed" and "the metric 'costs' was never reported" in end.error


@each("sampler, told", [("cmaes", True), ("random", True), ("tpe", False), ("grid", False)])
def test_a_sampler_without_constraints_is_told(make, sampler, told):
    keys = {"axes": CHOICES, "trials": None} if sampler == "grid" else {}
    started = make(name=sampler, sampler=sampler, score=KEPT, **keys)
    line = (
        f"score.constraints: {sampler} does not keep to them, as tpe, gp and nsgaii would: only "
        "what is best is best of the trials that keep them"
    )
    assert (line in list(notes.lines(started.plan))) == told


BAD = {
    "no sign": (
        {"cost": 4},
        "score.constraints.cost must be <= or >= and a number, as text, as in '<= 0.2', but got 4",
    ),
    "another sign": ({"cost": "< 4"}, "score.constraints.cost must be <= or >= and a number"),
    "no number": ({"cost": "<= four"}, "score.constraints.cost must be <= or >= and a number"),
    "nothing": ({"cost": None}, "score.constraints.cost must be <= or >= and a number"),
    "a text": ("cost <= 4", "score.constraints must be a mapping of keys to values"),
    "no name": ({"": "<= 4"}, "score.constraints must name a metric for each bound"),
}


@each("case", BAD)
def test_what_is_wrong_is_told(make, case):
    given, message = BAD[case]
    with pytest.raises(SweeperError) as error:
        make(score={"metric": "score", "constraints": given})
    assert message in str(error.value)


def test_an_unknown_metric_is_named_with_near_ones(make):
    keys = {"function": None, "agent": "dqn", "axes": {"gamma": {"kind": "float", "values": [0.9]}}}
    keys |= {"tasks": {"minatar/breakout": {"low": 0, "high": 1}}, "sampler": "grid"}
    keys |= {"evaluation": {"every": 2, "episodes": 1}, "trials": None}
    with pytest.raises(
        SweeperError, match=r"score.constraints.los is no metric of agent dqn \(did"
    ):
        make(score={"metric": "return", "constraints": {"los": "<= 1"}}, **keys)


def test_one_of_the_first_of_several_scores_is_found_and_others_take_none(make):
    rules = [KEPT, {"metric": "cost", "constraints": {"score": ">= 0"}}]
    with pytest.raises(SweeperError, match=r"score\[1\].constraints is an unknown key"):
        make(score=rules)
