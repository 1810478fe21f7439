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

from sweeper.errors import SweeperError
from sweeper.plan.loading import load
from sweeper.study import study
from sweeper.study.study import Study
from tests.helpers.paths import DATA

BEGUN = DATA / "begun_before_the_move"
FIGURES = {"dqn_small": ["heatmap"], "tuned": ["sensitivity", "curves"]}


@pytest.fixture(scope="module", params=FIGURES)
def begun(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the study's space and what it had done, as `studies/<name>`."""
    folder = tmp_path_factory.mktemp("begun")
    for file in BEGUN.iterdir():
        if file.is_file():
            shutil.copy(file, folder)
    shutil.copytree(BEGUN / "begun" / request.param, folder / "studies" / request.param)
    return folder


def sweeper(folder: Path, *words: str, code: int = 0) -> str:
    """What a command prints; it must end with `code`."""
    command = [sys.executable, "-m", "sweeper", *words]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout if code == 0 else done.stderr


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


def test_a_default_that_changed_since_is_refused_with_the_difference(tmp_path: Path) -> None:
    """The file says nothing of these parameters, before and now."""
    folder = tmp_path / "studies" / "dqn_small"
    shutil.copytree(BEGUN / "begun" / "dqn_small", folder)
    lines = (BEGUN / "dqn_small.yaml").read_text().splitlines(keepends=True)
    kept = [line for line in lines if not line.startswith(("  sn.proj", "  sn.detach"))]
    assert len(kept) == len(lines) - 2
    (tmp_path / "dqn_small.yaml").write_text("".join(kept))
    with pytest.raises(SweeperError) as raised:
        study.start(folder, load(tmp_path / "dqn_small.yaml"))
    assert [line for line in str(raised.value).splitlines() if " there, " in line] == [
        "  fixed.sn.projection: hard there, divide now (the default there and now)",
        "  fixed.sn.detach_rho: true there, false now (the default there and now)",
    ]


def test_a_study_begun_before_keeps_the_defaults_of_then() -> None:
    begun = Study.open(BEGUN / "begun" / "dqn_small")
    known = set(begun.ledger_state().runs)
    assert known <= {run.id for run in begun.plan.runs}
    assert all(run.params["sn.projection"] == "hard" for run in begun.plan.runs)
