"""Trials that pause at a pruner's steps, and go on from there once they are good enough."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from sweeper.errors import SweeperError
from sweeper.ledger.writer import Writer
from sweeper.planning.loading import load
from sweeper.report import publish
from sweeper.report.progress import work_left
from sweeper.report.status import summarise
from sweeper.results import frames
from sweeper.study import studies
from sweeper.study.sampling.advisor import Advisor
from sweeper.study.study import Study
from tests.helpers.advised_study import work
from tests.helpers.paths import COUNTER_AGENT

FUNCTION = """
from pathlib import Path

def train(config, run):
    file = run.folder / "step"
    step = int(file.read_text()) if file.exists() else 0
    with (Path(__file__).parent / "steps.txt").open("a") as trained:
        while step < run.steps:
            step += 1
            trained.write(f"{config['x']} {run.seed} {step}\\n")
            file.write_text(str(step))
            run.report(step, score=config["x"] + step / 100 + run.seed / 1000)
"""
ASHA = {"successivehalving": {"min_resource": 2, "reduction_factor": 2, "promote": True}}


@pytest.fixture
def make(tmp_path: Path) -> Any:
    def made(name: str = "study", *, extend: bool = False, **keys: Any) -> Study:
        (tmp_path / "f.py").write_text(FUNCTION)
        space = {
            "study": "paused",
            "function": "f.py:train",
            "axes": {"x": {"kind": "int", "values": [0, 1, 2, 3, 4, 5, 6, 7]}},
            "tasks": {"line": {"low": 0.0, "high": 10.0}},
            "seeds": 2,
            "steps": 16,
            "score": {"metric": "score"},
            "pruner": ASHA,
            "figures": [],
        } | keys
        (tmp_path / "s.yaml").write_text(yaml.safe_dump(space, sort_keys=False))
        folder = tmp_path / "studies" / name
        return studies.start(folder, load(tmp_path / "s.yaml"), extend=extend)

    return made


def reached(study: Study) -> list[int]:
    """The step of the first run of each trial."""
    runs = study.ledger_state().runs
    return [runs[study.plan.runs_of(t.number)[0].id].step for t in study.plan.trials]


def test_worse_trials_pause_and_the_best_go_on(make: Any) -> None:
    done = work(make())
    assert done.ended and not done.waiting(done.ledger_state())
    steps = reached(done)
    assert steps[7] == 16, "the best has come through whatever the order"
    for rung in (2, 4, 8):
        came = [trial for trial in range(7, -1, -1) if steps[trial] >= rung]
        assert all(steps[trial] > rung for trial in came[: len(came) // 2]), steps
        assert set(steps) <= {2, 4, 8, 16} and steps[0] == 2
    summary = summarise(done)
    assert summary.runs["paused"] == 2 * sum(step < 16 for step in steps)
    assert summary.progress.runs_left == summary.progress.steps_left == 0
    assert summary.runs["open"] == summary.runs["running"] == 0
    table = frames.trials(done, done.ledger_state())
    assert set(table["state"]) == {"complete", "pruned"}


def test_no_step_is_trained_twice(make: Any, tmp_path: Path) -> None:
    work(make())
    trained = (tmp_path / "f.py").with_name("steps.txt").read_text().splitlines()
    assert len(trained) == len(set(trained))


def test_more_trials_let_paused_ones_go_on(make: Any) -> None:
    axes = {"x": {"kind": "int", "values": [7, 6]}}
    first = work(make(axes=axes))
    assert first.ended
    before = reached(first)
    assert before == [4, 2]
    more = {"x": {"kind": "int", "values": [7, 6, 0, 1, 2, 3]}}
    done = work(make(extend=True, axes=more))
    after = reached(done)
    assert done.ended and after[0] > before[0] and after[1] > before[1]


def test_a_study_that_is_opened_anew_goes_on_alike(make: Any) -> None:
    calm = work(make("calm"))
    again = make("again")
    for _ in range(3):
        again = work(Study.open(again.folder))
    assert reached(calm) == reached(again)


def test_packs_pause_with_their_checkpoints(make: Any, tmp_path: Path) -> None:
    axes = {"size": {"kind": "float", "values": [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8]}}
    pruner = {"successivehalving": {"min_resource": 4, "reduction_factor": 2, "promote": True}}
    agent = {
        "function": None,
        "agent": f"{COUNTER_AGENT}:Counter",
        "evaluation": {"every": 2, "episodes": 1},
    }
    score = {"metric": "value", "at": "final"}
    done = work(make(**agent, axes=axes, pruner=pruner, score=score), pack="4")
    assert done.ended
    runs = done.ledger_state().runs.values()
    paused = [record for record in runs if record.state == "paused"]
    assert paused and {record.resume_from is not None for record in paused} == {True}
    states = {record.resume_from.file for record in paused if record.resume_from}
    publish.now(done)
    assert {file.name for file in done.paths.checkpoints.iterdir()} == states
    went_on = [r for r in runs if r.end is not None and len(r.tries) > 1]
    assert all(one.resumed > 0 for r in went_on for n, one in r.tries.items() if n)


REPORTS = """
def train(config, run):
    for step in range(1, (END if run.seed else run.steps) + 1):
        if WHEN:
            run.report(step, score=config["x"] + step / 100)
        else:
            run.report(step, loss=1.0)
"""


@pytest.mark.parametrize(
    ("when", "end", "steps"),
    [
        ("(step + run.seed) % 2 == 0", "run.steps", {2, 4, 8, 16}),  # at steps of their own
        ("step == run.steps", "run.steps", {2, 4, 8, 16}),  # at the end alone
        ("True", "1", {2, 4, 8, 16}),  # one seed ends before its trial could pause
    ],
)
def test_runs_that_report_at_other_steps_are_judged_all_the_same(
    make: Any, monkeypatch: pytest.MonkeyPatch, when: str, end: str, steps: set[int]
) -> None:
    monkeypatch.setitem(globals(), "FUNCTION", REPORTS.replace("WHEN", when).replace("END", end))
    done = work(make(axes={"x": {"kind": "int", "values": [0, 1, 2, 3]}}))
    assert done.ended and not done.waiting(done.ledger_state())
    got = reached(done)
    assert set(got) <= steps and got[3] == 16


def test_no_run_pauses_before_it_has_the_score(make: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    late = REPORTS.replace("WHEN", "step in (3, run.steps)").replace("END", "run.steps")
    monkeypatch.setitem(globals(), "FUNCTION", late)
    done = work(make(axes={"x": {"kind": "int", "values": [0, 1]}}))
    assert done.ended and reached(done) == [3, 16]


def test_what_was_promoted_goes_on_though_another_seed_failed(
    make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    fails = FUNCTION.replace("while step", "assert run.seed == 0\n        while step")
    monkeypatch.setitem(globals(), "FUNCTION", fails)
    axes = {"x": {"kind": "int", "values": [0]}}
    done = work(make(axes=axes, limits={"failures": 1}))
    assert done.ended and reached(done) == [2]
    done.paths.promoted(0, 2).touch()
    again = Study.open(done.folder)
    assert not again.ended and reached(work(again)) == [4]


def test_every_pause_makes_another_edition(make: Any) -> None:
    study = make(axes={"x": {"kind": "int", "values": [0]}})
    before = study.edition(study.ledger_state())
    done = work(study)
    runs = done.ledger_state().runs.values()
    assert {record.state for record in runs} == {"paused"}
    assert {work_left.reached(record) for record in runs} == {2}
    assert done.edition(done.ledger_state()) != before


def test_what_goes_on_is_seen_as_by_one_who_begins_to_look(make: Any) -> None:
    axes = {"x": {"kind": "float", "low": 0.0, "high": 7.0}}
    keys = {"axes": axes, "sampler": "random"}
    before = work(make(trials=3, **keys))
    live = Study.open(before.folder)
    ledger_state = live.ledger_state()
    advisor = Advisor(live, ledger_state, Writer(live.paths.ledger, "live", {}))
    advisor.feed()
    memory, paused = advisor.memory, seen(advisor)
    work(make(trials=9, extend=True, **keys))
    advisor.note(run.id for run in live.refresh())
    advisor.note(ledger_state.refresh())
    advisor.feed()
    anew = Advisor(Study.open(before.folder), ledger_state, Writer(live.paths.ledger, "new", {}))
    anew.feed()
    assert seen(advisor) == seen(anew) and advisor.memory is memory
    assert {state for state, *_ in paused} == {"PRUNED"} and seen(advisor)[:3] != paused


def test_what_waits_to_go_on_runs_again_for_samplers(make: Any) -> None:
    done = work(make(axes={"x": {"kind": "int", "values": [0, 1, 2]}}, seeds=1))
    ledger_state = done.ledger_state()
    advisor = Advisor(done, ledger_state, Writer(done.paths.ledger, "live", {}))
    advisor.feed()
    assert seen(advisor)[0][0] == "PRUNED"
    done.paths.promoted(0, 2).touch()
    advisor.note(run.id for run in [*done.refresh(), *done.plan.runs_of(0)])
    advisor.feed()
    assert seen(advisor)[0][0] == "RUNNING" and seen(advisor)[0][1:] == (None, {2: 0.02 / 10}, {})


def seen(advisor: Advisor) -> list[tuple[Any, ...]]:
    """What Optuna knows of each trial."""
    return [
        (one.state.name, one.values, {**one.intermediate_values}, one.system_attrs)
        for one in advisor.memory.trials()
    ]


def test_other_files_beside_promotions_say_nothing(make: Any) -> None:
    done = work(make(axes={"x": {"kind": "int", "values": [0, 1]}}))
    for name in ("x.promoted", "1.promoted", ".nfs.2.promoted"):
        (done.paths.trials / name).touch()
    assert reached(work(done)) == reached(done)


@pytest.mark.parametrize(
    ("pruner", "message"),
    [
        ({"median": {"promote": True}}, "successivehalving alone promotes"),
        (
            {"successivehalving": {"promote": True, "bootstrap_count": 3}},
            "bootstrap_count must go",
        ),
        ({"successivehalving": {"promote": True, "min_resource": 16}}, "nothing would pause"),
        ({"successivehalving": {"promote": 3}}, "promote must be"),
    ],
)
def test_promotions_that_are_none(make: Any, pruner: Any, message: str) -> None:
    with pytest.raises(SweeperError, match=message):
        make(pruner=pruner)
