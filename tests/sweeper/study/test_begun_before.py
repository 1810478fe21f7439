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
from tests.helpers.paths import DATA

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
    sweeper("run", f"{begun}.yaml", "dispatch=inline", "pack=1")
    assert " open" not in sweeper("status", of_it)
    sweeper("export", of_it, "table=runs", "out=runs.csv")
    expected = pd.read_csv(f"{begun}.csv")
    pd.testing.assert_frame_equal(pd.read_csv("runs.csv")[list(expected)], expected)
    study = Path("studies") / begun
    for figure in FIGURES[begun]:
        assert (study / "figures" / f"{figure}.png").stat().st_size > 10_000
    assert (study / "report.html").exists()
