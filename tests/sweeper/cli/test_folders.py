"""Studies deleted and renamed: all of them or nothing, and never under a worker's hands."""

from __future__ import annotations

import json
from pathlib import Path

import optuna
import pytest

from sweeper.errors import SweeperError
from sweeper.files import temporary
from sweeper.ledger.writer import Writer
from sweeper.paths import StudyPaths
from sweeper.report import worker_status
from sweeper.study import study as studies
from sweeper.study.study import Study
from sweeper.worker.process.heartbeat import identity
from tests.sweeper.cli.test_main import Capture, call


@pytest.fixture
def root(space_file: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> Path:
    """The folder of the study `hops`, of which all runs have ended."""
    monkeypatch.chdir(space_file.parent)
    assert call("run", space_file.name, "dispatch=inline", "figures=[curves]") == 0
    capsys.readouterr()
    return space_file.parent / "studies"


def rerank(capsys: Capture) -> None:
    assert call("rerank", "hops", "seeds=1", "top=1", "dispatch=inline") == 0
    capsys.readouterr()


def join(root: Path, name: str) -> Writer:
    """A worker of this very process at work on a study."""
    paths = StudyPaths(root / name)
    ledger = Writer(paths.ledger, temporary.process(), identity().to_json())
    ledger.write([])
    return ledger


def test_a_deleted_study_is_gone_and_its_fresh_runs_with_it(root: Path, capsys: Capture) -> None:
    rerank(capsys)
    assert studies.names(root) == ["hops", "hops.rerank"]
    assert call("delete", "study=hops", "yes=true") == 0
    assert capsys.readouterr().out == "deleted hops and hops.rerank\n"
    assert list(root.iterdir()) == []


def test_nothing_is_deleted_unasked(root: Path, capsys: Capture) -> None:
    assert call("delete", "study=hops") == 2
    assert "yes=true is needed where nobody can be asked" in capsys.readouterr().err
    assert call("delete", "yes=true") == 2
    assert "study= is needed" in capsys.readouterr().err
    assert call("delete", "study=hopps", "yes=true") == 2
    assert "did you mean 'hops'" in capsys.readouterr().err
    assert studies.names(root) == ["hops"]


@pytest.mark.parametrize("words", [("delete", "yes=true"), ("rename", "to=other")])
@pytest.mark.parametrize("busy", ["hops", "hops.rerank"])
def test_a_study_at_work_stays_as_it_is(
    root: Path, capsys: Capture, words: tuple[str, ...], busy: str
) -> None:
    rerank(capsys)
    ledger = join(root, busy)
    assert call(words[0], "study=hops", *words[1:]) == 2
    assert f"{busy} is at work (worker " in capsys.readouterr().err
    assert studies.names(root) == ["hops", "hops.rerank"]
    ledger.close()
    assert call(words[0], "study=hops", *words[1:]) == 0


def test_a_renamed_study_says_its_name_everywhere(root: Path, capsys: Capture) -> None:
    runs = {run.id for run in Study.open(root / "hops").plan.runs}
    assert call("sensitivity", "hops") == 0
    capsys.readouterr()
    assert call("rename", "hops", "to=other") == 0
    told = capsys.readouterr().out
    assert f"hops is now other: {root / 'other'}\n" in told
    assert "still captioned hops: sensitivity.csv, sensitivity.pdf" in told
    assert studies.names(root) == ["other"]
    renamed = Study.open(root / "other")
    assert renamed.ended and {run.id for run in renamed.plan.runs} == runs
    storage = optuna.storages.JournalStorage(
        optuna.storages.journal.JournalFileBackend(str(renamed.paths.optuna))
    )
    assert [one.study_name for one in storage.get_all_studies()] == ["other"]
    for text in (
        renamed.paths.report.read_text(),
        (renamed.paths.figures / "curves.svg").read_text(),
    ):
        assert "other" in text and "hops" not in text.replace("hops.yaml", "")
    assert call("status", "other", "format=json") == 0
    assert json.loads(capsys.readouterr().out)["runs"]["complete"] == 12
    assert call("run", "studies/other", "dispatch=inline") == 0


def test_fresh_runs_are_renamed_with_the_study_that_chose_them(root: Path, capsys: Capture) -> None:
    rerank(capsys)
    assert call("rename", "hops.rerank", "to=x") == 2
    assert "sweeper rename study=hops to=… renames both" in capsys.readouterr().err
    assert call("rename", "hops", "to=other") == 0
    assert studies.names(root) == ["other", "other.rerank"]
    assert call("rerank", "other", "seeds=1", "top=1", "dispatch=inline") == 0


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("taken", "is there already"),
        ("a/b", "must be a plain file name"),
        ("hops", "is there alre"),
    ],
)
def test_names_that_a_study_cannot_have(
    root: Path, capsys: Capture, name: str, message: str
) -> None:
    (root / "taken").mkdir()
    assert call("rename", "hops", f"to={name}") == 2
    assert message in capsys.readouterr().err
    assert studies.names(root) == ["hops"]


def test_a_worker_that_nobody_heard_of_for_long_keeps_nobody(root: Path) -> None:
    state = worker_status.WorkerState("unknown", "it was on a machine far away", silent_s=30.0)
    assert state.busy
    assert not worker_status.WorkerState("unknown", "", silent_s=3600.0).busy
    assert not worker_status.WorkerState("dead", "").busy


def test_what_is_being_deleted_is_no_study(root: Path) -> None:
    (root / "hops").rename(temporary.beside(root / "hops"))
    assert studies.names(root) == []
    with pytest.raises(SweeperError, match=f"there is no study under {root} yet"):
        studies.newest(root)
