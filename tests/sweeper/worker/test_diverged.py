"""Runs that diverged and trials without a value, wherever a best configuration is named."""

from __future__ import annotations

import math
from dataclasses import replace

import optuna
import pytest
import yaml

from sweeper.errors import NothingToShow
from sweeper.planning.loading import load
from sweeper.report.page import trials
from sweeper.report.status import summarise
from sweeper.report.status_text import summary_lines
from sweeper.results import frames
from sweeper.results.export import optuna_storage
from sweeper.results.ranking import ranking
from sweeper.study import studies
from sweeper.study.study import Study
from sweeper.worker.worker import Worker
from tests.helpers.figures import drawn, words

FUNCTION = """
def train(config, run):
    for step in range(1, 4):
        late = config["x"] == 2 and run.seed < 1 and step == 3
        run.report(step, value=float("nan") if late else config["x"] + 0.01 * run.seed)
    return config["x"] + 0.01 * run.seed
"""
SPACE = {
    "study": "nans",
    "function": "it.py:train",
    "axes": {"x": {"kind": "int", "values": [0, 1, 2]}},
    "tasks": {"default": {"low": 0, "high": 2}},
    "seeds": 5,
    "steps": 3,
    "score": {"metric": "value"},
}


@pytest.fixture
def trained(tmp_path):
    """A study whose largest x is best, though one of its five runs diverged; the values of trials
    `without` one are NaN."""

    def made(without=(), **keys):
        (tmp_path / "it.py").write_text(FUNCTION)
        (tmp_path / "it.yaml").write_text(yaml.safe_dump({**SPACE, **keys}))
        begun = studies.start(tmp_path / "studies" / "nans", load(tmp_path / "it.yaml"))
        Worker(begun, pack="auto", device="cpu", workers=1).run()
        done = Study.open(begun.folder)
        ledger_state = done.ledger_state()
        for run in done.plan.runs:
            record = ledger_state.runs[run.id]
            if run.trial in without:
                record.end = replace(record.end, score=math.nan, value=math.nan)
        done.ledger_state = lambda **_: ledger_state
        return done

    return made


def test_best_says_how_many_of_its_runs_diverged(trained):
    done = trained()
    summary = summarise(done, done.ledger_state())
    assert [getattr(summary.best, key) for key in ("trial", "n", "diverged")] == [2, 5, 1]
    assert "best: trial 2, score 1.01 (iqm of 5 runs, 1 of them diverged): x=2" in "\n".join(
        summary_lines(summary)
    )
    listed = list(ranking.best(done, 2))
    assert "5 runs, 1 of them diverged)  trial 2" in listed[1] and "5 runs)  trial 1" in listed[2]
    best = trials.best(done, frames.trials(done, done.ledger_state()))
    assert [one.value.endswith(", 1 of them diverged)") for one in best] == [True, False, False]


@pytest.mark.parametrize(("direction", "best"), [("maximize", 1), ("minimize", 1)])
def test_a_trial_without_a_value_is_never_the_best(trained, direction, best):
    done = trained([0, 2], direction=direction)
    ledger_state = done.ledger_state()
    assert summarise(done, ledger_state).best.trial == best
    listed = list(ranking.best(done, 5))
    assert "1 complete trial;" in listed[0] and "trial 1: " in listed[1]
    assert listed[2:] == ["behind them 1 trial without a value, as runs diverged"]
    assert [one.trial for one in trials.best(done, frames.trials(done, ledger_state))] == [best]
    storage = optuna_storage.in_memory(done, ledger_state)
    assert optuna.load_study(study_name="nans", storage=storage).best_trial.number == best


def test_where_no_trial_has_a_value_none_is_the_best(trained):
    done = trained([0, 1, 2])
    assert summarise(done, done.ledger_state()).best is None
    with pytest.raises(NothingToShow, match="nans: no trial is complete yet"):
        list(ranking.best(done, 5))
    assert trials.best(done, frames.trials(done, done.ledger_state())) == []
    assert not [
        line for line in summary_lines(summarise(done, done.ledger_state())) if "best" in line
    ]


AXES = {"lr": {"kind": "float", "values": [1e-4, 1e-3]}}


def went(run, labels):
    points = [(step, {"return": run.seed / 4}) for step in (20, 40)]
    return ("nan", points[:1]) if run.trial == 0 and run.seed < 1 else ("complete", points)


def test_a_cell_says_how_many_runs_diverged(played):
    picture = drawn(played(went, axes=AXES), "heatmap")
    assert picture.table["nan"].tolist() == [1, 0]
    assert "n=5, 1 diverged" in words(picture) and "n=5 " in words(picture)
    assert "diverged: 1 (worse than all others" in words(picture)


def test_a_narrow_cell_says_n_alone(played):
    axes = AXES | {"size": {"kind": "int", "values": list(range(1, 13))}}
    said = words(drawn(played(went, axes=axes), "heatmap", x="size", y="lr"))
    assert "n=5" in said and "1 diverged" not in said.partition("played: n =")[0]
    assert "what has no room in a cell stands in the CSV" in said


def test_cells_without_a_value_say_why(played):
    def ended(run, labels):
        point = {"return": 1.0, "loss": 2.0} if run.trial == 2 else {"return": 1.0}
        return ("nan", []) if run.trial == 0 else ("complete", [(40, point)])

    axes = {"lr": {"kind": "float", "values": [1e-4, 1e-3, 1e-2]}}
    said = words(drawn(played(ended, axes=axes), "heatmap", metric="loss"))
    assert "diverged 5 of 5" in said and "no value" in said and "2.00" in said
