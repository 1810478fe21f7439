"""Samplers that know the trials of earlier studies from the first trial on."""

from __future__ import annotations

import shutil

import pytest

from sweeper.cli.commands import plan as preview
from sweeper.dispatch import Options
from sweeper.errors import SweeperError
from sweeper.ledger.writer import Writer
from sweeper.report.status import summarise
from sweeper.study.sampling.advisor import Advisor
from sweeper.study.study import Study
from tests.helpers.advised_study import CHOICES, RANGES, maker, work
from tests.helpers.cases import each

RANDOM = {"sampler": "random", "name": "before"}
OPTIONS = Options(workers=1, pack="auto", device="cpu")


@pytest.fixture
def make(tmp_path):
    return maker(tmp_path)


def labels(found):
    return [dict(trial.labels) for trial in found.plan.trials]


def advisor(study):
    return Advisor(study, study.ledger_state(), Writer(study.paths.ledger, "looks", {}))


def test_a_sampler_learns_of_them_at_once_and_nothing_else_counts_them(make):
    before = work(make(trials=20, seeds=1, **RANDOM))
    keys = {"trials": 6, "seeds": 1, "sampler": {"tpe": {"n_startup_trials": 10}}}
    plain, warm = (
        work(make(name=name, warm_start=begun, **keys))
        for name, begun in (("plain", []), ("warm", "before"))
    )
    assert labels(plain) != labels(warm) and len(warm.plan.trials) == 6
    off = [sum(abs(one["size"] - 5) for one in labels(found)) for found in (plain, warm)]
    assert off[1] < off[0]
    summary = summarise(warm)
    assert summary.trials["total"] == 6 and summary.runs["total"] == 6
    known = advisor(warm).memory.earlier()
    assert [trial.params for trial in known] == labels(before)
    assert known[3].values == pytest.approx(
        [before.ledger_state().runs[before.plan.runs[3].id].score]
    )


@each("sampler", ["tpe", "gp", "cmaes"])
def test_it_goes_on_where_the_earlier_study_is_gone(make, tmp_path, sampler):
    if not (tmp_path / "studies" / "before").exists():
        work(make(trials=10, seeds=1, **RANDOM))
    shutil.copytree(tmp_path / "studies" / "before", tmp_path / "kept", dirs_exist_ok=True)
    keys = {"sampler": sampler, "seeds": 1, "warm_start": ["before"]}
    calm = work(make(name=f"{sampler}a", trials=4, **keys))
    begun = work(make(name=f"{sampler}b", trials=2, **keys))
    shutil.rmtree(tmp_path / "studies" / "before")
    grown = work(make(name=f"{sampler}b", trials=4, extend=True, **keys))
    assert labels(grown) == labels(calm) and labels(begun) == labels(calm)[:2]
    assert len(grown.versions) == 2 and len(grown.earlier) == 10
    shutil.copytree(tmp_path / "kept", tmp_path / "studies" / "before")


def test_what_lies_outside_an_axis_is_left_out_and_other_ends_are_taken_into_account(make):
    before = work(make(trials=8, seeds=1, fixed={"units": 3}, **RANDOM))
    inside = [one for one in labels(before) if one["size"] <= 5]
    assert 0 < len(inside) < 8
    axes = {
        "lr": RANGES["lr"],
        "size": {"kind": "float", "low": 1.0, "high": 5.0},
        "units": {"kind": "int", "low": 1, "high": 9},
    }
    tasks = {"line": {"low": -20.0, "high": 0.0}}
    warm = make(name="warm", warm_start="before", axes=axes, tasks=tasks)
    assert [dict(one.labels) for one in warm.earlier] == [one | {"units": 3} for one in inside]
    state = before.ledger_state()
    for one in warm.earlier:
        score = state.runs[before.plan.runs_of(one.trial)[0].id].score
        assert one.values == pytest.approx([(10 * score + 10) / 20])


def test_those_that_diverged_are_known_and_open_ones_are_not(make, tmp_path):
    before = make(trials=8, seeds=1, **RANDOM)
    make(trials=4, seeds=1, sampler="random", name="grown")
    file = tmp_path / "f.py"
    diverges = "value = math.nan if config['size'] > 5 else value\n        run.report("
    file.write_text(file.read_text().replace("run.report(", diverges))
    work(before)
    assert len(make(name="none", warm_start="grown").earlier) == 0
    warm = make(name="warm", warm_start="before", trials=4)
    for one in warm.earlier:
        assert (one.values is None) == (one.labels["size"] > 5)
    memory = advisor(warm).memory
    worst = min(trial.value for trial in memory.earlier() if trial.params["size"] <= 5)
    assert {t.value for t in memory.earlier() if t.params["size"] > 5} == {worst - 0.1}


def test_a_plan_says_how_many_there_are_and_what_differs(make, caplog, tmp_path):
    work(make(trials=4, seeds=1, **RANDOM))
    tasks = {"line": {"low": -10.0, "high": 0.0}, "other": {"low": -10.0, "high": 0.0}}
    warm = make(name="warm", warm_start="before", tasks=tasks, steps=5)
    assert "before has other tasks (line): of its tasks line count" in caplog.text
    assert "before has steps: 4, this space 5" in caplog.text
    assert "  warm start: 4 trials of before" in list(
        preview.lines(warm.space, warm.folder, OPTIONS)
    )
    fresh = list(preview.lines(warm.space, tmp_path / "studies" / "new", OPTIONS))
    assert "  warm start: 4 trials of before" in fresh


BAD = {
    "a study that is not there": (
        {"warm_start": ["befor"]},
        "warm_start[0] names no study: no study 'befor' under",
    ),
    "another metric": (
        {"warm_start": "before", "score": {"metric": "cost"}},
        "warm_start[0] must be scored by maximize cost (final), as this space is, but before is "
        "scored by maximize score (final)",
    ),
    "another direction": (
        {"warm_start": "before", "direction": "minimize"},
        "must be scored by minimize score (final), as this space is, but before is scored by "
        "maximize score (final)",
    ),
    "another point": (
        {"warm_start": "before", "score": {"metric": "score", "at": "max"}},
        "must be scored by maximize score (max)",
    ),
    "a sampler that learns of nothing": (
        {"warm_start": "before", "sampler": "random"},
        "warm_start must go: random learns of no results; tpe, gp and cmaes do",
    ),
    "a grid": (
        {"warm_start": "before", "sampler": "grid", "axes": CHOICES, "trials": None},
        "warm_start must go: grid learns of no results",
    ),
    "nsgaii": (
        {"warm_start": "before", "sampler": "nsgaii"},
        "warm_start must go: nsgaii breeds trials of its own alone",
    ),
    "hyperband": (
        {"warm_start": "before", "pruner": "hyperband"},
        "warm_start must go: hyperband's brackets each learn of their own trials alone",
    ),
    "where cmaes begins": (
        {"warm_start": "before", "sampler": {"cmaes": {"sigma0": 0.5}}},
        "sampler.cmaes.sigma0 must go: the earlier trials under warm_start say where cmaes begins",
    ),
    "too few for cmaes": (
        {"warm_start": "before", "sampler": "cmaes"},
        "warm_start must hold 10 complete trials for cmaes, which begins where the best tenth of "
        "them are, but there are none",
    ),
    "twice": ({"warm_start": ["before", "before"]}, "warm_start[1] repeats before"),
    "itself": ({"warm_start": "bad"}, "warm_start[0] is the study itself"),
    "a number": ({"warm_start": [3]}, "warm_start[0] must be text, but got 3"),
}


@each("case", BAD)
def test_what_is_wrong_is_told(make, tmp_path, case):
    if not (tmp_path / "studies" / "before").exists():
        make(trials=4, seeds=1, **RANDOM)
    keys, message = BAD[case]
    with pytest.raises(SweeperError) as error:
        make(name="bad", **keys)
    assert message in str(error.value) and "s.yaml:" in str(error.value)
    assert not (tmp_path / "studies" / "bad" / "plans" / "0").exists()


def test_a_near_name_is_named(make):
    make(trials=4, seeds=1, **RANDOM)
    with pytest.raises(SweeperError, match="did you mean 'before'"):
        make(name="warm", warm_start=["befor"])


def test_studies_from_before_know_none(make):
    assert not Study.open(make(name="plain").folder).earlier
