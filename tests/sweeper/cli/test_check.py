"""`sweeper check`: what is wrong with a space, at each of its scales."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.helpers.command import call

SPACE = """\
study: x
function: f.py:train
axes: {a: {kind: float, values: [1, 2]}, b: {kind: float, values: [1], when: {a: 3}}}
tasks: {any: {low: 0, high: 1}}
seeds: 2
steps: 10
score: {metric: value}
"""


@pytest.fixture
def space(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "f.py").write_text("def train(config, run):\n    return 0.0\n")
    return tmp_path / "x.yaml"


def test_what_is_right_is_counted_at_each_scale(
    space: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scales = "scales: {smoke: {seeds: 1}, paper: {seeds: 9}}\n"
    space.write_text(SPACE.replace("a: 3", "a: 2") + scales)
    assert call("check", "x.yaml") == 0
    assert capsys.readouterr().out == (
        "x.yaml: 2 trials × 1 task × 2 seeds = 4 runs\n"
        "x.yaml scale=smoke: 2 trials × 1 task × 1 seed = 2 runs\n"
        "x.yaml scale=paper: 2 trials × 1 task × 9 seeds = 18 runs\n"
    )
    assert call("check", "x.yaml", "scale=paper", "seeds=3") == 0
    assert "2 trials × 1 task × 3 seeds" in capsys.readouterr().out


def test_mistakes_of_all_scales_are_told_once_behind_what_is_right(
    space: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scales = "scales: {laptop: {}, smoke: {seeds: 0}, paper: {limits.deaths: 0}}\n"
    space.write_text(SPACE.replace("a: 3", "a: 2") + scales)
    assert call("check", "x.yaml") == 2
    said = capsys.readouterr()
    assert said.out == "x.yaml scale=laptop: 2 trials × 1 task × 2 seeds = 4 runs\n"
    told = said.err.splitlines()
    assert [line.removeprefix("sweeper: ").partition(",")[0] for line in told] == [
        "x.yaml:8: seeds must be a whole number of at least 1",
        "x.yaml:8: limits.deaths must be a whole number of at least 1",
    ]


def test_what_may_mislead_is_told(space: Path, capsys: pytest.CaptureFixture[str]) -> None:
    space.write_text(SPACE.replace("a: 3", "a: 2") + "derived: {c: 2 * b}\n")
    assert call("check", "x.yaml") == 0
    assert "  derived.c is not set in 1 of 2 trials" in capsys.readouterr().out
