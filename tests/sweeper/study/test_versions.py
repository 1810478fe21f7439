"""Studies over time: joined, refused, extended, moved, damaged."""

from __future__ import annotations

import json
import shutil
import threading
from dataclasses import replace

import pytest

from sweeper.errors import SweeperError
from sweeper.ledger.lines.encoding import FORMAT
from sweeper.planning.loading import load
from sweeper.results import frames
from sweeper.space.overrides import parse_words
from sweeper.study import studies
from sweeper.study.study import Study
from sweeper.study.versions import FOLDED
from sweeper.trainable.loading import load_trainable
from sweeper.worker.worker import Worker
from tests.helpers.killed_workers import begun


@pytest.fixture
def join(space_file, tmp_path):
    def join(*words, extend=False, name="hops"):
        space = load(space_file, None, parse_words(words, ())[1])
        return studies.start(tmp_path / "studies" / name, space, extend=extend)

    return join


def work(started):
    Worker(Study.open(started.folder), pack="auto", device="cpu", workers=1).run()
    return Study.open(started.folder)


def plans(started):
    return sorted(path.name for path in started.paths.plans.iterdir())


def test_the_same_space_joins_without_a_new_version(join):
    join()
    assert plans(join()) == ["0"]


def test_what_changes_no_results_is_a_new_version(join):
    first = join()
    second = join("figures=[curves]", "limits.deaths=9", "checkpoint.every_s=5", "note=look")
    assert plans(second) == ["0", "1"]
    assert second.space.limits.deaths == 9 and second.space.figures[0].name == "curves"
    assert [run.id for run in second.plan.runs] == [run.id for run in first.plan.runs]
    assert first.refresh() == [] and first.space.limits.deaths == 9


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["steps=50"], "steps: 40 there, 50 now"),
        (["score.at=max"], "score.at: final there, max now"),
        (["seeds=2"], "seeds: [0,1,2] there, [0,1] now"),
        (["axes.size.values=[0.1]"], "axes.size: [0.1,0.3] there, [0.1] now"),
        (["sampler=random", "trials=3"], "sampler: grid there, random now"),
        (["tasks.ring={low: 0, high: 1}"], "tasks.ring: nothing there, [0,1] now"),
    ],
)
@pytest.mark.parametrize("extend", [False, True])
def test_another_space_is_refused_with_the_difference(join, words, line, extend):
    join()
    with pytest.raises(SweeperError) as caught:
        join(*words, extend=extend)
    message = str(caught.value)
    assert line in message and "under a name of its own (name=…)" in message
    assert "or let this study grow" not in message
    assert ("extend=true is for more seeds" in message) == extend


@pytest.fixture
def parameters(space_file):
    """The parameters of what the space trains, which the test may change."""
    trainable = load_trainable(load(space_file))
    before = dict(trainable.parameters)
    yield trainable.parameters
    trainable.parameters.clear()
    trainable.parameters.update(before)


def expand_others(space_file):
    """Expansions of two spaces are kept: now none of the space as it is."""
    for seeds in (1, 2):
        load(space_file, None, parse_words([f"seeds={seeds}"], ())[1])


def test_a_default_that_changed_is_a_difference_and_the_study_keeps_its_own(join, parameters):
    old = join()
    parameters["bad_seed"] = replace(parameters["bad_seed"], default=7)
    with pytest.raises(SweeperError) as raised:
        join()
    assert "  fixed.bad_seed: 0 there, 7 now (the default there and now)\n" in str(raised.value)
    again = Study.open(old.folder)
    assert [run.params["bad_seed"] for run in again.plan.runs] == [0] * 12
    assert [run.id for run in again.plan.runs] == [run.id for run in old.plan.runs]
    assert plans(join("fixed.bad_seed=0")) == ["0", "1"], "what was the default may be said"
    assert [run.id for run in Study.open(old.folder).plan.runs] == [run.id for run in old.plan.runs]


def test_a_default_that_an_axis_always_overrides_may_change(join, parameters):
    ids = [run.id for run in join().plan.runs]
    parameters["width"] = replace(parameters["width"], default=2)
    assert [run.id for run in join().plan.runs] == ids


def test_a_parameter_that_came_later_changes_no_run_of_a_study_begun_before(
    join, parameters, space_file
):
    old = join()
    parameters["gravity"] = replace(parameters["size"], default=9.81)
    expand_others(space_file)
    again = Study.open(old.folder)
    assert [run.id for run in again.plan.runs] == [run.id for run in old.plan.runs]
    assert again.completed(again.plan.runs[0]).params["gravity"] == 9.81
    assert plans(join()) == ["0"] and plans(join("figures=[curves]")) == ["0", "1"]
    assert [run.id for run in Study.open(old.folder).plan.runs] == [run.id for run in old.plan.runs]
    with pytest.raises(SweeperError, match=r"fixed\.gravity: nothing there, 1 now"):
        join("fixed.gravity=1")


def test_a_parameter_that_is_gone_is_named(join, parameters, space_file):
    old = join()
    del parameters["bad_seed"]
    expand_others(space_file)
    again = Study.open(old.folder)
    with pytest.raises(SweeperError, match=r"defaults\.bad_seed is no parameter of agent"):
        again.completed(again.plan.runs[0])


def test_a_default_that_is_no_value_is_frozen_too(join, parameters):
    parameters["bad_seed"] = replace(parameters["bad_seed"], default=None)
    old = join()
    assert [run.id for run in Study.open(old.folder).plan.runs] == [run.id for run in old.plan.runs]
    assert plans(join()) == ["0"]


def test_an_argument_of_the_sampler_is_named_as_it_is_written(join):
    words = ["axes.size={kind: float, low: 0.1, high: 0.3}", "trials=3"]
    join(*words, "sampler={tpe: {seed: 1}}")
    with pytest.raises(SweeperError, match=r"sampler\.tpe\.seed: 1 there, 2 now"):
        join(*words, "sampler={tpe: {seed: 2}}")


@pytest.mark.parametrize("words", [["seeds=4"], ["axes.size.values=[0.2,0.1,0.3]"]])
def test_growth_is_refused_unless_asked_for_and_offered(join, words):
    join()
    with pytest.raises(SweeperError, match=r"or let this study grow \(extend=true\)$"):
        join(*words)
    assert plans(join(*words, extend=True)) == ["0", "1"]


def test_old_trials_keep_their_numbers_and_runs(join):
    old = work(join())
    grown = join("seeds=4", "axes.size.values=[0.2,0.1,0.3]", extend=True)
    assert [dict(trial.labels) for trial in grown.plan.trials[:4]] == [
        dict(trial.labels) for trial in old.plan.trials
    ]
    assert [trial.labels["size"] for trial in grown.plan.trials[4:]] == [0.2, 0.2]
    assert len(grown.plan.runs) == 24
    assert {run.id for run in old.plan.runs} < {run.id for run in grown.plan.runs}
    assert not grown.ended
    done = work(grown)
    assert done.ended
    attempts = {id: record.attempts for id, record in done.ledger_state().runs.items()}
    assert set(attempts.values()) == {1}
    assert frames.trials(done, done.ledger_state())["n"].tolist() == [4] * 6


def test_seeds_need_not_be_the_last(join):
    join("seeds=[5,7]")
    assert join("seeds=[3,5,7]", extend=True).space.seeds == (3, 5, 7)


def test_trials_of_a_sampler_grow(join):
    words = ["sampler=random", "axes.size={kind: float, low: 0.1, high: 0.9}"]
    first = work(join(*words, "trials=3"))
    more = join(*words, "trials=5", extend=True)
    assert [trial.labels for trial in more.plan.trials[:3]] == [
        trial.labels for trial in first.plan.trials
    ]
    with pytest.raises(SweeperError, match="trials: 5 there, 4 now"):
        join(*words, "trials=4", extend=True)


def test_trials_of_tpe_grow(join):
    words = ["sampler=tpe", "axes.size={kind: float, low: 0.1, high: 0.9}"]
    first = work(join(*words, "trials=3"))
    done = work(join(*words, "trials=5", extend=True))
    assert len(done.plan.trials) == 5 and done.ended
    assert [trial.labels for trial in done.plan.trials[:3]] == [
        trial.labels for trial in first.plan.trials
    ]


def test_a_live_worker_sees_an_extension(join):
    started = join("axes.pause_s={kind: float, values: [0.002]}")
    worker = Worker(Study.open(started.folder), pack="1", device="cpu", workers=1)
    thread = threading.Thread(target=worker.run)
    thread.start()
    join("axes.pause_s={kind: float, values: [0.002]}", "seeds=5", extend=True)
    thread.join(60)
    done = Study.open(started.folder)
    assert len(done.plan.runs) == 20 and done.ended


def test_processes_that_start_one_study_at_once_share_it(space_file, tmp_path):
    words = ["run", str(space_file), f"root={tmp_path / 'r'}", "dispatch=inline", "figures=[]"]
    three = [begun(*words) for _ in range(3)]
    for process in three:
        process.join(120)
    assert [process.exitcode for process in three] == [0] * 3
    done = Study.open(tmp_path / "r" / "hops")
    assert plans(done) == ["0"] and done.ended
    assert {record.attempts for record in done.ledger_state().runs.values()} == {1}


@pytest.mark.parametrize("how", ["moved", "copied"])
def test_a_study_goes_on_elsewhere(join, tmp_path, how):
    started = join()
    elsewhere = tmp_path / "else" / "where"
    elsewhere.parent.mkdir()
    (shutil.move if how == "moved" else shutil.copytree)(started.folder, elsewhere)
    done = work(Study.open(elsewhere))
    assert done.ended and done.name == "where"


def test_a_project_and_its_study_go_on_elsewhere(tmp_path):
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    (here / "f.py").write_text("def train(config, run):\n    return config['x']\n")
    (here / "s.yaml").write_text(
        "study: s\nfunction: f.py:train\naxes: {x: {kind: choice, values: [1, 2]}}\n"
        "tasks: {t: {low: 0, high: 1}}\nseeds: 1\nsteps: 1\nscore: {metric: value}\n"
    )
    studies.start(here / "studies" / "s", load(here / "s.yaml"))
    here.rename(there)
    joined = studies.start(there / "studies" / "s", load(there / "s.yaml"))
    assert plans(joined) == ["0", "1"] and str(there) in joined.space.function
    assert work(joined).ended


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (FOLDED + 1, r"written by a newer sweeper.*upgrade sweeper"),
        (FORMAT - 1, rf"is of format {FORMAT - 1}; this sweeper reads {FORMAT} to {FOLDED} alone"),
    ],
)
def test_another_format_is_refused(join, number, said):
    started = join()
    plan = started.paths.plans / "0"
    frozen = json.loads(plan.read_text()) | {"format": number}
    plan.unlink()
    plan.write_text(json.dumps(frozen))
    with pytest.raises(SweeperError, match=said):
        join()


@pytest.mark.parametrize("data", ["", "{", "[]", '{"format": 1}', '{"format": "x"}'])
def test_a_damaged_plan_is_named(join, data):
    started = join()
    plan = started.paths.plans / "0"
    plan.unlink()
    plan.write_text(data)
    with pytest.raises(SweeperError, match=r"plans/0 cannot be read as a study's plan"):
        join()


def test_a_plan_that_is_no_text_is_named_without_all_of_it(join):
    plan = join().paths.plans / "0"
    data = plan.read_bytes()
    plan.unlink()
    plan.write_bytes(data.replace(b"hops", b"\xe4hops") + b" " * 100_000)
    with pytest.raises(SweeperError, match=r"UnicodeDecodeError: .* byte 0xe4") as raised:
        join()
    assert len(str(raised.value)) < len(str(plan)) + 400
