"""Optuna's samplers over a study that workers share and that dies and goes on."""

from __future__ import annotations

import json

import numpy as np
import pytest

from sweeper.errors import SweeperError
from sweeper.ledger.lines.encoding import checked, encode
from sweeper.ledger.writer import Writer
from sweeper.report.status import summarise
from sweeper.report.status_text import summary_lines
from sweeper.space import samplers
from sweeper.study.sampling import proposals
from sweeper.study.sampling.advisor import Advisor
from sweeper.study.study import Study
from tests.helpers.advised_study import CHOICES, maker, work
from tests.helpers.killed_workers import spawn
from tests.helpers.kills import KILLS
from tests.helpers.paths import COUNTER_AGENT


@pytest.fixture
def make(tmp_path):
    return maker(tmp_path)


def labels(found):
    return [dict(trial.labels) for trial in found.plan.trials]


@pytest.mark.parametrize("sampler", [name for name in samplers.SAMPLERS if name != "grid"])
def test_every_sampler_plans_just_so_many_trials_and_the_same_again(make, sampler):
    first, again = (work(make(sampler=sampler, name=name, trials=6)) for name in ("a", "b"))
    assert first.ended and len(first.plan.trials) == 6 and len(first.plan.runs) == 12
    assert labels(first) == labels(again)
    assert len({json.dumps(one) for one in labels(first)}) == 6
    options = {"seed": 7} | ({"scramble": True} if sampler == "qmc" else {})
    other = work(make(sampler={sampler: options}, name="c", trials=6))
    assert labels(other) != labels(first)


def test_tpe_learns(make):
    found = work(make(trials=30, seeds=1))
    sizes = [abs(one["size"] - 5) for one in labels(found)]
    assert sum(sizes[20:]) < sum(sizes[:10])


@pytest.mark.parametrize("sampler", ["random", "qmc"])
def test_sequences_are_pure_functions_of_the_space(make, sampler):
    few, many = (make(sampler=sampler, name=str(n), trials=n) for n in (4, 9))
    assert labels(many)[:4] == labels(few)
    assert not list(many.paths.trials.iterdir())


@pytest.mark.parametrize("sampler", ["random", "qmc", "tpe", "nsgaii"])
def test_no_configuration_comes_twice(make, sampler):
    found = work(make(sampler=sampler, axes=CHOICES, trials=9, seeds=1))
    assert len({json.dumps(one) for one in labels(found)}) == 9


def test_the_total_is_exact_however_many_workers_plan(make):
    started = make(trials=11, seeds=1, pause=0.02)
    workers = [spawn(started, workers=4) for _ in range(4)]
    for worker in workers:
        worker.join(300)
    assert [worker.exitcode for worker in workers] == [0] * 4
    found = Study.open(started.folder)
    assert found.ended and len(found.plan.trials) == 11
    firsts = sorted(int(path.name) for path in found.paths.trials.iterdir())
    assert firsts[0] == 0 and len(firsts) <= 11


def test_who_was_not_first_drops_the_packful_and_reads_the_others(make):
    started = make()
    advisors = []
    for name in ("a", "b"):
        opened = Study.open(started.folder)
        assert not opened.plan.runs
        ledger_state = opened.ledger_state()
        ledger = Writer(opened.paths.ledger, name, {})
        advisors.append((opened, Advisor(opened, ledger_state, ledger)))
    for _, advisor in advisors:
        assert advisor.plan(3)
    for opened, _ in advisors:
        assert len(opened.refresh()) == 6
        assert len(opened.plan.trials) == 3
    assert labels(advisors[0][0]) == labels(advisors[1][0])
    assert [path.name for path in started.paths.trials.iterdir()] == ["0"]
    assert advisors[1][1].plan(99)
    assert len(advisors[1][0].refresh()) == 10 and not advisors[1][1].plan(1)


def test_a_lost_race_leaves_nothing_of_the_sampler_behind(make):
    """NSGA-II keeps the parents of a generation: those that the winner saw count."""
    keys = KILLS["nsgaii"] | {"pause": 0.0, "trials": 9}
    started = work(make(**(keys | {"trials": 4})))
    grown = make(**keys, extend=True)
    ledger_state = grown.ledger_state()
    late = Advisor(grown, ledger_state, Writer(grown.paths.ledger, "late", {}))
    assert len(grown.plan.trials) == len(started.plan.trials) == 4
    proposals.propose(grown.paths, 4, [], {}, {})
    before = dict(late.memory.attributes())
    assert late.plan(2)
    assert late.memory.attributes() == before and not grown.refresh()


def test_a_trial_that_is_refused_now_is_named(make):
    started = work(make(trials=2, seeds=1))
    file = started.paths.trials / "1"
    packful = dict(checked(file.read_bytes()))
    packful["trials"][0]["labels"]["size"] = 99.0
    file.write_bytes(encode(packful))
    with pytest.raises(SweeperError, match="trials/1 holds a trial that is no longer one of the"):
        Study.open(started.folder).plan  # noqa: B018


def test_a_packful_is_asked_at_once(make, tmp_path):
    counter = f"{COUNTER_AGENT}:Counter"
    keys = {
        "agent": counter,
        "function": None,
        "axes": {"size": {"kind": "float", "low": 0.1, "high": 0.9}},
        "evaluation": {"every": 10, "episodes": 1},
        "steps": 20,
        "score": {"metric": "value"},
    }
    found = work(make(seeds=2, trials=9, **keys), pack="6")
    packfuls_ = {
        int(path.name): json.loads(path.read_text()) for path in found.paths.trials.iterdir()
    }
    sizes = [len(packfuls_[first]["trials"]) for first in sorted(packfuls_)]
    assert sizes == [1, 2, 3, 3]
    assert packfuls_[3]["seen"] == {"complete": 3}


def test_a_space_that_is_exhausted_ends_early(make):
    """Eight of nine cells are there; constraints that are not known before could do that."""
    started = make(axes=CHOICES, trials=9, seeds=1)
    started.plan  # noqa: B018
    proposals.propose(started.paths, 0, [], {}, {})
    assert work(started).plan.total == 0


@pytest.mark.parametrize("sampler", ["random", "qmc", "tpe"])
@pytest.mark.parametrize("keys", [{}, {"pruner": "median"}], ids=["plain", "pruned"])
def test_fewer_whole_numbers_than_trials_end_early_and_are_told(make, sampler, keys):
    axes = {"lr": {"kind": "float", "values": [1e-3]}, "size": {"kind": "int", "low": 1, "high": 3}}
    found = work(make(sampler=sampler, axes=axes, trials=5, seeds=1, **keys))
    assert found.ended and found.plan.total == 3
    summary = summarise(found)
    assert summary.unfound == 2 and summary.trials["total"] == 3
    assert "  2 more were asked for: no further configuration was found" in summary_lines(summary)
    assert [path.name for path in found.paths.trials.iterdir() if sampler != "tpe"] == []


@pytest.mark.parametrize("sampler", ["random", "tpe"])
def test_a_range_of_which_only_the_inside_is_valid_is_searched(make, sampler):
    keys = {"constraints": ["4 < size", "size < 6"], "invalid": "drop"}
    found = work(make(sampler=sampler, trials=4, seeds=1, **keys))
    assert [4 < one["size"] < 6 for one in labels(found)] == [True] * 4


def test_a_live_worker_advises_on_a_study_that_grew_as_one_that_begins(make):
    started = make(trials=4, seeds=1)
    work(started)
    live = Study.open(started.folder)
    ledger_state = live.ledger_state()
    advisor = Advisor(live, ledger_state, Writer(live.paths.ledger, "live", {}))
    advisor.feed()
    assert {trial.state.name for trial in advisor.memory.trials()} == {"COMPLETE"}
    make(trials=6, seeds=2, extend=True)
    advisor.note(run.id for run in live.refresh())
    advisor.feed()
    assert {trial.state.name for trial in advisor.memory.trials()} == {"RUNNING"}


def test_a_retried_trial_is_seen_as_it_ended_last(make, tmp_path):
    """Optuna's trials are final, ours may be opened again."""
    from sweeper.cli.commands import retry

    started = make(trials=6, seeds=1)
    found = work(started)
    ledger_state = found.ledger_state()
    advisor = Advisor(found, ledger_state, Writer(found.paths.ledger, "w", {}))
    advisor.note(ledger_state.runs)
    advisor.feed()
    assert [trial.state.name for trial in advisor.memory.trials()] == ["COMPLETE"] * 6
    run = found.plan.runs[2].id
    retry.rerun(found, run)
    advisor.note(ledger_state.refresh())
    advisor.feed()
    assert [trial.state.name for trial in advisor.memory.trials()][:4] == [
        "COMPLETE",
        "COMPLETE",
        "RUNNING",
        "COMPLETE",
    ]


STEPS = {
    "lr": {"kind": "float", "low": 0.001, "high": 1.0, "log": True, "step": 0.001},
    "size": {"kind": "float", "low": 1.0, "high": 9.0, "step": 0.5},
    "units": {"kind": "int", "low": 32, "high": 256, "log": True, "step": 8},
}


@pytest.mark.parametrize("sampler", ["tpe", "gp", "cmaes", "nsgaii"])
def test_samplers_learn_of_the_steps_that_their_draws_went_to(make, sampler):
    """So does whoever reads the packful: all advisors hold the same trials."""
    started = make(axes=STEPS, sampler=sampler, trials=6)
    asking, reading = (
        Advisor(started, started.ledger_state(), Writer(started.paths.ledger, name, {}))
        for name in ("asking", "reading")
    )
    asking.plan(6)
    started.refresh()
    for trial in labels(started):
        assert trial["lr"] == round(trial["lr"], 3) and trial["size"] % 0.5 == 0
        assert trial["units"] % 8 == 0 and 32 <= trial["units"] <= 256
    reading.feed()
    for advisor in (asking, reading):
        assert [dict(trial.params) for trial in advisor.memory.trials()] == labels(started)


@pytest.mark.parametrize("sampler", ["random", "qmc"])
def test_sequences_go_to_the_nearest_step(make, sampler):
    found = labels(make(axes=STEPS, sampler=sampler, trials=50))
    assert len({trial["units"] for trial in found}) > 10
    assert all(trial["units"] % 8 == 0 and trial["size"] % 0.5 == 0 for trial in found)
    assert np.median([trial["units"] for trial in found]) < 120  # by ratio, not evenly


NORMAL = {
    "lr": {"kind": "normal", "mean": 0.5, "sd": 0.1, "low": 0.4},
    "size": {"kind": "float", "low": 1.0, "high": 9.0},
}


@pytest.mark.parametrize("sampler", ["random", "qmc"])
def test_sequences_draw_from_a_truncated_normal_distribution(make, sampler):
    found = [trial["lr"] for trial in labels(make(axes=NORMAL, sampler=sampler, trials=200))]
    assert min(found) >= 0.4 and abs(np.mean(found) - 0.5288) < 0.015
    assert abs(np.std(found) - 0.0794) < 0.012


def test_samplers_that_learn_refuse_a_normal_distribution(make):
    with pytest.raises(SweeperError, match=r"axes.lr.kind must be float, with low and high, for t"):
        make(axes=NORMAL, sampler="tpe")
