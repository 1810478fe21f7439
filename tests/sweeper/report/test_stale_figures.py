"""Figures that no longer show the study are drawn anew, or stand apart, and nothing lists them."""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd
import pytest
from matplotlib.figure import Figure

from sweeper import figures
from sweeper.cli import command_line
from sweeper.cli.commands.retry import rerun
from sweeper.figures import records
from sweeper.planning.loading import load
from sweeper.report import publish
from sweeper.space.overrides import parse_words
from sweeper.study import studies
from sweeper.study.study import Study
from tests.helpers.worked_study import work


@pytest.fixture(autouse=True)
def plain_pictures(monkeypatch):
    """Pictures that hold their caption alone: to draw three formats takes longest."""

    def save(figure, file, **options):
        caption = " ".join(text.get_text() for text in figure.texts)
        Path(file).write_text(f'<svg width="9pt">{caption}</svg>')

    monkeypatch.setattr(Figure, "savefig", save)


@pytest.fixture
def grow(space_file, tmp_path):
    """Starts the study, or extends it by these words."""

    def grow(*words):
        space = load(space_file, None, parse_words(words, ())[1])
        return studies.start(tmp_path / "studies" / "hops", space, extend=True)

    return grow


def runs_behind(started, file):
    return int(pd.read_csv(started.paths.figures / file)["n"].sum())


def shown(started):
    return sorted(file.name for file in started.paths.figures.glob("[!.]*") if file.is_file())


def test_a_figure_drawn_by_hand_is_drawn_anew_after_an_extension(grow):
    first = work(grow())
    figures.render(first, "heatmap", {"x": "width"})
    figures.render(first, "curves", {}, first.paths.figures / "mine.png")
    assert runs_behind(first, "heatmap-width.csv") == 12
    assert "12 runs" in (first.paths.figures / "mine.png").read_text()
    grown = work(grow("seeds=4"))
    assert runs_behind(grown, "heatmap.csv") == runs_behind(grown, "heatmap-width.csv") == 16
    assert "16 runs" in (grown.paths.figures / "mine.png").read_text()
    kept = records.read(grown.paths)
    assert {one.edition for one in kept} == {grown.edition(grown.ledger_state())}
    assert [one.stem for one in kept] == ["heatmap-width", "heatmap", "mine"]
    assert [dict(one.options) for one in kept] == [{"x": "width"}, {}, {}]
    assert not grown.paths.old_figures.exists()


@pytest.mark.all_formats
def test_what_cannot_be_drawn_of_the_study_as_it_is_stands_apart(grow, capsys):
    """A line a value of `size` was drawn; of eleven values there are too many lines."""
    first = work(grow("seeds=1"))
    figures.render(first, "sensitivity", {"x": "width", "hue": "size"})
    sizes = [0.1, 0.3, *(round(0.31 + n / 100, 2) for n in range(9))]
    grown = work(grow("seeds=1", f"axes.size.values={sizes}"))
    assert "sensitivity-width-size could not be drawn: hue takes an axis" in capsys.readouterr().err
    assert not [name for name in shown(grown) if name.startswith("sensitivity")]
    old = sorted(file.name for file in grown.paths.old_figures.iterdir())
    assert old == [f"sensitivity-width-size.{form}" for form in ("csv", "pdf", "png", "svg", "txt")]
    assert [one.stem for one in records.read(grown.paths)] == ["heatmap"]


def test_figures_and_report_of_a_study_that_has_more_to_train_stand_apart(grow):
    first = work(grow())
    figures.render(first, "heatmap", {"x": "width"})
    ended = shown(first)
    grown = grow("seeds=4")
    assert publish.set_aside(grown, grown.ledger_state()) == 2
    assert shown(grown) == [] and not grown.paths.report.exists()
    old = {file.name for file in grown.paths.old_figures.glob("[!.]*")}
    assert old == {*ended, "report.html"}
    again = work(grown)
    assert shown(again) == ended and again.paths.report.exists()
    assert runs_behind(again, "heatmap-width.csv") == 16
    assert [file.name for file in again.paths.old_figures.iterdir()] == ["report.html"]


def test_a_run_that_is_trained_again_takes_the_figures_of_its_old_end_away(grow, monkeypatch):
    first = work(grow())
    monkeypatch.chdir(first.folder.parents[1])
    rerun(first, first.plan.runs[0].id)
    opened = Study.open(first.folder)
    assert publish.set_aside(opened, opened.ledger_state()) == 1
    assert shown(opened) == []
    again = work(opened)
    assert (
        runs_behind(again, "heatmap.csv") == 12
        and publish.due(again, again.ledger_state()) is False
    )


@pytest.mark.all_formats
def test_figures_of_a_study_that_is_still_at_work_stay_and_say_what_is_missing(grow):
    """They count what is missing themselves; at the end they are drawn anew like all others."""
    first = work(grow("seeds=1"))
    grown = grow("seeds=2")
    figures.render(grown, "heatmap", {"x": "width"})
    assert publish.set_aside(grown, grown.ledger_state()) == 1
    assert "heatmap-width.png" in shown(grown) and "heatmap.png" not in shown(grown)
    assert runs_behind(work(grown), "heatmap-width.csv") == 8
    assert len(first.versions) == 1


@pytest.mark.all_formats
def test_a_picture_that_somebody_removed_is_not_drawn_again(grow):
    first = work(grow("seeds=1"))
    figures.render(first, "heatmap", {"x": "width"})
    for name in shown(first):
        if name.startswith("heatmap-width"):
            (first.paths.figures / name).unlink()
    assert shown(work(grow("seeds=2"))) == [
        f"heatmap.{form}" for form in ("csv", "pdf", "png", "svg", "txt")
    ]


@pytest.mark.all_formats
def test_the_command_lists_only_figures_of_the_study_as_it_is(
    space_file, tmp_path, monkeypatch, capsys
):
    """A picture that nothing is known of is not said to be a result."""
    monkeypatch.chdir(tmp_path)
    words = ["run", str(space_file), "dispatch=inline"]
    for more in (["seeds=1"], ["seeds=2", "extend=true"]):
        with pytest.raises(SystemExit) as left:
            command_line.main([*words, *more])
        assert left.value.code == 0
        said = capsys.readouterr().out
        if more == ["seeds=1"]:
            (tmp_path / "studies" / "hops" / "figures" / "heatmap-old.png").write_bytes(
                b"an old one"
            )
            figures.render(Study.open(tmp_path / "studies" / "hops"), "heatmap", {"x": "width"})
    assert "2 figures drawn before: in studies/hops/figures/old until drawn anew" in said
    listed = [line.strip() for line in said.splitlines() if line.strip().startswith("studies/")]
    names = [f"{name}.{form}" for name in ("heatmap-width", "heatmap") for form in ("pdf", "png")]
    assert listed == [os.path.join("studies/hops/figures", name) for name in names] + [
        "studies/hops/report.html"
    ]


def test_a_record_that_holds_anything_else_is_passed_over(grow):
    started = grow()
    for number, text in enumerate(("", "[]", "{}", '{"files": []}', '{"files": ["../../x.png"]}')):
        (started.paths.figures / f".{number}.json").write_text(text)
    (started.folder.parent / "x.png").write_bytes(b"")
    assert records.read(started.paths) == []
