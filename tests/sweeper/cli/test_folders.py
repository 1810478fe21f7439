"""Studies deleted and renamed: all of them or nothing, and never under a worker's hands."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import optuna
import pytest

from sweeper.errors import SweeperError
from sweeper.files import temporary
from sweeper.ledger.writer import Writer
from sweeper.paths import StudyPaths
from sweeper.report import publish, worker_status
from sweeper.results.ranking import fresh_runs
from sweeper.study import studies
from sweeper.study.study import Study
from sweeper.worker.process.heartbeat import identity
from sweeper.worker.worker import Worker
from tests.sweeper.cli.test_main import Capture, call


@pytest.fixture
def root(make_study: Callable[..., Study], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the study `hops`, of which all runs have ended, and of nothing else."""
    monkeypatch.chdir(tmp_path)
    work(make_study("figures=[]"))
    return tmp_path / "studies"


def work(study: Study) -> None:
    """Trains all that is open, and draws nothing."""
    Worker(study, pack="auto", device="cpu", workers=1).run()


def rerank(root: Path) -> None:
    """Plans the best configuration on a fresh seed, and trains nothing."""
    first = Study.open(root / "hops")
    studies.start(fresh_runs.folder_of(first), fresh_runs.space_of(first, 1, 1))


def join(root: Path, name: str) -> Writer:
    """A worker of this very process at work on a study."""
    paths = StudyPaths(root / name)
    ledger = Writer(paths.ledger, temporary.process(), identity().to_json())
    ledger.write([])
    return ledger


def test_a_deleted_study_is_gone_and_its_fresh_runs_with_it(root: Path, capsys: Capture) -> None:
    rerank(root)
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
    rerank(root)
    ledger = join(root, busy)
    assert call(words[0], "study=hops", *words[1:]) == 2
    assert f"{busy} is at work (worker " in capsys.readouterr().err
    assert studies.names(root) == ["hops", "hops.rerank"]
    ledger.close()
    assert call(words[0], "study=hops", *words[1:]) == 0


def test_a_renamed_study_says_its_name_everywhere(root: Path, capsys: Capture) -> None:
    study = Study.open(root / "hops")
    runs = {run.id for run in study.plan.runs}
    publish.now(study)
    assert "<h1>hops</h1>" in study.paths.report.read_text()
    (study.paths.figures / "heatmap.csv").write_text("drawn by a command of its own")
    assert call("rename", "hops", "to=other") == 0
    assert capsys.readouterr().out.splitlines() == [
        f"hops is now other: {root / 'other'}",
        "drawn by commands of their own, and still captioned hops: heatmap.csv",
    ]
    assert studies.names(root) == ["other"]
    renamed = Study.open(root / "other")
    assert renamed.ended and {run.id for run in renamed.plan.runs} == runs
    backend = optuna.storages.journal.JournalFileBackend(str(renamed.paths.optuna))
    found = optuna.storages.JournalStorage(backend).get_all_studies()
    assert [one.study_name for one in found] == ["other"]
    assert "<h1>other</h1>" in renamed.paths.report.read_text()
    assert not publish.due(renamed, renamed.ledger_state())
    assert call("status", "other", "format=json") == 0
    assert json.loads(capsys.readouterr().out)["runs"]["complete"] == 12


def test_fresh_runs_are_renamed_with_the_study_that_chose_them(root: Path, capsys: Capture) -> None:
    rerank(root)
    assert call("rename", "hops.rerank", "to=x") == 2
    assert "sweeper rename study=hops to=… renames both" in capsys.readouterr().err
    assert call("rename", "hops", "to=other") == 0
    assert studies.names(root) == ["other", "other.rerank"]
    fresh = Study.open(root / "other.rerank")
    first = fresh_runs.first_of(fresh)
    assert first is not None and first.name == "other"
    assert fresh_runs.space_of(first, 2, 2).seeds == (3, 4)


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
