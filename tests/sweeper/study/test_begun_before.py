"""Studies that were begun before modules moved into rooms still open, continue and draw.

They were made by revision 6ca917d, stopped halfway, and a copy of each was run to its end by it:
the `.csv` beside them are the runs it had then.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pytest

from sweeper.cli import command_line
from sweeper.errors import SweeperError
from sweeper.planning.loading import load
from sweeper.study import studies
from sweeper.study.study import Study
from tests.helpers.paths import DATA
from tests.helpers.told_study import Told

BEGUN = DATA / "begun_before_the_move"
FIGURES = {"dqn_small": ["heatmap"], "tuned": ["sensitivity", "curves"]}


@pytest.fixture(params=FIGURES)
def begun(request, tmp_path, monkeypatch) -> str:
    """The study's name; its space and what it had done lie in the current folder."""
    for file in BEGUN.iterdir():
        if file.is_file():
            shutil.copy(file, tmp_path)
    shutil.copytree(BEGUN / "begun" / request.param, tmp_path / "studies" / request.param)
    monkeypatch.chdir(tmp_path)
    return request.param


def told_of_the_last(study: Study) -> None:
    """Another worker ends the last run, of which there is nothing yet, as it ended then.

    Training it takes twice as long as continuing the one that has a checkpoint, and shows less.
    """
    told = Told.of(study)
    told.tells(study.plan.runs[-1], "complete", (study.space.steps, {"return": 0.0}))


@pytest.mark.all_formats
def test_it_opens_continues_from_its_checkpoints_and_draws(begun, capfd) -> None:
    def sweeper(*words: str) -> str:
        """What a command prints; it must succeed."""
        with pytest.raises(SystemExit) as left:
            command_line.main(list(words))
        printed = capfd.readouterr()
        assert left.value.code == 0, printed.out + printed.err
        return printed.out

    of_it = f"study={begun}"
    assert " open" in sweeper("status", of_it)
    assert "trial" in sweeper("best", of_it)
    for figure in FIGURES[begun]:
        sweeper(figure, of_it)
    if begun == "dqn_small":
        told_of_the_last(Study.open(Path("studies") / begun))
    sweeper("run", f"{begun}.yaml", "dispatch=inline")
    assert " open" not in sweeper("status", of_it)
    sweeper("export", of_it, "table=runs", "out=runs.csv")
    expected = pd.read_csv(f"{begun}.csv")
    pd.testing.assert_frame_equal(pd.read_csv("runs.csv")[list(expected)], expected)
    folder = Path("studies") / begun
    for figure in FIGURES[begun]:
        assert (folder / "figures" / f"{figure}.png").stat().st_size > 10_000
    assert (folder / "report.html").exists()


def test_a_default_that_changed_since_is_refused_with_the_difference(tmp_path: Path) -> None:
    """The file says nothing of these parameters, before and now."""
    folder = tmp_path / "studies" / "dqn_small"
    shutil.copytree(BEGUN / "begun" / "dqn_small", folder)
    lines = (BEGUN / "dqn_small.yaml").read_text().splitlines(keepends=True)
    kept = [line for line in lines if not line.startswith(("  sn.proj", "  sn.detach"))]
    assert len(kept) == len(lines) - 2
    (tmp_path / "dqn_small.yaml").write_text("".join(kept))
    with pytest.raises(SweeperError) as raised:
        studies.start(folder, load(tmp_path / "dqn_small.yaml"))
    assert [line for line in str(raised.value).splitlines() if " there, " in line] == [
        "  fixed.sn.projection: hard there, divide now (the default there and now)",
        "  fixed.sn.detach_rho: true there, false now (the default there and now)",
    ]


def test_a_study_begun_before_keeps_the_defaults_of_then() -> None:
    begun = Study.open(BEGUN / "begun" / "dqn_small")
    known = set(begun.ledger_state().runs)
    assert known <= {run.id for run in begun.plan.runs}
    assert all(run.params["sn.projection"] == "hard" for run in begun.plan.runs)
