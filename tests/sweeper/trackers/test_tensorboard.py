"""Trackers that are quick: event files of TensorBoard, one of a user's own, and what is refused."""

from __future__ import annotations

import os
import random
import shutil
from collections import Counter
from pathlib import Path

import pytest

from sweeper import lookup
from sweeper.errors import SweeperError
from sweeper.study.study import Study
from sweeper.trackers.sync import Mirror, sync
from tests.helpers.command import call
from tests.helpers.paths import ROOT
from tests.helpers.shown_runs import digits, expected, shown
from tests.helpers.told_study import Told, of_every_state


@pytest.fixture
def tensorboard() -> str:
    pytest.importorskip("tensorboard", reason="tensorboard is not installed (extra `tensorboard`)")
    return "tensorboard"


def test_what_is_reported_again_as_it_was_stays(tensorboard, tmp_path):
    told = Told(tmp_path)
    run, out = told.runs[0], tmp_path / "out"
    told.tells(run, "running", (10, {"return": 0.25}), (20, {"return": 0.5}))
    sync(told.study, tensorboard, str(out), watch=False, say=str)
    (file,) = out.rglob("*tfevents*")
    before = file.read_bytes()
    told.takes(run, supersedes=3)
    told.reports(run, (10, {"return": 0.25}))
    sync(told.study, tensorboard, str(out), watch=False, say=str)
    assert file.read_bytes() == before
    told.reports(run, (20, {"return": 0.5}), (40, {"return": 1.0}))
    told.ends(run, "complete")
    sync(told.study, tensorboard, str(out), watch=False, say=str)
    assert shown(told.study, tensorboard, out) == expected(told.study, tensorboard)
    after = file.read_bytes()
    assert after.startswith(before) and len(after) > len(before)


def test_who_watches_waits_for_all_metrics_of_a_step(tensorboard, tmp_path):
    told = Told(tmp_path)
    run = told.runs[0]
    told.tells(run, "running", (10, {"return": 0.25}))
    tracker = lookup.find("sweeper.trackers", tensorboard)(told.study, None)
    mirror = Mirror(told.study, tracker)
    for reports in ([(10, {"loss": 1.0}), (20, {"return": 0.5})], [(20, {"loss": 2.0})], []):
        mirror.refresh(following=True)
        told.reports(run, *reports)
    mirror.refresh(following=True)
    tracker.close()
    assert tracker.positions[run.id].edition == 0 and tracker.positions[run.id].points == 2
    out = told.study.paths.trackers / "tensorboard"
    assert shown(told.study, tensorboard, out) == expected(told.study, tensorboard)


def test_whatever_of_the_journal_is_there(tensorboard, tmp_path):
    """A killed process leaves a journal that ends anywhere, and files that are ahead of it."""
    told, whole, draw = of_every_state(tmp_path), tmp_path / "whole", random.Random(0)
    sync(told.study, tensorboard, str(whole), watch=False, say=str)
    run = told.runs[4]  # is running
    told.reports(run, (30, {"return": 0.75}))
    sync(told.study, tensorboard, str(whole), watch=False, say=str)
    size = (whole / ".sweeper.jsonl").stat().st_size
    for cut in [0, 1, size - 1, *(draw.randrange(size) for _ in range(12))]:
        out = tmp_path / f"cut{cut}"
        shutil.copytree(whole, out)
        os.truncate(out / ".sweeper.jsonl", cut)
        for id, file in files(told.study, out).items():
            if noted(out, id) != noted(whole, id) and draw.random() < 0.7:
                file.write_bytes(file.read_bytes()[: draw.randrange(99)] + draw.randbytes(9))
        sync(told.study, tensorboard, str(out), watch=False, say=str)
        found, wanted = shown(told.study, tensorboard, out), expected(told.study, tensorboard)
        torn = {id for id in found if found[id] != wanted[id]}
        assert not torn and found.keys() == wanted.keys(), cut


def files(study: Study, out: Path) -> dict[str, Path]:
    """The event file of each run that has one."""
    found = {run.id: f"trial{run.trial}/{run.task}/seed{run.seed}" for run in study.plan.runs}
    files = {id: next(out.glob(f"{folder}/*tfevents*"), None) for id, folder in found.items()}
    return {id: file for id, file in files.items() if file is not None}


def noted(out: Path, id: str) -> int:
    """How many whole lines of the journal are about a run."""
    data = (out / ".sweeper.jsonl").read_bytes()
    return data[: data.rfind(b"\n") + 1].count(id.encode())


def test_a_tracker_of_ones_own_as_the_page_has_it(tmp_path):
    page = (ROOT / "docs" / "how_to" / "trackers.md").read_text()
    (tmp_path / "table.py").write_text(page.split("```python\n")[1].split("```")[0])
    told = of_every_state(tmp_path)
    for _ in range(2):
        sync(told.study, f"{tmp_path}/table.py:Tracker", None, watch=False, say=str)
    told.reports(told.runs[4], (30, {"return": 0.75}))
    sync(told.study, f"{tmp_path}/table.py:Tracker", None, watch=False, say=str)
    found = {
        file.stem: Counter((name, int(step), digits(float(value))) for step, name, value in rows)
        for file in told.study.paths.trackers.rglob("*.csv")
        if (rows := [line.split(",") for line in file.read_text().splitlines()]) is not None
    }
    wanted = expected(told.study, "table")
    assert found == {id: run.numbers for id, run in wanted.items()}


@pytest.mark.parametrize("name", ["tensorbord", "mlflow.py:Tracker"])
def test_an_unknown_tracker(tmp_path, name):
    with pytest.raises(SweeperError, match=r"tensorboard, wandb|no such file"):
        sync(Told(tmp_path).study, name, None, watch=False, say=str)


def test_a_folder_that_is_a_file(tensorboard, tmp_path):
    (tmp_path / "out").touch()
    with pytest.raises(SweeperError, match="out= must name a folder"):
        sync(Told(tmp_path).study, tensorboard, str(tmp_path / "out"), watch=False, say=str)


def test_a_folder_that_cannot_be_made(tensorboard, tmp_path):
    with pytest.raises(SweeperError, match=r"folder /proc/x: No such file .*; out= must name one"):
        sync(Told(tmp_path).study, tensorboard, "/proc/x", watch=False, say=str)


def test_who_may_not_write_to_a_study_is_told_of_another_folder(tensorboard, tmp_path):
    study = Told(tmp_path).study
    study.paths.trackers.symlink_to("/proc")
    with pytest.raises(SweeperError, match=r"trackers/tensorboard: .*; name another folder \(out"):
        sync(study, tensorboard, None, watch=False, say=str)


def test_without_a_tracker_all_are_named(caplog):
    assert call("sync") == 2
    assert "to= is needed, one of mlflow, tensorboard, wandb or" in caplog.text
