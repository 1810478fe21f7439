"""Optuna's pruners over trials whose runs end one by one."""

from __future__ import annotations

from typing import Any

import pytest

from sweeper.ledger.claims.claims import Claims
from sweeper.ledger.writer import Writer
from sweeper.study.optuna_memory import OptunaMemory
from sweeper.study.pruning import Judge, pruner
from tests.helpers.advised_study import maker, work
from tests.helpers.paths import COUNTER_AGENT


@pytest.fixture
def make(tmp_path):
    return maker(tmp_path)


def test_pruning_ends_the_runs_of_a_trial_and_no_others(make):
    found = work(
        make(
            pause=0.03,
            steps=8,
            seeds=3,
            trials=None,
            sampler="grid",
            axes={
                "lr": {"kind": "float", "values": [1e-3, 1.0]},
                "size": {"kind": "choice", "values": [5]},
            },
            pruner={"median": {"n_startup_trials": 1, "seeds": 1}},
        )
    )
    records = found.ledger_state().runs
    states = [records[run.id].state for run in found.plan.runs]
    assert states == ["complete"] * 3 + ["pruned"] * 3
    pruned = [records[run.id] for run in found.plan.runs_of(1)]
    assert pruned[0].step == 1 and [record.step for record in pruned[1:]] == [0, 0]
    assert found.paths.pruned(1).exists() and not found.paths.pruned(0).exists()


def counting(sizes: list[float], every: int) -> dict[str, Any]:
    """Keys of a grid of counters, one seed each, under the median pruner."""
    return {
        "agent": f"{COUNTER_AGENT}:Counter",
        "function": None,
        "axes": {"size": {"kind": "float", "values": sizes}},
        "evaluation": {"every": every, "episodes": 1},
        "steps": 10,
        "score": {"metric": "value"},
        "sampler": "grid",
        "trials": None,
        "seeds": 1,
        "pruner": {"median": {"n_startup_trials": 1}},
    }


def test_a_trial_that_is_done_is_no_longer_pruned(make):
    """Its last report and its end come together; later seeds of it would be pruned otherwise."""
    keys = counting([0.9, 0.3, 0.6, 0.1], every=10)
    found = work(make(**keys), pack="1")
    assert not list(found.paths.trials.glob("*.pruned"))
    grown = work(make(**{**keys, "seeds": 2}, extend=True), pack="1")
    ledger_state = grown.ledger_state()
    assert {ledger_state.runs[run.id].state for run in grown.plan.runs} == {"complete"}


def test_what_is_ahead_of_its_judge_is_pruned_all_the_same(make):
    """Its end comes with the report by which it is pruned; who reports later would be pruned."""
    keys = counting([k / 10 for k in range(9, 0, -1)], every=5)
    found = work(make(**keys), pack="1")
    ledger_state, links = found.ledger_state(), found.paths.trials.glob("*.pruned")
    pruned = {run.trial for run in found.plan.runs if ledger_state.runs[run.id].state == "pruned"}
    assert pruned == {int(link.stem) for link in links} and pruned


def test_where_nothing_is_pruned_no_claim_is_written_for_it(make, monkeypatch):
    """Each one is forced to the disk, and there may be a report every second."""
    placed, place = [], Claims.place
    monkeypatch.setattr(
        Claims, "place", lambda self, names, body: placed.append(names) or place(self, names, body)
    )
    found = work(make(trials=2, seeds=1, pruner={"median": {"n_startup_trials": 99}}))
    assert found.ended and all(placed)


def test_a_trial_is_judged_by_the_seeds_that_the_study_began_with(make):
    """Trials that ended before a study grew, and those after, by the same set of their runs."""
    keys = {"trials": 5, "seeds": [1], "pruner": {"median": {"n_startup_trials": 1}}}
    before = work(make(**keys)).ledger_state().judged
    grown = make(**{**keys, "seeds": [0, 1, 2]}, extend=True)
    ledger_state = grown.ledger_state()
    memory = OptunaMemory("study", ["maximize"], pruner(grown))
    judge = Judge(grown, ledger_state, Writer(grown.paths.ledger, "w", {}), memory)
    for trial, lines in before.items():
        values = judge.points(trial)
        assert {step: values.get(step) for step in lines} == {
            step: line.value for step, line in lines.items()
        }


def test_wilcoxon_compares_run_by_run(make):
    found = work(
        make(
            seeds=8,
            trials=None,
            sampler="grid",
            axes={
                "lr": {"kind": "float", "values": [1e-3, 1.0]},
                "size": {"kind": "choice", "values": [5]},
            },
            pruner={"wilcoxon": {"n_startup_steps": 2}},
        )
    )
    records = found.ledger_state().runs
    states = [records[run.id].state for run in found.plan.runs_of(1)]
    assert states[0] == states[1] == "complete" and states[-1] == "pruned"


def test_a_run_that_was_reopened_is_judged_anew(make):
    from sweeper.cli.commands import retry

    keys = {"steps": 6, "seeds": 1, "trials": 4, "pruner": "median", "pause": 0.01}
    found = work(make(**keys))
    before = {trial: dict(steps) for trial, steps in found.ledger_state().judged.items()}
    retry.rerun(found, found.plan.runs[1].id)
    after = work(found).ledger_state().judged
    assert {line.lives for line in after[1].values()} == {1}
    assert {step: line.value for step, line in after[1].items()} == {
        step: line.value for step, line in before[1].items()
    }
    assert all(after[trial] == before[trial] for trial in before if trial != 1)
