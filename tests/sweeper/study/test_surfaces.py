"""An analysis of whole states: what its study keeps, is refused, leaves behind and draws."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from sweeper import figures
from sweeper.cli import command_line
from sweeper.errors import NothingToShow, SweeperError
from sweeper.files import arrays
from sweeper.results.data import Data
from sweeper.space.overrides import parse_words
from sweeper.study import sources, studies
from sweeper.study.analysed import load
from sweeper.study.study import Study
from sweeper.worker.worker import Worker
from tests.helpers.figures import drawn, words
from tests.helpers.paths import ROOT

AGENTS, SURFACES = (ROOT / "spaces" / f"q_loss_{name}.yaml" for name in ("agents", "surface"))


def started(path: Path, root: Path, *words: str) -> Study:
    space = load(path, "smoke", parse_words(words, ())[1], root)
    return studies.start(root / space.name, space, extend=True)


def worked(study: Study) -> Study:
    Worker(study, pack="auto", device="cpu", workers=1).run()
    return study


@pytest.fixture(scope="module")
def looked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the smoke scale's agents, two seeds of each, and their surfaces."""
    root = tmp_path_factory.mktemp("agents")
    worked(started(AGENTS, root, "seeds=2", "steps=40"))
    worked(started(SURFACES, root))
    return root


@pytest.fixture
def root(looked: Path, tmp_path: Path) -> Path:
    """A copy of that folder."""
    return Path(shutil.copytree(looked, tmp_path / "studies"))


def test_surfaces_stay_as_arrays_and_their_numbers_as_metrics(looked):
    made = Study.open(looked / "q_loss_surface-smoke")
    records, data = made.ledger_state().runs, Data.of(made)
    assert made.ended and len(made.plan.runs) == 4
    assert made.space.checkpoint.keep == "final", "as it has arrays to keep"
    for run in made.plan.runs:
        ((step, metrics),) = records[run.id].reports
        assert (records[run.id].state, step) == ("complete", 26)
        assert {"loss", "scale", "sharpness", "source_score", "source_step"} == set(metrics)
        kept = data.kept(run.id)
        assert kept is not None and kept["losses"].shape == (1, 5, 5)
        assert kept["losses"][0, 2, 2] == metrics["loss"] == kept["loss"]
        assert metrics["source_step"] == 40
    assert data.kept("no run") is None


def test_what_was_kept_whole_can_be_played_and_is_told_before(looked, capsys):
    agents = Study.open(looked / "q_loss_agents-smoke")
    run = agents.plan.runs[0].id
    weights, state = arrays.read_kept(agents.paths.weights / f"{run}.npz", state=True)
    assert state is not None and len(state["replay.frames"]) == 40 and int(state["step"]) == 40
    assert not set(weights) & set(state) and "0.weight" in weights
    with pytest.raises(SystemExit, match="0"):
        command_line.main(
            ["play", f"root={looked}", f"study={agents.name}", f"run={run}", "video=false"]
        )
    assert ", as reported at step 40" in capsys.readouterr().out
    plan = ["plan", str(AGENTS), "scale=paper", f"root={looked}"]
    for more, said in (
        ([], "disk: about 1.04 GB of whole states that stay (checkpoint.keep: state)\n"),
        (["checkpoint.max_gb=0.5"], "but checkpoint.max_gb=0.5: a state that finds no room is"),
        (["checkpoint.keep=final"], "\n"),
    ):
        with pytest.raises(SystemExit, match="0"):
            command_line.main([*plan, *more])
        out = capsys.readouterr().out
        assert said in out and (more[-1:] != ["checkpoint.keep=final"] or "whole" not in out)


def test_a_space_can_be_checked_where_its_source_stands(looked, capsys):
    asked = ["check", str(SURFACES), "scale=smoke"]
    with pytest.raises(SystemExit, match="0"):
        command_line.main([*asked, f"root={looked}"])
    assert "= 4 runs" in capsys.readouterr().out
    with pytest.raises(SystemExit, match="2"):
        command_line.main([*asked, f"root={looked / 'nowhere'}"])
    assert "of names no study that is there" in capsys.readouterr().err


def test_a_study_without_whole_states_is_refused_with_the_key_that_keeps_them(root, tmp_path):
    def refused(*words: str, folder: Path = root) -> str:
        with pytest.raises(SweeperError) as caught:
            load(SURFACES, "smoke", parse_words(words, ())[1], folder)
        return str(caught.value)

    for keep, kept in (("none", "no weights"), ("final", "their weights alone")):
        started(AGENTS, tmp_path / keep, f"checkpoint={{keep: {keep}}}")
        said = refused(folder=tmp_path / keep)
        assert f"q_loss_agents-smoke keeps {kept}: checkpoint.keep: state of its space" in said
        assert "must be trained once more (sweeper rerun)" in said
    assert "fixed sharpness.radius must be at least 0.5" in refused("fixed.sharpness.radius=0.1")
    assert "fixed.grid must be at least 2" in refused("fixed.grid=1")
    assert "fixed.samples must be at least 2" in refused("fixed.samples=1")
    assert "fixed.range must be at most 1000" in refused("fixed.range=1001")
    assert "fixed.range must be a number" in refused("fixed.range=wide")


def test_runs_of_which_weights_alone_are_kept_are_told_and_not_analysed(root):
    agents, made = (Study.open(root / f"q_loss_{n}-smoke") for n in ("agents", "surface"))
    file = agents.paths.weights / f"{agents.plan.runs[0].id}.npz"
    arrays.write(file, arrays.read_kept(file)[0])
    assert [*sources.lines(made.sources, made.plan.runs)][1:] == [
        f"  not analysed: 1 run: {sources.NO_STATE}"
    ]
    again = worked(studies.start(root / "again", made.space))
    record = again.ledger_state().runs[again.plan.runs[0].id]
    assert record.state == "failed" and sources.NO_STATE in (record.error or "")
    assert len([*again.paths.weights.iterdir()]) == 3, "of what failed nothing is kept"


def test_the_figure_shows_the_run_of_median_score_of_each_configuration(root):
    made = Study.open(root / "q_loss_surface-smoke")
    picture = drawn(made, "surface")
    table, runs = picture.table, Data.of(made).runs
    assert len(table) == 2 * 25 and table["runs"].tolist() == [2] * 50
    scores = runs.groupby("trial")["value"].min().sort_index()
    assert table["sharpness"].iloc[[0, 25]].tolist() == scores.tolist(), "the smaller of two"
    for (run, layers), own in table.groupby(["run", "critic.layers"]):
        kept = Data.of(made).kept(run)
        at = own.set_index(["y", "x"])["loss"]
        assert at[0.5, -1.0] == kept["losses"][0, 3, 0] and at[0.0, 0.0] == kept["loss"]
        assert (own["loss / scale"] == own["loss"] / float(kept["scale"])).all()
        assert f"hidden layers = {layers}" in words(picture)
    said = words(picture)
    assert "each panel's run of median sharpness (of 2 runs)" in said
    assert "1 is the best constant's" in said and "scale in all panels" in said
    solids = [ax for ax in picture.figure.axes if ax.name == "3d"]
    assert len(solids) == 2 and not any(ax.patch.get_visible() for ax in solids), "hides a title"
    assert "26 steps)" in said, "they are the analysis' own, not an environment's"


def test_the_figure_takes_a_facet_and_part_and_says_what_it_cannot_show(root):
    made = Study.open(root / "q_loss_surface-smoke")
    picture = drawn(made, "surface", facet="task")
    assert picture.table["runs"].tolist() == [4] * 25 and "seed" in words(picture)
    files = figures.render(made, "surface", {"where": ["critic.layers=3"]})
    assert {".svg", ".csv", ".txt"} <= {file.suffix for file in files}
    with pytest.raises(SweeperError, match="no axis"):
        drawn(made, "surface", facet="depth")
    agents = Study.open(root / "q_loss_agents-smoke")
    with pytest.raises(NothingToShow, match="no run of q_loss_agents-smoke that has ended keeps a"):
        drawn(agents, "surface")


def test_colours_are_logarithmic_only_where_losses_span_decades(root):
    made = Study.open(root / "q_loss_surface-smoke")
    for factor, kind in ((1.0, "linear"), (1e4, "log")):
        for run in made.plan.runs:
            file = made.paths.weights / f"{run.id}.npz"
            kept = arrays.read(file)
            x, y = np.meshgrid(kept["x"], kept["y"])
            losses = (0.5 + factor * (x**2 + y**2))[None]
            losses[0, 0, 0] = np.inf  # too far away for a number: left out
            arrays.write(file, {**kept, "losses": losses, "scale": np.array(1.0)})
        picture = drawn(made, "surface")
        assert ("logarithmic" in words(picture)) == (kind == "log")
        bar = picture.figure.axes[-1]
        assert bar.get_xscale() == kind
    made.paths.weights.joinpath(f"{made.plan.runs[0].id}.npz").write_bytes(b"x")
    assert drawn(made, "surface").table["runs"].iloc[0] == 1, "what is damaged is not shown"


def test_surfaces_without_a_scale_or_a_loss_are_left_out_and_counted(root):
    made = Study.open(root / "q_loss_surface-smoke")
    wrong = ({"scale": np.array(0.0)}, {"losses": np.full((1, 5, 5), np.nan)})
    for count, run in enumerate(made.plan.runs[:-1], start=1):
        file = made.paths.weights / f"{run.id}.npz"
        arrays.write(file, {**arrays.read(file), **wrong[count % 2]})
        said = f"Left out: {count} run{'s' if count > 1 else ''} without a scale or a finite loss"
        assert said in words(drawn(made, "surface")).replace("\n", " ")
    file = made.paths.weights / f"{made.plan.runs[-1].id}.npz"
    arrays.write(file, {**arrays.read(file), "scale": np.zeros(2)})
    with pytest.raises(NothingToShow, match="keeps a surface whose scale is above 0"):
        drawn(made, "surface")
