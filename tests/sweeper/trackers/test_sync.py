"""Studies in TensorBoard, Weights & Biases and MLflow, which are the real ones; also killed."""

from __future__ import annotations

import io
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

import pytest
from PIL import Image

from sweeper.cli.commands.retry import retry
from sweeper.errors import SweeperError
from sweeper.study.study import Study
from sweeper.trackers import sync as syncing
from sweeper.trackers.sync import sync
from tests.helpers.shown_runs import expected, shown
from tests.helpers.told_study import Told, of_every_state

pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SADeprecationWarning")
SIZES = {"tensorboard": (200, 3), "wandb": (8, 1), "mlflow": (24, 1)}
"""Runs, and kills."""


def png(grey: int) -> bytes:
    """A picture of one pixel."""
    buffer = io.BytesIO()
    Image.new("L", (1, 1), grey).save(buffer, "png")
    return buffer.getvalue()


def synced(study: Study, to: str, out: Path) -> str:
    """What the command says last; what it shows is held against the ledger."""
    said: list[str] = []
    sync(Study.open(study.folder), to, str(out), watch=False, say=said.append)
    assert shown(study, to, out) == expected(study, to)
    return said[-1]


def test_all_of_every_run_is_shown_and_the_second_time_nothing_is_new(to, out, tmp_path):
    study = of_every_state(tmp_path).study
    assert "7 runs written, 7 runs shown" in synced(study, to, out)
    assert "0 runs written, 7 runs shown" in synced(study, to, out)


def test_a_run_goes_on_is_taken_over_fails_and_is_tried_again(to, out, tmp_path):
    told = Told(tmp_path)
    run = told.runs[0]
    assert "0 runs written" in synced(told.study, to, out)
    told.tells(run, "running", (10, {"return": 0.25}), (20, {"return": 0.5}))
    assert "1 run written" in synced(told.study, to, out)
    told.reports(run, (20, {"loss": 3.0}), (30, {"return": 0.75}))  # more of a step that is shown
    assert "1 run written" in synced(told.study, to, out)
    told.takes(run, supersedes=5)  # and reports the same again, up to a point
    told.reports(run, (10, {"return": 0.25}), (20, {"return": 0.5, "loss": 3.0}))
    sync(told.study, to, str(out), watch=False, say=str)
    told.reports(run, (30, {"return": 0.7}))
    assert "1 run written" in synced(told.study, to, out)
    told.ends(run, "failed")
    assert "1 run written" in synced(told.study, to, out)
    assert retry(told.study) == [run.id]
    assert "1 run written" in synced(told.study, to, out)
    assert "0 runs written" in synced(told.study, to, out)


def test_figures_are_shown_as_they_are_now(to, out, tmp_path):
    study = Told(tmp_path).study
    for pictures in ({"heatmap": png(1)}, {"heatmap": png(2), "curves": png(1)}):
        for name, data in pictures.items():
            (study.paths.figures / f"{name}.png").write_bytes(data)
        for _ in range(2):
            sync(study, to, str(out), watch=False, say=str)
            assert figures(study, to, out) == pictures


def test_a_damaged_figure_is_named_and_the_others_are_shown(to, out, tmp_path, caplog):
    study = Told(tmp_path).study
    damaged = {"empty": b"", "cut": png(1)[:-30], "text": b"no picture, though its name says so"}
    for name, data in {"whole": png(1), **damaged}.items():
        (study.paths.figures / f"{name}.png").write_bytes(data)
    sync(study, to, str(out), watch=False, say=str)
    assert figures(study, to, out) == {"whole": png(1)}
    named = [name for name in damaged if f"/{name}.png is not shown: " in caplog.text]
    assert named == [*damaged]


def figures(study: Study, to: str, out: Path) -> dict[str, bytes]:
    if to == "wandb":
        (folder,) = out.glob("wandb/offline-run-*-figures-*")
        files = list(folder.rglob("*.png"))
        return {file.name.split("_")[0]: file.read_bytes() for file in files}
    if to == "mlflow":
        return {file.stem: file.read_bytes() for file in out.rglob("*.png")}
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    (file,) = out.rglob("*tfevents*")
    read = EventAccumulator(str(file)).Reload()
    images = {name: read.Images(name) for name in read.Tags()["images"]}
    assert all(len(found) == 1 for found in images.values())
    return {name: found[0].encoded_image_string for name, found in images.items()}


def test_who_watches_leaves_when_all_runs_have_ended(to, out, tmp_path, monkeypatch):
    told = Told(tmp_path, axes={"lr": {"kind": "float", "values": [0.1, 0.2]}})
    first, second = told.runs
    told.tells(first, "running", (10, {"return": 0.25}))
    told.tells(second, "complete", (40, {"return": 1.0}))
    ends = iter([lambda: None, lambda: told.ends(first, "complete")])
    monkeypatch.setattr(syncing.time, "sleep", lambda _: next(ends)())
    monkeypatch.setattr(syncing, "POLL_S", 0.0)
    said: list[str] = []
    sync(told.study, to, str(out), watch=True, say=said.append)
    assert "2 runs shown" in said[-1] and shown(told.study, to, out) == expected(told.study, to)


def test_ctrl_c_shows_what_there_is(to, out, tmp_path, monkeypatch):
    told = Told(tmp_path)
    told.tells(told.runs[0], "running", (10, {"return": 0.25}))

    def interrupt(_: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(syncing.time, "sleep", interrupt)
    said: list[str] = []
    sync(told.study, to, str(out), watch=True, say=said.append)
    assert said[-1].endswith("the same command goes on from here")
    assert shown(told.study, to, out) == expected(told.study, to)


def test_what_was_written_but_not_noted_is_not_there_twice(to, out, tmp_path, monkeypatch):
    from sweeper import lookup

    told = Told(tmp_path)
    first, second, *_ = told.runs
    told.tells(first, "running", (10, {"return": 0.25}), (20, {"return": 0.5}))
    synced(told.study, to, out)
    told.reports(first, (30, {"return": 0.75}))
    told.tells(second, "complete", (40, {"return": 1.0}))

    kind, note = lookup.find("sweeper.trackers", to), "_commit" if to == "mlflow" else "commit"
    noted = getattr(kind, note)

    def interrupted_at(stop: str) -> Callable[..., None]:
        def interrupted(self: object, name: str, *more: object) -> None:
            if name == stop:
                raise KeyboardInterrupt
            noted(self, name, *more)

        return interrupted

    for stop in (first.id, second.id):
        with monkeypatch.context() as patched:
            patched.setattr(kind, note, interrupted_at(stop))
            said: list[str] = []
            sync(told.study, to, str(out), watch=False, say=said.append)
        assert said[-2] == "stopped while it wrote" and said[-1].endswith("goes on from here")
    assert "1 run written, 2 runs shown" in synced(told.study, to, out)


def test_a_second_one_at_once_is_refused(to, out, tmp_path):
    from sweeper import lookup

    study = Told(tmp_path).study
    tracker = lookup.find("sweeper.trackers", to)(study, str(out))
    with pytest.raises(SweeperError, match="another `sweeper sync` is writing to"):
        sync(study, to, str(out), watch=False, say=str)
    tracker.close()
    synced(study, to, out)


def test_a_place_that_shows_another_study_is_refused(to, out, tmp_path):
    (tmp_path / "other").mkdir()
    synced(Told(tmp_path).study, to, out)
    other = Told(tmp_path / "other", steps=41).study
    with pytest.raises(SweeperError, match=r"another .*name another"):
        sync(other, to, str(out), watch=False, say=str)


def test_a_renamed_study_goes_on(to, out, tmp_path):
    told = Told(tmp_path)
    told.tells(told.runs[0], "complete", (40, {"return": 1.0}))
    sync(told.study, to, str(out), watch=False, say=str)
    moved = Study.open(told.study.folder.rename(told.study.folder.with_name("moved")))
    said: list[str] = []
    sync(moved, to, str(out), watch=False, say=said.append)
    assert "0 runs written, 1 run shown" in said[-1]


def test_a_copy_beside_its_original_is_another_study(to, out, tmp_path):
    told = Told(tmp_path)
    told.tells(told.runs[0], "complete", (40, {"return": 1.0}))
    synced(told.study, to, out)
    copy = Study.open(shutil.copytree(told.study.folder, told.study.folder.with_name("copy")))
    if to == "mlflow":  # shows each in an experiment of its own
        assert "1 run written" in synced(copy, to, out)
    else:
        with pytest.raises(SweeperError, match=rf"{told.study.folder}.* {copy.folder} .*out=…"):
            sync(copy, to, str(out), watch=False, say=str)
    assert "0 runs written" in synced(told.study, to, out)


def test_a_copy_with_what_is_shown_in_its_folder(to, out, tmp_path):
    told = Told(tmp_path)
    told.tells(told.runs[0], "complete", (40, {"return": 1.0}))
    place = told.study.paths.trackers / to
    place.parent.mkdir()
    out.rename(place)
    sync(told.study, to, None, watch=False, say=str)
    copy = Study.open(shutil.copytree(told.study.folder, tmp_path / "beside" / "told"))
    for study in (copy, told.study, copy):
        said: list[str] = []
        sync(study, to, None, watch=False, say=said.append)
        there = study.paths.trackers / to
        assert "1 run shown" in said[-1] and shown(study, to, there) == expected(study, to)
    assert "0 runs written" in said[-1]


def test_a_renamed_study_stays_in_its_project(tmp_path, monkeypatch):
    wandb = pytest.importorskip("wandb", reason="wandb is not installed (extra `wandb`)")
    monkeypatch.delenv("WANDB_PROJECT", raising=False)
    told, projects, begin = Told(tmp_path), [], wandb.init

    def noting(**told: object) -> object:
        projects.append(told["project"])
        return begin(**told)

    monkeypatch.setattr(wandb, "init", noting)
    told.tells(told.runs[0], "complete", (40, {"return": 1.0}))
    told.tells(told.runs[1], "running", (10, {"return": 1.0}))
    sync(told.study, "wandb", None, watch=False, say=str)
    moved = told.study.folder.with_name("moved")
    told.study.folder.rename(moved)
    (moved / "figures" / "heatmap.png").write_bytes(png(1))
    sync(Study.open(moved), "wandb", None, watch=False, say=str)
    assert projects == [told.study.name] * 3


def test_figures_in_a_database_that_was_moved_are_not_written_elsewhere(database, tmp_path):
    study = Told(tmp_path).study
    folder = study.paths.trackers / "mlflow"
    folder.mkdir(parents=True)
    shutil.copy(database, folder)
    sync(study, "mlflow", None, watch=False, say=str)
    moved = Study.open(study.folder.rename(study.folder.with_name("moved")))
    (moved.paths.figures / "heatmap.png").write_bytes(png(1))
    sync(moved, "mlflow", None, watch=False, say=str)
    assert not study.folder.exists()


def test_a_missing_package_is_named_with_its_extra(to, tmp_path, monkeypatch):
    for name in [one for one in sys.modules if one.partition(".")[0] == to]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, to, None)
    with pytest.raises(SweeperError, match=rf"{to} is not .* pip install -e '\.\[{to}\]'"):
        sync(Told(tmp_path).study, to, None, watch=False, say=str)


def test_offline_runs_of_others_stay(tmp_path):
    pytest.importorskip("wandb", reason="wandb is not installed (extra `wandb`)")
    others = tmp_path / "out" / "wandb" / "offline-run-20200101_000000-abc-1"
    others.mkdir(parents=True)
    sync(Told(tmp_path).study, "wandb", str(tmp_path / "out"), watch=False, say=str)
    assert others.is_dir()


def test_a_mode_that_there_is_not(tmp_path, monkeypatch):
    pytest.importorskip("wandb", reason="wandb is not installed (extra `wandb`)")
    monkeypatch.setenv("WANDB_MODE", "disabled")
    with pytest.raises(SweeperError, match="WANDB_MODE must be one of offline, online"):
        sync(Told(tmp_path).study, "wandb", None, watch=False, say=str)


def test_killed_at_work(to, out, tmp_path):
    runs, kills = SIZES[to]
    values = [float(n) for n in range(1, runs + 1)]
    told = Told(tmp_path, axes={"lr": {"kind": "float", "values": values}})
    states = ("complete", "failed", "running", "pruned")
    for place, run in enumerate(told.runs):
        points = [(step, {"return": place / step, "loss": 1.0}) for step in (10, 20, 30)]
        told.tells(run, states[place % 4], *points)
    draw, hits = random.Random(0), 0
    for share in sorted(draw.uniform(0.05, 0.9) for _ in range(kills)):
        hits += killed(told.study, to, out, int(share * runs), draw.uniform(0, 0.02))
        for run in told.runs[2:12:4]:  # and goes on meanwhile
            told.reports(run, (31 + hits, {"return": 0.5}))
    said: list[str] = []
    sync(told.study, to, str(out), watch=False, say=said.append)
    assert hits == kills and f"{runs} runs shown" in said[-1]
    assert shown(told.study, to, out) == expected(told.study, to)
    sync(Study.open(told.study.folder), to, str(out), watch=False, say=said.append)
    assert ": 0 runs written" in said[-1]
    assert shown(told.study, to, out) == expected(told.study, to)


def killed(study: Study, to: str, out: Path, runs: int, wait: float) -> bool:
    """Whether the command could be killed after it had begun to write so many runs."""
    command = [sys.executable, "-m", "sweeper", "sync", f"study={study.folder}", f"to={to}"]
    process = subprocess.Popen(
        [*command, f"out={out}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    while process.poll() is None and begun(to, out) < runs:
        time.sleep(0.005)
    time.sleep(wait)
    with suppress(ProcessLookupError):
        os.kill(process.pid, signal.SIGKILL)
    return process.wait() == -signal.SIGKILL


def begun(to: str, out: Path) -> int:
    """How many runs there is something of."""
    if to == "tensorboard":
        return len(list(out.glob("trial*")))
    if to == "wandb":
        return len(list(out.glob("wandb/offline-run-*")))
    with closing(sqlite3.connect(out / "mlflow.db")) as database:
        return int(database.execute("select count(*) from runs").fetchone()[0])
