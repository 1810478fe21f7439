"""Figures of studies in which nothing has finished yet, or never will."""

from __future__ import annotations

from pathlib import Path

import pytest

from sweeper import figures
from sweeper.cli import command_line
from sweeper.errors import NothingToShow
from tests.helpers.figures import AXES, OF_ANY_STUDY, whole

"""`compare` is for studies with published numbers, and is tested with them."""


def only(state):
    """Runs that all went so far and no further."""

    def went(run, labels):
        return {"open": None, "failed": ("failed", []), "pruned": ("pruned", [])}[state]

    return went


@pytest.mark.parametrize("name", OF_ANY_STUDY)
@pytest.mark.parametrize("state", ["open", "failed"])
def test_nothing_is_drawn_and_said_why(played, name, state):
    study = played(only(state), axes=AXES)
    with pytest.raises(
        NothingToShow, match=rf"{name} has nothing to show: .*\(40 {state}\)"
    ) as caught:
        figures.render(study, name, {})
    assert caught.value.exit_code == 1
    assert list(study.paths.figures.iterdir()) == []


@pytest.mark.all_formats
def test_curves_show_what_running_runs_report(played):
    study = played(lambda run, labels: ("running", [(20, {"return": 1.0})]), axes=AXES)
    assert figures.render(study, "curves", {})[0].name == "curves.pdf"
    with pytest.raises(NothingToShow, match=r"\(40 open\)"):
        figures.render(study, "heatmap", {})


@pytest.mark.parametrize("name", OF_ANY_STUDY)
def test_one_finished_configuration_is_enough(played, name):
    study = played(
        lambda run, labels: whole(run, labels) if run.trial == 0 else ("failed", []), axes=AXES
    )
    assert figures.render(study, name, {})[0].exists()


def test_a_study_of_failures_ends_without_figures(space_file, tmp_path, monkeypatch, capsys):
    """Its runs all raise: `run` says so and ends, and so does the figure's own command."""
    monkeypatch.chdir(tmp_path)
    words = ["seeds=1", "fixed.raise_at=5", "limits.failures=1", "dispatch=inline"]
    for command in (["run", str(space_file), *words], ["heatmap"]):
        with pytest.raises(SystemExit) as left:
            command_line.main(command)
        assert left.value.code == 1
        said = capsys.readouterr()
        assert "4 failed" in said.out + said.err
    assert "heatmap has nothing to show: no run of hops has finished" in said.err
    assert not list(Path("studies/hops/figures").glob("*.p*"))
