"""`sweeper convert`: what it writes, says, and never overwrites."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.helpers.command import call

SWEEP = """\
program: train.py
method: grid
project: robots
metric: {name: loss, goal: minimize}
parameters:
  lr: {values: [0.001, 0.01]}
  layers: {value: 2}
  seed: {values: [0, 1]}
"""
SPACE = """\
# Written by `sweeper convert` from sweep.yaml, a W&B sweep.
# What it could not say, or says otherwise:
# - project: has no place in a space: `sweeper sync` takes a project's name where it sends runs
# - seed: each configuration is trained under all seeds, and judged over them
study: sweep
command: [python, train.py, "--lr={lr}", "--layers={layers}", "--seed={seed}"]
fixed: {layers: 2}
axes:
  lr: {kind: float, values: [0.001, 0.01]}
tasks:
  train: {low: 0, high: 1}  # the scores that count as 0 and as 1: put in yours
seeds: [0, 1]
steps: 100  # the last step that the program reports
# the program reports it: sweeper.report(step, loss=…)
score: {metric: loss, at: final, aggregate: mean}
direction: minimize
"""


@pytest.fixture
def sweep(here: Path) -> Path:
    """A folder that holds a sweep of W&B's."""
    (here / "sweep.yaml").write_text(SWEEP)
    return here


def test_the_space_is_as_a_person_writes_it_and_what_is_lost_is_told(
    sweep: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (sweep / "train.py").touch()
    assert call("convert", "sweep.yaml") == 0
    assert (sweep / "space.yaml").read_text() == SPACE
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "space.yaml: written from sweep.yaml, a W&B sweep"
    assert said[1] == "what it could not say, or says otherwise (2 lines):"
    assert [line.strip() for line in said[2:4]] == [
        line.removeprefix("# - ") for line in SPACE.splitlines()[2:4]
    ]
    assert said[4:] == [
        "put in where it says nothing, with the words of `sweeper run` that change it:",
        "  tasks.train: 0 to 1, the scores that count as 0 and as 1 "
        "(tasks.train.low=N tasks.train.high=N)",
        "  steps: 100, the last step that the program reports (steps=N)",
        "it plans 2 trials × 1 task × 2 seeds = 4 runs",
        "  sweeper plan space.yaml  # as it was understood: look it over",
    ]
    assert call("plan", "space.yaml") == 0


def test_without_the_program_it_says_only_that(
    sweep: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call("convert", "sweep.yaml", "out=other.yaml") == 0
    said = capsys.readouterr().out
    assert "it does not run yet:\n  other.yaml:6: command[1] names the script 'train.py'" in said
    assert (sweep / "other.yaml").read_text() == SPACE


def test_nothing_is_overwritten_unasked(sweep: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (sweep / "space.yaml").write_text("mine")
    assert call("convert", "sweep.yaml") == 2
    assert "space.yaml is there already: yes=true overwrites it" in capsys.readouterr().err
    assert call("convert", "sweep.yaml", "out=sweep.yaml", "yes=true") == 2
    assert "sweep.yaml is what is converted" in capsys.readouterr().err
    assert (sweep / "space.yaml").read_text() == "mine"
    assert call("convert", "sweep.yaml", "yes=true") == 0
    assert (sweep / "space.yaml").read_text() == SPACE


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nothing.yaml"], "there is no such file"),
        (["sweep.yaml", "out=x.txt"], "out= must end in one of .yaml, .yml"),
        (["sweep.yaml", "out=no/x.yaml"], "a folder that exists"),
        (["sweep.yaml", "output=x.yaml"], "did you mean 'out'?"),
        (["sweep.yaml", "x.yaml"], "words are key=value"),
        (["."], "is a folder, not a YAML file"),
    ],
)
def test_a_mistake_writes_nothing(
    sweep: Path, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    assert call("convert", *words) == 2
    assert said in capsys.readouterr().err
    assert [path.name for path in sweep.iterdir()] == ["sweep.yaml"]
