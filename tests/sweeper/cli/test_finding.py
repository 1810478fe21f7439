"""Studies and spaces are found by name, from any folder; where they are not, messages say where."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sweeper.study.study import Study
from tests.helpers.command import call

Capture = pytest.CaptureFixture[str]


@pytest.mark.parametrize("command", ["status", "heatmap", "sensitivity", "curves", "export"])
def test_studies_that_do_not_exist(
    here: Path, space_file: Path, capsys: Capture, command: str
) -> None:
    more = ["table=runs", "out=x.csv"] if command == "export" else []
    assert call(command, "study=hopps", *more) == 2
    assert "there is none yet" in capsys.readouterr().err
    assert call("run", str(space_file), "dispatch=inline") == 0
    assert call(command, "study=hopps", *more) == 2
    assert "did you mean 'hops'" in capsys.readouterr().err
    assert call(command, "study=../hops", *more) == 2
    assert "must be a plain file name" in capsys.readouterr().err


@pytest.mark.parametrize(
    "command",
    [
        *("status", "runs", "best", "failed", "report", "heatmap", "curves", "cancel", "logs"),
        "table",
        "export table=runs out=x.csv",
    ],
)
def test_a_study_is_named_by_its_word_alone_or_by_its_folder(
    here: Path, make_study: Callable[..., Study], capsys: Capture, command: str
) -> None:
    make_study()
    name, *more = command.split()
    expected = call(name, "study=hops", *more), *capsys.readouterr()
    for word in ("hops", "studies/hops", "study=studies/hops/"):
        assert (call(name, word, *more), *capsys.readouterr()) == expected
    assert call(name, f"{here}/studies/hops", *more) == expected[0]
    capsys.readouterr()
    assert call(name, "hopps", *more) == 2
    error = capsys.readouterr().err
    assert f"no study 'hopps' under {here}/studies (did you mean 'hops'?)" in error
    assert call(name, "hops", "hops", *more) == 2
    assert "study= is given twice" in capsys.readouterr().err


def test_a_word_alone_that_is_an_option_is_told_so(here: Path, capsys: Capture) -> None:
    assert call("status", "watch") == 2
    assert "'watch' has no '='; watch=… sets it" in capsys.readouterr().err
    assert call("doctor", "mine") == 2
    assert "'mine' has no '='" in capsys.readouterr().err


def test_where_studies_were_looked_for_is_told_whole(here: Path, capsys: Capture) -> None:
    assert call("status") == 2
    assert f"there is no study under {here}/studies yet" in capsys.readouterr().err
    assert call("status", "mine", "root=else/where") == 2
    assert f"no study 'mine' under {here}/else/where; there is none yet" in capsys.readouterr().err
    assert call("studies", "root=../there") == 0
    assert f"no studies under {here.parent}/there" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["quadratic", "quadratic.yaml", "spaces/quadratic.yaml"])
def test_a_space_that_ships_is_found_from_any_folder(
    here: Path, capsys: Capture, name: str
) -> None:
    assert call("plan", name, "scale=smoke") == 0
    assert capsys.readouterr().out.startswith("quadratic-smoke: ")
    (here / "quadratic.yaml").write_text("study: mine\n")
    assert call("plan", name, "scale=smoke") == (2 if name == "quadratic.yaml" else 0)


def test_a_space_that_is_nowhere_is_told_where_and_what_there_is(
    here: Path, space_file: Path, capsys: Capture
) -> None:
    assert call("run", "hosp.yaml") == 2
    error = capsys.readouterr().err
    assert f"hosp.yaml: there is no such file in {here} (did you mean 'hops.yaml'?)" in error
    assert "spaces/minatar_adam_sn.yaml" in error
    assert call("run", "minatar_adam") == 2
    assert "did you mean 'spaces/minatar_adam_sn.yaml'" in capsys.readouterr().err


def test_a_command_about_one_study_takes_one(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for command in (["best", "study=a,b"], ["export", "study=a,b", "table=runs", "out=x.csv"]):
        assert call(*command) == 2
        assert "study= takes one study here" in capsys.readouterr().err
