"""`sweeper new`: five questions, a space that runs, and nothing overwritten."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from sweeper import lookup
from sweeper.cli.commands import new, new_axes
from sweeper.errors import SweeperError
from sweeper.planning.loading import load
from tests.helpers.cases import each
from tests.helpers.command import call


def replies(*texts: str) -> Callable[[str], str]:
    """A person that answers so, and then goes."""
    left = iter(texts)

    def reply(prompt: str) -> str:
        try:
            return next(left)
        except StopIteration:
            raise EOFError from None

    return reply


@pytest.mark.parametrize("agent", lookup.names("agents.learners"))
def test_each_agent_has_defaults_that_load(here: Path, agent: str) -> None:
    lines = [*new.lines({"agent": agent, "file": "it.yaml"}, None)]
    assert lines[-2:] == [
        "  sweeper check it.yaml  # says what is wrong with it, at each of its scales",
        "  sweeper run it.yaml scale=smoke  # takes seconds: does it work?",
    ]
    assert lines[0].startswith("nobody said otherwise: task=")
    assert load("it.yaml").seeds == (0, 1, 2, 3, 4)
    assert len(load("it.yaml", "smoke").seeds) == 1


@pytest.mark.parametrize("kind", ["function=own.py:fit", "program=own.py"])
def test_what_is_begun_runs_at_smoke_scale(
    here: Path, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    axes = "axes=lr=1e-4..1e-2 opt=adam layers=1..3 on=true,false"
    assert call("new", kind, axes, "steps=20", "seeds=2", "task=line", "name=tried") == 0
    assert (here / "own.py").is_file()
    data = yaml.safe_load((here / "tried.yaml").read_text())
    assert data["axes"] == {
        "lr": {"kind": "float", "low": 0.0001, "high": 0.01, "log": True, "count": 5},
        "opt": {"kind": "choice", "values": ["adam"]},
        "layers": {"kind": "int", "low": 1, "high": 3},
        "on": {"kind": "choice", "values": [True, False]},
    }
    run = ["run", "tried.yaml", "scale=smoke", "dispatch=inline", "figures=[]"]
    assert (
        call(*run, "axes.layers.values=[1]", "axes.layers.low=null", "axes.layers.high=null") == 0
    )
    assert "4 trials" in capsys.readouterr().out


def test_nobody_asks_where_all_is_said(here: Path) -> None:
    given = {"agent": "dqn", "task": "minatar/freeway", "axes": "sn.layers=none,-2", "seeds": "3"}
    given |= {"steps": "1e4", "name": "frozen"}
    assert next(new.lines(given, None)) == "frozen.yaml: written"
    space = load("frozen.yaml")
    assert (space.steps, len(space.seeds), [*space.tasks]) == (10_000, 3, ["minatar/freeway"])
    assert space.axes["sn.layers"].kind == "layers"


def test_a_wrong_answer_is_told_and_asked_for_again(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    reply = replies(
        "dqm", "dqn", "minatar/brekout", "", "lr=1..2", "optimizer.lr=a..b", "optimizer.lr", "",
        "five", "1 2 3", "2, 900", "a/b", "mine",
    )  # fmt: skip
    lines = [*new.lines({}, reply)]
    assert lines[0] == "mine.yaml: written"
    said = capsys.readouterr().out
    for wrong in (
        "unknown agent 'dqm' (did you mean 'dqn'?)",
        "did you mean 'minatar/breakout'?",
        "axes.lr is no parameter of agent dqn (did you mean axes.optimizer.lr?)",
        "a range is LOW..HIGH, two numbers, but got 'a..b'",
        "an axis is NAME=LOW..HIGH or NAME=VALUE,VALUE",
        "seeds must be a whole number from 1, but got 'five'",
        "needed are the number of seeds, or two numbers, seeds and steps, but got '1 2 3'",
        "must be a plain file name",
    ):
        assert wrong in said
    assert (load("mine.yaml").steps, load("mine.yaml").seeds) == (900, (0, 1))


@pytest.mark.parametrize("kind", ["function", "program"])
def test_what_a_short_answer_takes_is_told(
    here: Path, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    [*new.lines({}, replies(kind, "", "", "3", "short"))]
    taken = {"function": "train.py:train", "program": "train.py"}[kind]
    assert capsys.readouterr().out == f"{kind} alone takes {taken}\n"
    assert (here / "train.py").is_file()
    assert (load("short.yaml").steps, len(load("short.yaml").seeds)) == (100, 3)


@each(
    "word, said",
    [
        ("agent=dqm", "did you mean 'dqn'?"),
        ("task=x", "is no task of agent dqn"),
        ("axes=lr=1", "did you mean axes.optimizer.lr?"),
        ("axes=gamma=1..2", "gamma"),
        ("axes=gamma=1 gamma=2", "gamma is there twice"),
        ("axes=gamma=0.9,", "a value stands between commas, as in gamma=1,2, but got '0.9,'"),
        ("axes=gamma=[3x3]", "must be one, but got '3x3'; a text stands in quotes in a list"),
        ("seeds=0", "seeds must be a whole number from 1"),
        ("steps=1.5", "steps must be a whole number from 1"),
        ("name=a b", "must be a plain file name"),
        ("function=no.txt", "a function is FILE.py:NAME"),
        ("function=no/f.py:g", "is in no folder that exists"),
        ("program=run.sh", "a program is FILE.py to begin with"),
        ("wat=1", "unknown option 'wat'"),
        ("it.txt", "the file of a space ends in .yaml, but got 'it.txt'"),
        ("no/it.yaml", "in a folder that exists"),
        ("yes=1", "yes must be true or false"),
    ],
)
def test_a_wrong_word_writes_nothing(
    here: Path, capsys: pytest.CaptureFixture[str], word: str, said: str
) -> None:
    assert call("new", word) == 2
    assert said in capsys.readouterr().err
    assert not [*here.iterdir()]


@pytest.mark.parametrize(
    ("wrong", "meant"),
    [
        ("1e-4.1e-1", "1e-4..1e-1"),
        ("1e-4...1e-2", "1e-4..1e-2"),
        ("1e-4--1e-1", "1e-4..1e-1"),
        ("1e-4:1e-1", "1e-4..1e-1"),
        ("1e-4-1e-1", "1e-4..1e-1"),
        ("0.1.0.5", "0.1..0.5"),
        ("0,1..0,5", "0.1..0.5"),
        ("[1..5]", "1..5"),
        ("3,1-e4", "1e-4"),
        ("1e-4..1e-3..1e-2", None),
        ("2020-01-01", None),
    ],
)
def test_what_is_nearly_a_range_or_a_number_is_no_text(wrong: str, meant: str | None) -> None:
    with pytest.raises(SweeperError, match="but got") as refused:
        new_axes.read(f"lr={wrong}", {})
    near = f"(did you mean lr={meant}?)"
    assert near in str(refused.value) if meant else "did you mean" not in str(refused.value)


def test_each_axis_is_told_as_it_was_understood(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    axes = """lr=1e-4..1e-1 p=0.0..1 layers=1..3 b=32,64 k=["3x3",5] on=true,off"""
    assert call("new", "function=f.py:g", f"axes={axes}", "it.yaml") == 0
    said = capsys.readouterr().out
    written = said.index("it.yaml: written\n")
    assert said[written:].splitlines()[1:7] == [
        "  lr: 5 values from 0.0001 to 0.1, by ratio",
        "  p: 5 values from 0 to 1, evenly spaced",
        "  layers: each whole number from 1 to 3",
        "  b: 2 values: 32, 64",
        "  k: 2 values: '3x3', 5",
        "  on: 2 values: true, 'off'",
    ]
    points = {name: axis.points(name) for name, axis in load("it.yaml").axes.items()}
    assert [point.value for point in points["layers"]] == [1, 2, 3] and len(points["lr"]) == 5


def test_a_function_that_is_there_stays_and_must_hold_its_name(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = "def fit(config, run):\n    return 1.0\n"
    (here / "mine.py").write_text(mine)
    assert call("new", "function=mine.py:fti") == 2
    assert "did you mean 'fit'?" in capsys.readouterr().err
    assert call("new", "function=mine.py:fit", "name=it") == 0
    assert (here / "mine.py").read_text() == mine


def test_nothing_is_overwritten_unasked(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "it.yaml").write_text("mine")
    for words in (["it.yaml"], ["name=it"]):
        assert call("new", "function=f.py:g", *words) == 2
        assert "it.yaml is there already: yes=true overwrites it" in capsys.readouterr().err
    assert (here / "it.yaml").read_text() == "mine"
    assert call("new", "it.yaml", "function=f.py:g", "yes=true") == 0
    assert load("it.yaml").study == "it"


def test_who_goes_away_leaves_nothing(here: Path) -> None:
    with pytest.raises(SweeperError, match="nothing was written"):
        [*new.lines({}, replies("dqn"))]
    assert not [*here.iterdir()]


def test_a_terminal_is_asked(here: Path) -> None:
    leader, follower = pty.openpty()
    os.write(leader, b"function\n\n\n2, 9\ntyped\n")
    command = [sys.executable, "-m", "sweeper", "new"]
    done = subprocess.run(command, stdin=follower, capture_output=True, text=True, check=True)
    assert "4. How many seeds, and how many steps a run? [5, 100]" in done.stdout
    assert load("typed.yaml").steps == 9 and (here / "train.py").is_file()
