"""Optuna's pruners over trials whose runs end one by one."""

from __future__ import annotations

from typing import Any

import pytest

from sweeper.ledger.claims.claims import Claims
from sweeper.ledger.writer import Writer
from sweeper.report.status import summarise
from sweeper.report.status_text import summary_lines
from sweeper.study.pruning.judge import Judge
from sweeper.study.pruning.seed_view import pruner
from sweeper.study.sampling.optuna_memory import OptunaMemory
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
    memory = OptunaMemory("study", ["maximize"], pruner(grown.space))
    judge = Judge(grown, ledger_state, Writer(grown.paths.ledger, "w", {}), memory)
    for trial, lines in before.items():
        values = judge.curves(trial).values(1)
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


ONE_BY_ONE = {
    "trials": None,
    "sampler": "grid",
    "axes": {
        "lr": {"kind": "float", "values": [1e-3, 1e-2, 1e-1, 1.0]},
        "size": {"kind": "choice", "values": [5]},
    },
    "seeds": 3,
    "pruner": {"median": {"n_startup_trials": 1}},
}
"""Four trials, each worse than the one before, at every step."""


def trained(found):
    """How many steps each trial trained in all."""
    records = found.ledger_state().runs
    trials = range(len(found.plan.trials))
    return [sum(records[run.id].step for run in found.plan.runs_of(trial)) for trial in trials]


def lines(found):
    """What was judged, by trial and step."""
    return {
        (trial, step): line
        for trial, steps in found.ledger_state().judged.items()
        for step, line in steps.items()
    }


def test_pruning_saves_steps_where_runs_go_one_by_one(make):
    """Judged by all seeds alone, only the last of each trial was cut short."""
    found = work(make(**ONE_BY_ONE))
    assert trained(found) == [12, 1, 1, 1]
    assert {line.seeds for line in lines(found).values()} == {1}
    least = {"pruner": {"median": {"n_startup_trials": 1, "seeds": 3}}}
    careful = work(make(**ONE_BY_ONE | least, name="careful"))
    assert trained(careful) == [12, 9, 9, 9]
    assert {line.seeds for line in lines(careful).values()} == {3}


def test_pruning_saves_the_tasks_of_further_seeds(make):
    """The runs of a trial go seed by seed, and not task by task."""
    tasks = {name: {"low": -10.0, "high": 0.0} for name in ("line", "ring")}
    found = work(make(**ONE_BY_ONE, tasks=tasks))
    assert trained(found) == [24, 5, 5, 5]


@pytest.mark.parametrize(("pack", "seeds"), [("1", {1}), ("4", {4}), ("6", {2, 4})])
def test_a_trial_is_judged_by_the_seeds_that_have_come_so_far(make, pack, seeds):
    """Four trials of four seeds; a pack of six holds all of one trial and two of the next."""
    found = work(make(**counting([0.9, 0.3, 0.6, 0.1], every=5) | {"seeds": 4}), pack=pack)
    judged = lines(found)
    assert {line.seeds for line in judged.values()} == seeds
    ledger_state = found.ledger_state()
    memory = OptunaMemory("study", ["maximize"], pruner(found.space))
    judge = Judge(found, ledger_state, Writer(found.paths.ledger, "w", {}), memory)
    for (trial, step), line in judged.items():
        assert judge.curves(trial).values(line.seeds)[step] == line.value


def test_a_trial_is_compared_by_the_same_runs_of_the_others(make, tmp_path):
    """Of a trial whose first seed is bad and whose mean is good, and of one the other way round."""
    (tmp_path / "own.py").write_text(
        "def train(config, run):\n"
        "    value = [[0.0, 4.0], [1.0, 1.0]][config['x']][run.seed]\n"
        "    run.report(1, value=value)\n"
        "    return value\n"
    )
    keys = {
        "function": "own.py:train",
        "axes": {"x": {"kind": "int", "values": [0, 1]}},
        "tasks": {"line": {"low": 0.0, "high": 4.0}},
        "score": {"metric": "value", "aggregate": "mean"},
        "sampler": "grid",
        "trials": None,
        "seeds": 2,
    }
    found = work(make(**keys, pruner={"median": {"n_startup_trials": 1}}))
    assert trained(found) == [2, 2], "its first seed is better than the other's first"
    least = {"pruner": {"median": {"n_startup_trials": 1, "seeds": 2}}}
    found = work(make(**keys, **least, name="both"))
    assert [line.prune for _, line in sorted(lines(found).items())] == [False, True]


def test_a_metric_that_is_never_reported_midway_is_told_when_it_shows(make, tmp_path):
    (tmp_path / "own.py").write_text("def train(config, run):\n    return -config['lr']\n")
    keys = ONE_BY_ONE | {"function": "own.py:train", "score": {"metric": "value"}, "seeds": 1}
    started = make(**keys)
    assert not [line for line in summary_lines(summarise(started)) if "pruner" in line]
    told = "\n".join(summary_lines(summarise(work(started))))
    assert "  pruner: the score's metric 'value' is reported at the end of a run only: " in told
