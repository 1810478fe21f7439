"""Published numbers beside ours: what is matched, what is said, what is drawn."""

from __future__ import annotations

import math
import re
from collections.abc import Callable

import numpy as np
import pytest

from sweeper.errors import NothingToShow, SweeperError
from sweeper.figures import render
from sweeper.figures.drawing import style
from sweeper.planning.loading import load
from sweeper.planning.shipped_spaces import changed
from sweeper.results.published import numbers as published
from sweeper.space.overrides import parse_words
from tests.contracts import test_figures as contract
from tests.helpers.figures import drawn, words

ALPHA = {"kind": "float", "values": [0.1, 0.3, 0.5]}
TASKS = {
    "mujoco/HalfCheetah-v4": {"low": 0, "high": 10_000},
    "box2d/BipedalWalker-v3": {"low": -100, "high": 300},
    "other": {"low": 0, "high": 1},
}
SPACE = {
    "study": "asymmetry_alpha",
    "axes": {"asymmetry.alpha": ALPHA},
    "tasks": TASKS,
    "score": {"metric": "return", "aggregate": "mean"},
}
draw = contract.draw
CRITIC = {
    "study": "mujoco_critic_blocks",
    "axes": {"critic": {"kind": "choice", "values": ["original", "1 block", "9 blocks"]}},
    "tasks": {name: {"low": 0, "high": 1} for name in ("mujoco/Ant-v4", "mujoco/HalfCheetah-v4")},
    "score": {"metric": "return", "aggregate": "mean"},
}


def whole(run, labels):
    """On each task the seed, plus a thousand times alpha."""
    value = run.seed + 1000 * float(labels.get("asymmetry.alpha", 0))
    return "complete", [(40, {"return": value, "loss": 1.0})]


@pytest.fixture
def compared(played) -> Callable:
    def compare(outcome=whole, **keys):
        return drawn(played(outcome, **{**SPACE, **keys}), "compare")

    return compare


def row(picture, **wanted):
    table = picture.table
    for name, value in wanted.items():
        table = table[table[name] == value]
    assert len(table) == 1
    return table.iloc[0]


def test_ours_stands_beside_the_published_number_of_its_configuration(compared):
    picture = compared()
    own = row(picture, task="mujoco/HalfCheetah-v4", **{"asymmetry.alpha": "0.5"})
    assert (own["published"], own["spread"], own["published_seeds"]) == (10300, 145, 12)
    assert own["point"] == 502.0 and own["n"] == 5, "in the metric's own unit"
    assert 500 <= own["low"] < 502 < own["high"] <= 504
    assert own["spread_kind"] == "standard error"
    assert set(picture.table["task"]) == set(TASKS) - {"other"}
    assert len(picture.table) == 16, "our 0.3 is left out, published values we have not are shown"
    lacking = row(picture, task="mujoco/HalfCheetah-v4", **{"asymmetry.alpha": "0.99"})
    assert np.isnan(lacking["point"]) and lacking["planned"] == 0


def test_what_is_drawn_are_the_numbers(compared):
    picture = compared()
    ax = picture.figure.axes[0]
    theirs, ours = (container for container in ax.containers)
    assert theirs.lines[0].get_ydata()[0] == 5710
    ((_, low), (_, high)) = theirs.lines[2][0].get_segments()[0]
    assert (low, high) == (5710 - 1700, 5710 + 1700)
    own = row(picture, task="mujoco/HalfCheetah-v4", **{"asymmetry.alpha": "0.1"})
    assert ours.lines[0].get_ydata()[0] == own["point"] == 102
    ((x, low), (_, high)) = ours.lines[2][0].get_segments()[0]
    assert (low, high) == pytest.approx((own["low"], own["high"]))
    assert x > theirs.lines[0].get_xdata()[0], "beside each other"


def test_the_caption_says_what_the_paper_has_other(compared):
    said = words(compared())
    assert "Hui 2022, Table 3.1: IQM of 12 runs, ± one standard error (a 95 % interval is" in said
    intervals = "95 % stratified bootstrap intervals over seeds, widened for their number"
    assert f"Ours: mean, {intervals}; n = 5 runs a point" in said
    assert "Not a replication: our mean for their IQM, 40 steps for 1,000,000, 5 seeds" in said
    assert "How the standard error of an IQM was computed is not given" in said


def test_a_smaller_scale_and_other_versions_of_tasks_are_said(played, monkeypatch):
    study = played(whole, **CRITIC, seeds=2)
    monkeypatch.setattr(
        type(study), "space", study.space.model_copy(update={"scale": "laptop", "paper_steps": 10})
    )
    picture = drawn(study, "compare")
    said = words(picture)
    assert "Not a replication: scale laptop, HalfCheetah-v4 for HalfCheetah-v3, Ant-v4" in said
    assert "Laptop: 40 of scale paper's 10 steps" in said
    assert "interval unknown: fewer than 5 seeds in a task" in said
    assert "our single runs" in said and "our single runs" not in picture.text
    assert picture.table["low"].isna().all()


def test_at_the_papers_size_only_what_differs_is_said(played, monkeypatch):
    study = played(whole, **CRITIC, seeds=10, steps=1_000_000)
    paper = study.space.model_copy(update={"scale": "paper", "paper_steps": 1_000_000})
    monkeypatch.setattr(type(study), "space", paper)
    said = words(drawn(study, "compare"))
    others = "HalfCheetah-v4 for HalfCheetah-v3, Ant-v4 for Ant-v3"
    other_code = "trains function file.py:train for agent sac_lite"
    assert f"Other than published: {others}, {other_code}." in said
    assert "replication" not in said


def test_the_text_has_the_numbers_their_notes_and_the_caption(played):
    picture = drawn(played(whole, **CRITIC), "compare")
    text = picture.text
    header, *lines = text.splitlines()
    assert header.split() == ["task", "critic", "published", "return", "n", "ours", "n"]
    (doubtful,) = (line for line in lines if "2330 ± 2550[1]" in line)
    assert doubtful.split()[:3] == ["mujoco/Ant-v4", "1", "block"]
    assert "[1] doubtful: a standard error as large as the mean" in lines
    assert sum("not in the study" in line for line in lines) == 8, "2 to 5 blocks on two tasks"
    assert any("8590 ± 454" in line and "2.00 (0.10 to 3.90)" in line for line in lines)
    assert "Hui 2022, Table 2.1: mean of 10 runs" in picture.caption


def test_numbers_that_are_hardly_right_are_marked(played):
    axes = {"variant": {"kind": "choice", "values": ["deterministic", "VQL"]}}
    tasks = {f"mujoco/{name}-v4": {"low": 0, "high": 1} for name in ("HalfCheetah", "Ant")}
    keys = {"study": "mujoco_policy", "axes": axes, "tasks": tasks, "score": CRITIC["score"]}
    picture = drawn(played(whole, **keys), "compare")
    cheetah, ant = picture.figure.axes
    (mark,) = (text for text in cheetah.texts if text.get_gid() == "doubtful")
    assert mark.get_text() == "?" and mark.xy[1] == 115
    assert not ant.texts
    assert "? doubtful: HalfCheetah-v3 VQL" in words(picture)
    assert "115 ± 452[1]" in picture.text
    assert "[1] doubtful: two orders below its neighbours" in picture.text


def test_trials_with_failed_runs_are_not_averaged(compared):
    def went(run, labels):
        fails = labels["asymmetry.alpha"] == 0.1 and run.task == "other" and run.seed == 0
        return ("failed", []) if fails else whole(run, labels)

    picture = compared(went)
    failed = row(picture, task="box2d/BipedalWalker-v3", **{"asymmetry.alpha": "0.1"})
    assert np.isnan(failed["point"]) and failed["planned"] == 5 and failed["n"] == 0
    assert "incomplete" in picture.text
    assert "Failed: 1 configuration" in words(picture)


def test_a_study_without_published_numbers_names_those_that_have_them(compared):
    with pytest.raises(NothingToShow, match="no published numbers of mine are known") as raised:
        compared(study="mine")
    assert ", ".join(published.studies()) in str(raised.value)
    assert raised.value.exit_code == 1


@pytest.mark.parametrize(
    "keys",
    [
        {"tasks": {"other": {"low": 0, "high": 1}}},
        {"axes": {"asymmetry.alpha": {"kind": "float", "values": [0.3, 0.35]}}},
        {"axes": {"alpha": ALPHA}},
    ],
)
def test_a_study_that_shares_nothing_is_told_what_is_published(compared, keys):
    with pytest.raises(
        NothingToShow, match="no configuration and task of which a number is published"
    ):
        compared(**keys)


@pytest.mark.parametrize(("state", "said"), [("failed", "15 failed"), (None, "15 open")])
def test_a_study_without_finished_runs_says_so(compared, state, said):
    keys = {"axes": {"asymmetry.alpha": ALPHA | {"values": [0.5]}}}
    with pytest.raises(NothingToShow, match=f"no run of played has finished with a score .{said}"):
        compared(lambda run, labels: state and (state, []), **keys)


def test_an_average_with_a_run_that_diverged_is_unknown(compared):
    def went(run, labels):
        return ("nan", []) if run.seed == 0 and run.task.startswith("box2d") else whole(run, labels)

    picture = compared(went)
    lost = row(picture, task="box2d/BipedalWalker-v3", **{"asymmetry.alpha": "0.5"})
    assert np.isnan(lost["point"]) and lost["n"] == 5
    assert re.search("diverged +5", picture.text)


def test_a_metric_that_is_not_published_is_refused(played):
    with pytest.raises(SweeperError, match="'loss' is no metric of asymmetry_alpha with publ"):
        drawn(played(whole, **SPACE), "compare", metric="loss")


def test_the_files_hold_the_text_too(played, tmp_path):
    files = render(played(whole, **SPACE), "compare", {}, tmp_path / "x.pdf")
    assert [file.name for file in files] == ["x.pdf", "x.csv", "x.txt"]
    assert "10300 ± 145" in files[-1].read_text()


@pytest.mark.parametrize(
    "name", ["asymmetry_alpha", "dmc_policy", "mujoco_policy", "ant_width_depth"]
)
def test_nothing_is_cut_off_however_many_tasks_there_are(played, draw, name):
    numbers = published.of_space(name)
    names = [axis for axis in numbers if axis not in published.Number.model_fields]
    sizes = [list(dict.fromkeys(numbers[axis])) for axis in names]
    axes = {axis: {"kind": "choice", "values": own} for axis, own in zip(names, sizes, strict=True)}
    tasks = {task: {"low": 0, "high": 1} for task in numbers["our_task"]}
    picture, seen = draw(played(whole, study=name, axes=axes, tasks=tasks), "compare")
    assert picture.figure.get_figheight() < style.TALLEST_IN + 1.5, "and its caption"
    contract.says_what_stands_behind_it(picture, seen, len(tasks) * 5 * math.prod(map(len, sizes)))
    contract.is_not_clipped(picture.figure, seen)
    contract.does_not_overlap(seen)


def test_what_a_study_sets_otherwise_than_the_shipped_space_is_named():
    file, words = "spaces/asymmetry_alpha.yaml", ["fixed.critic.lr=0.01", "evaluation.episodes=3"]
    space = load(file, "paper", parse_words(words, [])[1])
    assert changed(space) == ["critic.lr 0.01 for 0.0003", "evaluation.episodes 3 for 10"]
    words = ["fixed.critic.norm.kind=null", "derived={actor.lr: critic.lr}", "fixed.actor.lr=null"]
    assert changed(load(file, "paper", parse_words(words, ())[1])) == [
        "critic.norm.kind none for group",
        "derived.actor.lr critic.lr for the default",
    ]
    assert changed(load(file, "paper")) == changed(load(file, "smoke")) == []
    assert changed(space.model_copy(update={"study": "my_own"})) == []


def test_a_parameter_that_came_later_is_no_difference_of_a_study_begun_before():
    space = load("spaces/asymmetry_alpha.yaml", "paper")
    assert "update_times" in space.defaults
    older = {name: value for name, value in space.defaults.items() if name != "update_times"}
    assert changed(space.model_copy(update={"defaults": older})) == []


def test_a_network_that_is_only_called_like_the_published_one_is_named():
    file, words = "spaces/mujoco_critic_blocks.yaml", ["axes.critic.values.original.units=8"]
    space = load(file, "paper", parse_words(words, [])[1])
    assert changed(space) == ["critic.units 8 for 256 in critic = original"]
    fewer = ["axes.critic.values={original: {body: mlp, units: 256, layers: 2}}", "claims=null"]
    assert changed(load(file, "paper", parse_words(fewer, [])[1])) == []


ATARI = {
    "study": "atari_dqn_sn",
    "axes": {"sn.layers": {"kind": "choice", "values": ["none", "sn[-2]", "sn[-4]"]}},
    "tasks": {f"game {n}": {"low": 0, "high": 10} for n in range(54)},
    "score": {"metric": "return", "at": "max", "aggregate": "mean"},
}


def games(run, labels):
    """The square of the game's number and the seed; ten more with a normalised layer."""
    value = int(run.task.split()[1]) ** 2 + run.seed + 10 * (labels["sn.layers"] != "none")
    return "complete", [(40, {"return": float(value)})]


@pytest.mark.parametrize("seeds", [1, 5])
def test_numbers_over_all_tasks_stand_beside_the_mean_and_the_median_of_task_means(played, seeds):
    picture = drawn(played(games, **ATARI, seeds=seeds), "compare")
    squares = [100 * (n**2 + (seeds - 1) / 2) / 10 for n in range(54)]
    expected = {"mean": np.mean(squares), "median": np.median(squares)}
    for statistic, value in expected.items():
        for layers, more in (("none", 0), ("sn[-2]", 100)):
            own = row(picture, task=f"{statistic} over 54 tasks", **{"sn.layers": layers})
            assert own["point"] == pytest.approx(value + more) and own["n"] == 54 * seeds
            assert np.isnan(own["low"]) == (seeds == 1)
    theirs = row(picture, task="median over 54 tasks", **{"sn.layers": "sn[-2]"})
    assert theirs["published"] == 178.18 and np.isnan(theirs["published_seeds"])
    assert [ax.get_title() for ax in picture.figure.axes] == [
        "mean over 54 tasks",
        "median over 54 tasks",
    ]
    assert picture.figure.axes[0].get_ylabel().split()[:3] == ["human-normalised", "score,", "%,"]
    said = words(picture)
    known = "95 % stratified bootstrap intervals" if seeds == 5 else "interval unknown"
    assert f"Ours: mean and median of task means, {known}" in said
    assert "how many seeds a game, is not given" in said and "our mean for" not in said


def test_numbers_over_all_tasks_are_not_compared_with_fewer(played):
    with pytest.raises(NothingToShow, match="has 1 task, and published numbers of atari_dqn_sn"):
        drawn(played(games, **{**ATARI, "tasks": {"game 1": {"low": 0, "high": 1}}}), "compare")
