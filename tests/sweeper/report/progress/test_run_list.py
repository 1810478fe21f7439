"""`sweeper runs`: the runs of a study one by one."""

from __future__ import annotations

import csv
import io
import json
import os

import pytest

from sweeper.ledger.snapshots import compaction
from sweeper.worker.held_run import Candidate, RunEnd
from tests.helpers.command import call
from tests.helpers.worker_parts import WorkerParts, dead


@pytest.fixture
def study(make_study):
    """Twelve runs: one of a dead worker, one that goes on, one that ended, the others open."""
    made = make_study()
    workers = [WorkerParts(made, dead()), WorkerParts(made), WorkerParts(made)]
    for worker, run, step in zip(workers, made.plan.runs, (20, 10, 40), strict=False):
        holds = worker.attempts.claim([Candidate(run, 0)])
        worker.attempts.start(holds)
        worker.attempts.report([(holds[0], (step, {"value": 0.5}))], sync=True)
        if step == 40:
            worker.attempts.end([(holds[0], RunEnd("complete", 40, 0.25, 0.5))])
    return made


@pytest.fixture
def said(study, capsys):
    """The exit code and what the command prints, given these words."""

    def runs(*words):
        code = call("runs", f"root={study.folder.parent}", *words)
        found = capsys.readouterr()
        return code, found.out + found.err

    return runs


def test_every_run_is_a_row_with_its_step(study, said):
    code, text = said("format=json")
    rows = json.loads(text)
    assert code == 0 and [row["run"] for row in rows] == [run.id for run in study.plan.runs]
    first, second, third, *others = rows
    assert (first["state"], first["step"]) == ("open", 0), "its worker is dead, nothing was saved"
    assert (second["state"], second["step"], second["steps"]) == ("running", 10, 40)
    assert (third["state"], third["step"], third["score"]) == ("complete", 40, 0.25)
    assert (third["value"], third["steps_per_s"], third["eta_s"]) == (0.5, None, None)
    assert {row["state"] for row in others} == {"open"} and {row["worker"] for row in others} == {
        None
    }
    assert second == {
        "run": study.plan.runs[1].id,
        "trial": 0,
        "task": "line",
        "seed": 1,
        "state": "running",
        "step": 10,
        "steps": 40,
        "value": 0.5,
        "steps_per_s": second["steps_per_s"],
        "eta_s": pytest.approx(30 / second["steps_per_s"]),
        "worker": second["worker"],
        "score": None,
    }


def test_csv_holds_the_same(said):
    rows = json.loads(said("format=json")[1])
    found = list(csv.DictReader(io.StringIO(said("format=csv")[1])))
    as_text = [{key: "" if row[key] is None else str(row[key]) for key in row} for row in rows]
    assert found == as_text


def test_text_names_its_columns(study, said):
    head, row = said("state=running")[1].splitlines()
    assert head.split() == [
        "run", "trial", "task", "seed", "state", "step", "value", "steps/s", "left", "worker",
        "score",
    ]  # fmt: skip
    assert row.split()[:9] == [
        study.plan.runs[1].id, "0", "line", "1", "running", "10", "of", "40", "0.5",
    ]  # fmt: skip
    ended, *_ = said("state=complete")[1].splitlines()
    assert "steps/s" not in ended and "left" not in ended.split()


def test_a_pace_is_that_since_the_worker_took_the_run(study, said, monkeypatch):
    claimed = study.ledger_state().runs[study.plan.runs[1].id].tries[0].began
    for file in study.paths.ledger.iterdir():
        os.utime(file, (claimed + 5, claimed + 5))
    monkeypatch.setattr("time.time", lambda: claimed + 100)
    (row,) = json.loads(said("format=json", "state=running")[1])
    assert (row["steps_per_s"], row["eta_s"]) == (pytest.approx(10 / 5), pytest.approx(30 / 2))


def test_status_says_what_running_runs_have_reported_last(study, capsys):
    assert call("status", f"root={study.folder.parent}") == 0
    assert "running at step 10, last value 0.5: `sweeper runs" in capsys.readouterr().out


def test_runs_are_chosen_by_state_and_trial(study, said):
    assert len(json.loads(said("format=json", "trial=1")[1])) == 3
    assert len(json.loads(said("format=json", "state=open")[1])) == 10
    assert len(json.loads(said("format=json", "state=open", "trial=0")[1])) == 1
    assert said("state=lost", "format=json") == (0, "[]\n")


@pytest.mark.parametrize(
    ("word", "message"),
    [
        (
            "state=runing",
            "state must be a state of runs, but got 'runing' (did you mean 'running'?)",
        ),
        ("trial=4", "trial must be one of the study's trials (0 to 3), but got 4"),
        ("trial=-1", "trial must be a whole number from 0, but got '-1'"),
        ("format=yaml", "format must be text, json or csv, but got 'yaml'"),
        ("seed=1", "unknown option 'seed'"),
    ],
)
def test_a_wrong_word_is_told(said, word, message):
    code, text = said(word)
    assert code == 2 and message in text


def test_a_snapshot_changes_no_row(study, said):
    before = said("format=json")
    assert compaction.write(study.paths) is not None
    assert said("format=json") == before
