"""What `sweeper best` lists; `sweeper failed` is tested with the runs that it is about."""

from __future__ import annotations

import pytest

from sweeper.errors import NothingToShow
from sweeper.results import frames
from sweeper.results.ranking import ranking
from sweeper.results.tables.wording import measured
from sweeper.study.study import Study
from sweeper.worker.worker import Worker


def work(started):
    Worker(Study.open(started.folder), pack="auto", device="cpu", workers=1).run()
    return Study.open(started.folder)


def test_nothing_is_complete_yet(make_study):
    with pytest.raises(NothingToShow, match="hops: no trial is complete yet"):
        list(ranking.best(make_study(), 5))


def test_the_best_with_interval_beside_the_reference(make_study):
    done = work(make_study("seeds=5", "axes.width.default=1", "axes.size.default=0.3"))
    table = frames.trials(done, done.ledger_state()).sort_values("value", ascending=False)
    lines = list(ranking.best(done, 2))
    assert len(lines) == 4
    for line, row in zip(lines[1:3], table.to_dict("records"), strict=False):
        shown = measured(row["value"], row["low"], row["high"], "5 runs")
        assert f"{shown}  trial {row['trial']}:" in line
    assert lines[3].startswith("reference  ") and lines[3].endswith("trial 1: width=1, size=0.3")


def test_the_smallest_is_best_where_the_space_says_so(make_study):
    done = work(make_study("direction=minimize"))
    best = frames.trials(done, done.ledger_state())["value"].min()
    assert f"{best:.4g} (interval unknown, 3 runs)" in list(ranking.best(done, 1))[1]


def test_with_several_scores_those_that_no_other_beats(make_study):
    done = work(
        make_study(
            "score=[{metric: value}, {metric: twice, at: max, direction: minimize, high: 4}]",
            "seeds=1",
            "figures=[]",
        )
    )
    ledger_state = done.ledger_state()
    scores = {
        row["trial"]: (row["value"], row["value twice"])
        for row in frames.trials(done, ledger_state).to_dict("records")
    }
    unbeaten = {
        trial
        for trial, (high, low) in scores.items()
        if not any(
            other != (high, low) and other[0] >= high and other[1] <= low
            for other in scores.values()
        )
    }
    lines = list(ranking.best(done, 9))
    assert f"{len(unbeaten)} trial" in lines[1]
    assert {int(line.split("trial ")[1].split(":")[0]) for line in lines[2:]} == unbeaten
    high, low = scores[max(unbeaten, key=lambda trial: scores[trial][0])]
    assert f"value {high:.4g} (interval unknown, 1 run); twice {low:.4g} (" in lines[2]
    assert lines[0].endswith(
        "iqm of the normalised value (larger is better), iqm of the normalised twice "
        "(smaller is better)"
    )


def test_trials_that_diverged_rank_behind_all_others(played):
    """Their runs scored the low of their task once, and honest scores below it lost to them."""

    def outcome(run, labels):
        if labels["x"] == 2:
            return "nan", [(20, {"return": 9.0})] if run.seed else []
        return "complete", [(40, {"return": -5.0 - labels["x"]})]

    axes = {"x": {"kind": "int", "values": [0, 1, 2]}}
    listed = list(ranking.best(played(outcome, axes=axes), 5))
    assert "2 complete trials" in listed[0]
    assert [line[-3:] for line in listed[1:3]] == ["x=0", "x=1"]
    assert listed[3:] == ["behind them 1 trial without a value, as runs diverged"]


def test_where_all_trials_diverged_none_is_the_best(played):
    axes = {"x": {"kind": "int", "values": [0, 1]}}
    with pytest.raises(NothingToShow, match="no trial is complete yet; 2 trials without"):
        list(ranking.best(played(lambda run, labels: ("nan", []), axes=axes), 5))
