"""Rungs of seeds: further seeds go to the trials that cannot be told from the best."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from sweeper.errors import SweeperError
from sweeper.planning.loading import load
from sweeper.report.status import summarise
from sweeper.report.status_text import summary_lines
from sweeper.results import frames
from sweeper.results.ranking import ranking
from sweeper.study import studies
from sweeper.study.rungs import decisions
from sweeper.study.study import Study
from tests.helpers.advised_study import work

FUNCTION = """
import random

def train(config, run):
    noise = random.Random(f"{config['x']} {run.seed}").gauss(0, 1)
    if config["x"] == 7 and run.seed == 0 and FAILS:
        raise RuntimeError("no room")
    height = float("nan") if config["x"] == 9 else {0: 0, 1: -0.2, 2: -60}.get(config["x"], -90)
    value = SIGN * height
    run.report(1, score=value + noise)
    return value + noise
"""
AXES = {"x": {"kind": "int", "values": [0, 1, 2, 3, 4, 5]}}


@pytest.fixture
def make(tmp_path: Path) -> Any:
    def made(
        name: str = "study",
        *,
        extend: bool = False,
        fails: bool = False,
        sign: int = 1,
        **keys: Any,
    ) -> Study:
        code = FUNCTION.replace("FAILS", str(fails)).replace("SIGN", str(sign))
        (tmp_path / "f.py").write_text(code)
        space = {
            "study": "raced",
            "function": "f.py:train",
            "axes": AXES,
            "tasks": {"line": {"low": -100.0, "high": 0.0}},
            "seeds": {"tune": [2, 5, 10]},
            "steps": 1,
            "score": {"metric": "score"},
            "figures": [],
        } | keys
        (tmp_path / "s.yaml").write_text(yaml.safe_dump(space, sort_keys=False))
        folder = tmp_path / "studies" / name
        return studies.start(folder, load(tmp_path / "s.yaml"), extend=extend, other_code=True)

    return made


def seeds(study: Study) -> list[int]:
    return [study.plan.seeds_of(trial.number) for trial in study.plan.trials]


def every(study: Study) -> list[Any]:
    """All decisions on further seeds that a study has made."""
    return [decisions.read(study.paths, number) for number in range(study.plan.decisions)]


def test_the_best_and_its_like_get_all_seeds_the_others_none(make: Any) -> None:
    begun = make()
    assert begun.plan.total == 12 and begun.plan.most == 60 and not begun.ended
    done = work(begun)
    assert seeds(done) == [10, 10, 2, 2, 2, 2] and done.ended
    assert "seeds: 4 trials with 2, 2 trials with 10" in "\n".join(summary_lines(summarise(done)))
    assert len(done.plan.runs) == done.plan.total == done.plan.most == 28
    table = frames.trials(done, done.ledger_state())
    assert list(table["n"]) == seeds(done) and set(table["state"]) == {"complete"}
    first, second = every(done)
    assert (first.seeds, first.to, list(first.going_on)) == (2, 5, [0, 1])
    assert sorted(first.ended) == [2, 3, 4, 5] and max(first.ended.values()) < 0.025
    assert (second.seeds, second.to, second.ended) == (5, 10, {})


def test_runs_are_those_that_they_are_without_rungs(make: Any) -> None:
    plain, raced = make("plain", seeds=10), work(make())
    assert {run.id for run in raced.plan.runs} < {run.id for run in plain.plan.runs}
    order = [run.id for run in plain.plan.runs if raced.plan.find(run.id)]
    assert order == [run.id for run in raced.plan.runs]


def test_a_trial_that_few_seeds_flattered_is_not_the_best(make: Any) -> None:
    done = work(make(axes={"x": {"kind": "int", "values": [0, 1]}}))
    table = frames.trials(done, done.ledger_state())
    flattered = table.assign(value=[0.5, 0.9], n=[10, 2])
    assert list(ranking.in_order(done.space, flattered)["trial"]) == [0, 1]


def test_smaller_scores_may_be_better(make: Any) -> None:
    done = work(make(sign=-1, direction="minimize", tasks={"line": {"low": 0, "high": 100}}))
    assert seeds(done) == [10, 10, 2, 2, 2, 2]


def test_every_worker_decides_alike(make: Any) -> None:
    begun = make()
    while not Study.open(begun.folder).ended:
        shutil.copytree(begun.folder, begun.folder.with_name("copy"), dirs_exist_ok=True)
        study = work(Study.open(begun.folder))
    again = Study.open(begun.folder.with_name("copy"))
    assert every(work(again)) == every(study)


def test_it_is_extended_by_values_seeds_and_rungs(make: Any) -> None:
    work(make())
    more = make(extend=True, axes={"x": {"kind": "int", "values": [0, 1, 2, 3, 4, 5, 6]}})
    assert seeds(more) == [10, 10, 2, 2, 2, 2, 2] and not more.ended
    assert seeds(work(more)) == [10, 10, 2, 2, 2, 2, 2]
    axes = {"x": {"kind": "int", "values": [0, 1, 2, 3, 4, 5, 6]}}
    longer = make(extend=True, axes=axes, seeds={"tune": [2, 5, 10, 12]})
    assert not longer.ended
    done = work(longer)
    assert seeds(done) == [12, 12, 2, 2, 2, 2, 2] and done.ended


def test_plain_seeds_may_become_the_first_rung(make: Any) -> None:
    work(make(seeds=2))
    assert seeds(work(make(extend=True))) == [10, 10, 2, 2, 2, 2]
    with pytest.raises(SweeperError, match=r"seeds.rungs: .*2,5,10.* there"):
        make(extend=True, seeds=10)
    with pytest.raises(SweeperError, match="rungs"):
        make(extend=True, seeds={"tune": [2, 6, 10]})


def test_the_first_rung_is_of_the_seeds_that_there_are(make: Any) -> None:
    make(seeds=[0, 5])
    with pytest.raises(SweeperError, match="exists with another space"):
        make(extend=True, seeds={"tune": [2, 6]})


def test_a_failed_trial_waits_for_its_retry(make: Any) -> None:
    axes = {"x": {"kind": "int", "values": [0, 1, 7]}}
    done = work(make(axes=axes, fails=True, limits={"failures": 1}))
    assert done.ended and seeds(done) == [10, 10, 2]
    assert done.plan.rising == [2] and not done.waiting(done.ledger_state())


def test_what_diverged_is_worse_than_all(make: Any) -> None:
    axes = {"x": {"kind": "int", "values": [0, 1, 3, 9]}}
    assert seeds(work(make(axes=axes))) == [10, 10, 2, 2]


def test_the_best_is_one_that_keeps_the_bounds(make: Any) -> None:
    """Heights are 0, -0.2, -60 and -90: trials 0 and 1 break the bound, which two seeds hardly say
    for sure."""
    axes = {"x": {"kind": "int", "values": [0, 1, 2, 3]}}
    score = {"metric": "score", "constraints": {"score": "<= -30"}}
    made = work(make(axes=axes, score=score))
    assert seeds(made) == [5, 5, 10, 2]
    first, second = every(made)
    assert first.best == second.best == 2
    assert set(first.ended) == {3} and set(second.ended) == {0, 1}


def test_where_nobody_keeps_a_bound_only_those_end_that_surely_break_it(make: Any) -> None:
    axes = {"x": {"kind": "int", "values": [0, 1, 2]}}
    score = {"metric": "score", "constraints": {"score": ">= 5"}}
    assert seeds(work(make(axes=axes, score=score)))[2] == 2


def test_a_sampler_plans_all_trials_before_the_first_decision(make: Any) -> None:
    axes = {"x": {"kind": "int", "low": 0, "high": 5}}
    done = work(make(axes=axes, sampler={"tpe": {"n_startup_trials": 2, "seed": 1}}, trials=6))
    labels = [trial.labels["x"] for trial in done.plan.trials]
    assert sorted(labels) == [0, 1, 2, 3, 4, 5]
    assert [10 if x < 2 else 2 for x in labels] == seeds(done)


def test_a_decision_that_is_lost_or_damaged_is_told(make: Any) -> None:
    done = work(make())
    file = done.paths.rung(0)
    kept = file.read_bytes()
    file.chmod(0o600)
    file.write_bytes(kept[:-9])
    with pytest.raises(SweeperError, match=r"trials/0.rung is damaged"):
        _ = Study.open(done.folder).plan
    file.unlink()
    with pytest.raises(SweeperError, match=r"trials/0.rung is missing"):
        _ = Study.open(done.folder).plan


@pytest.mark.parametrize(
    "wrong, message",
    [
        ([5, 2], r"seeds.tune\[1\] must be more than the 5 before it"),
        ([2, 2], r"seeds.tune\[1\] must be more than the 2 before it"),
        ([1, 5], r"seeds.tune\[0\] must be a whole number of at least 2"),
        ([0, 1, 2], r"seeds.tune\[0\] must be a whole number of at least 2"),
        ([5], r"seeds.tune needs two rungs or more"),
        ([], r"seeds.tune must hold at least one value"),
        (["a", 3], r"seeds.tune\[0\] must be a whole number"),
    ],
)
def test_rungs_that_are_none(make: Any, wrong: list[Any], message: str) -> None:
    with pytest.raises(SweeperError, match=message):
        make(seeds={"tune": wrong})


def test_rungs_judge_one_score(make: Any) -> None:
    score = [{"metric": "score"}, {"metric": "score", "at": "max"}]
    with pytest.raises(
        SweeperError, match="seeds must be a number or a list: rungs judge one score"
    ):
        make(score=score)
