"""The command under a best configuration runs exactly that configuration, whatever the space."""

from __future__ import annotations

import shlex
from dataclasses import replace

import pytest

from sweeper.cli import command_line
from sweeper.planning.loading import load
from sweeper.report.page import overview, rerun_command
from sweeper.schema.yaml_text import parse
from sweeper.space.digest import digest
from sweeper.study.study import Study

KINDS = {
    "a range that was drawn": (
        "sampler={random: {seed: 3}}",
        "trials=3",
        "axes.size={kind: float, low: 1e-5, high: 0.9, log: true}",
    ),
    "layers and labelled values": (
        "axes.width={kind: choice, values: {'the <wide> one': 2, small: 1}}",
        "axes.sn.layers={kind: layers, sets: [none, [-1], [-2, -3]]}",
    ),
    "a variant": (
        "axes.size=null",
        "axes.width=null",
        'axes.both={kind: variant, values: {a: {size: 0.2, width: 2}, "b\'η": {size: 0.4}}}',
    ),
    "zip, derived, constraints, drop": (
        "axes.nan_at={kind: int, values: [50, 60]}",
        "zip=[[width, nan_at]]",
        "derived={raise_at: nan_at + width}",
        "constraints=[size * width < 0.5]",
        "invalid=drop",
    ),
    "an axis that is not always active": (
        "axes.size={kind: float, values: [0.1, 0.3], when: {width: 2}}",
    ),
    "several scores, seeds by name": (
        "score=[{metric: value}, {metric: twice, direction: minimize, high: 4}]",
        "seeds=[3, 1]",
        "steps=30",
        "tasks={line: {low: 0, high: 1}, ring: {low: 0, high: 2}}",
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_it_plans_the_same_runs(make_study, space_file, tmp_path, monkeypatch, kind):
    monkeypatch.chdir(tmp_path)
    space_file.write_text(space_file.read_text().replace(":Counter", ":Layered"))
    made = make_study(*KINDS[kind])
    for trial, text in rerun_command.reruns(made, range(len(made.plan.trials))).items():
        words = shlex.split(text)
        assert words[:3] == ["sweeper", "run", "hops.yaml"]
        assert same_runs(made, trial, words[3:])


def same_runs(made, trial, words):
    """Whether the words, given to the space's file, plan the runs of `trial` and no others."""
    from sweeper.planning.plan import Plan
    from sweeper.space.overrides import parse_words
    from sweeper.trainable.loading import load_trainable

    options, overrides = parse_words(words, list(command_line.RUN_OPTIONS))
    space = load("hops.yaml", options.get("scale"), overrides)
    plan = Plan(space, load_trainable(space))
    assert options["name"] == f"hops-trial-{trial}"
    return [run.id for run in plan.runs] == [run.id for run in made.plan.runs_of(trial)]


def test_the_baseline_of_the_file_is_taken_away(make_study, space_file, tmp_path, monkeypatch):
    """The one configuration has no value to compare with."""
    monkeypatch.chdir(tmp_path)
    space_file.write_text(f"{space_file.read_text()}baseline: {{width: 1}}\n")
    made = make_study()
    words = shlex.split(rerun_command.reruns(made, [3])[3])[3:]
    assert "baseline=null" in words and same_runs(made, 3, words)


def test_the_defaults_of_then_are_said_where_they_are_others_now(make_study, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    made = make_study()
    parameters = made.trainable.parameters
    now = replace(parameters["bad_seed"], default=7)
    monkeypatch.setitem(parameters, "bad_seed", now)
    words = shlex.split(rerun_command.reruns(made, [0])[0])[3:]
    assert "fixed={bad_seed: 0}" in words and same_runs(made, 0, words)
    (tmp_path / "again.yaml").write_text(overview.resolved(made.space))
    assert digest(load(tmp_path / "again.yaml")) == digest(made.space)


def test_a_shell_runs_it(make_study, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    made = make_study("axes.width={kind: choice, values: {'$(touch x) <b>': 2}}", "seeds=2")
    (text,) = rerun_command.reruns(made, [1]).values()
    words = shlex.split(text)[1:]
    with pytest.raises(SystemExit) as left:
        command_line.main([*words, "dispatch=inline"])
    assert left.value.code == 0
    done = Study.open(tmp_path / "studies/hops-trial-1")
    assert [run.id for run in done.plan.runs] == [run.id for run in made.plan.runs_of(1)]
    assert done.ended and (done.paths.figures / "curves.svg").exists()


def test_a_scale_is_named(space_file, make_study, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = space_file.read_text() + "scales: {smoke: {seeds: 2}, laptop: {seeds: 1}}\n"
    space_file.write_text(text)
    from sweeper.study import studies

    made = studies.start(tmp_path / "studies/hops", load("hops.yaml", "smoke"))
    words = shlex.split(rerun_command.reruns(made, [0])[0])[3:]
    assert words[0] == "scale=smoke" and not any(word.startswith("seeds=") for word in words)
    assert same_runs(made, 0, words)


def test_none_without_the_file(make_study, space_file):
    made = make_study()
    space_file.unlink()
    assert rerun_command.reruns(made, [0]) == {}


@pytest.mark.parametrize(
    "value",
    [
        {"a b": [1, 1.0, 1e-5, True, None, "1e-4", "null", "on", ""]},
        ["it's", 'a "quote"', "a\nline", "η → \u2028\u0085\x07😀", "{x: 1}", "- a", "#", "a: b"],
    ],
)
def test_what_it_writes_is_read_back(value):
    read, _ = parse(rerun_command.flow(value), "word", lines=False)
    assert read == value and "\n" not in rerun_command.flow(value)
