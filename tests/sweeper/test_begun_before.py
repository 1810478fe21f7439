"""Studies that were begun before modules moved into rooms still open, continue and draw.

They were made by revision 6ca917d, stopped halfway, and a copy of each was run to its end by it:
the `.csv` beside them are the runs it had then.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

DATA = Path(__file__).parents[1] / "data" / "begun_before_the_move"
FIGURES = {"dqn_small": ["heatmap"], "tuned": ["sensitivity", "curves"]}


@pytest.fixture(scope="module", params=FIGURES)
def begun(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the study's space and what it had done, as `studies/<name>`."""
    folder = tmp_path_factory.mktemp("begun")
    for file in DATA.iterdir():
        if file.is_file():
            shutil.copy(file, folder)
    shutil.copytree(DATA / "begun" / request.param, folder / "studies" / request.param)
    return folder


def sweeper(folder: Path, *words: str) -> str:
    """What a command prints; it must succeed."""
    command = [sys.executable, "-m", "sweeper", *words]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_it_opens_continues_from_its_checkpoints_and_draws(begun: Path) -> None:
    (study,) = (folder.name for folder in (begun / "studies").iterdir())
    assert " open" in sweeper(begun, "status", f"study={study}")
    assert "trial" in sweeper(begun, "best", f"study={study}")
    for figure in FIGURES[study]:
        sweeper(begun, figure, f"study={study}")
    sweeper(begun, "run", f"{study}.yaml", "dispatch=inline", "pack=1")
    assert " open" not in sweeper(begun, "status", f"study={study}")
    sweeper(begun, "export", f"study={study}", "table=runs", "out=runs.csv")
    expected = pd.read_csv(begun / f"{study}.csv")
    pd.testing.assert_frame_equal(pd.read_csv(begun / "runs.csv")[list(expected)], expected)
    for figure in FIGURES[study]:
        assert (begun / "studies" / study / "figures" / f"{figure}.png").stat().st_size > 10_000
    assert (begun / "studies" / study / "report.html").exists()
