"""Workers against a real ledger: every run ends once, whatever happens on the way."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from sweeper import figures
from sweeper.report import publish
from sweeper.report.status import summarise
from sweeper.study.study import Study
from sweeper.worker.checkpoints import checkpoint
from tests.helpers.killed_workers import Make, full, has_checkpoint, run, spawn, table, wait_for
from tests.helpers.worker_parts import WorkerParts


@pytest.mark.all_formats
def test_all_runs_complete_and_are_scored(make_study: Make) -> None:
    study = make_study()
    run(study)
    assert study.ended
    for record in study.ledger_state().runs.values():
        assert record.state == "complete"
        assert [step for step, _ in record.reports] == [10, 20, 30, 40]
        assert record.value == record.reports[-1][1]["value"]
        assert record.score == pytest.approx(record.value / 2)
    assert not list(study.paths.checkpoints.iterdir())
    assert (study.paths.figures / "heatmap.pdf").exists()


@pytest.mark.parametrize("pack", ["1", "2", "3"])
def test_the_pack_does_not_change_results(make_study: Make, pack: str) -> None:
    alone, packed = make_study(name="alone"), make_study(name="packed")
    run(alone, "1")
    run(packed, pack)
    assert table(alone) == table(packed)


def test_a_killed_worker_s_runs_are_resumed_and_come_out_the_same(
    make_study: Make, gate: Path
) -> None:
    words = ("fixed.pause_s=0.005", "checkpoint.every_s=0.05")
    undisturbed, killed = make_study(*words, name="undisturbed"), make_study(*words, name="killed")
    run(undisturbed)
    gate.unlink()
    process = spawn(killed)
    wait_for(killed, has_checkpoint)
    process.kill()
    process.join()
    gate.touch()
    assert not killed.ended
    run(killed)
    assert table(killed) == table(undisturbed)
    resumed = [
        record
        for record in killed.ledger_state().runs.values()
        if record.tries[record.last].resumed > 0
    ]
    assert resumed, "nobody went on from a step that was saved"
    assert not list(killed.paths.checkpoints.iterdir())


def test_a_stopped_worker_saves_and_gives_up_its_runs(make_study: Make) -> None:
    study = make_study("fixed.pause_s=0.01", "steps=400")
    process = spawn(study)
    wait_for(study, lambda s: any(r.step >= 20 for r in s.ledger_state().runs.values()))
    process.terminate()
    process.join(120)
    assert process.exitcode == 0
    ledger_state = study.ledger_state()
    assert all(worker.closed for worker in ledger_state.workers.values())
    assert {record.state for record in ledger_state.runs.values()} == {"open"}
    saved = [record.resume_from for record in ledger_state.runs.values()]
    assert all(checkpoint and checkpoint.step >= 20 for checkpoint in saved)


def test_a_diverged_run_keeps_what_it_reported_and_has_no_score(make_study: Make) -> None:
    study = make_study("fixed.nan_at=25", "fixed.bad_seed=1")
    run(study)
    for planned in study.plan.runs:
        record = study.ledger_state().runs[planned.id]
        assert record.state == ("nan" if planned.seed == 1 else "complete")
        last = None if planned.seed == 1 else record.reports[-1][1]["value"]
        assert record.value == last
        assert len(record.reports) == (2 if planned.seed == 1 else 4)


@pytest.mark.parametrize("direction", ["maximize", "minimize"])
def test_diverged_before_the_first_report_has_no_score(make_study: Make, direction: str) -> None:
    study = make_study("fixed.nan_at=5", "fixed.bad_seed=1", f"direction={direction}")
    run(study)
    nan = [record for record in study.ledger_state().runs.values() if record.state == "nan"]
    assert len(nan) == 4
    assert {(record.value, record.score) for record in nan} == {(None, None)}


def test_a_pack_that_raises_is_split_until_the_culprit_is_alone(
    make_study: Make, capfd: pytest.CaptureFixture[str]
) -> None:
    study = make_study("fixed.raise_at=25", "fixed.bad_seed=2", "limits.failures=2")
    run(study, "3")
    ledger_state = study.ledger_state()
    for planned in study.plan.runs:
        record = ledger_state.runs[planned.id]
        if planned.seed == 2:
            assert record.state == "failed"
            assert record.failures == 2
            assert record.error is not None
            assert "hopped off at step 25" in record.error
        else:
            assert record.state == "complete"
            assert record.failures == 0
    assert "hopped off" in capfd.readouterr().err


def test_a_damaged_checkpoint_means_from_the_start(make_study: Make) -> None:
    study = make_study("seeds=1", "axes.size.values=[0.1]", "axes.width.values=[1]")
    undisturbed = make_study(
        "seeds=1", "axes.size.values=[0.1]", "axes.width.values=[1]", name="undisturbed"
    )
    run(undisturbed)
    first = WorkerParts(study)
    (hold,) = first.claim()
    first.attempts.save([(hold, ({"step": np.array(10)}, None))], 10)
    first.attempts.release([hold], "stopped")
    (file,) = study.paths.checkpoints.iterdir()
    file.write_bytes(file.read_bytes()[:40])
    run(study)
    assert table(study) == table(undisturbed)


def test_a_full_disk_under_checkpoints_costs_checkpoints_only(
    make_study: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = make_study("checkpoint.every_s=0.001", "fixed.pause_s=0.001")
    monkeypatch.setattr(checkpoint, "write", full)
    run(study)
    assert {r.state for r in study.ledger_state().runs.values()} == {"complete"}
    assert not any(r.failures for r in study.ledger_state().runs.values())
    assert summarise(study).skipped_saves


def test_what_a_trainable_raises_when_started_is_counted(
    make_study: Make, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    study = make_study("seeds=1", "axes.size.values=[0.1]", "axes.width.values=[1]")

    def leave(*_: object) -> None:
        raise SystemExit(0)

    monkeypatch.setattr(study.trainable, "start", leave)
    run(study)
    (record,) = study.ledger_state().runs.values()
    assert (record.state, record.failures) == ("failed", 3)
    assert "SystemExit" in capfd.readouterr().err


@pytest.mark.all_formats
def test_a_figure_that_cannot_be_drawn_does_not_take_the_others_along(
    make_study: Make, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    study = make_study("figures=[heatmap,curves]")
    real = figures.render

    def render(study: Study, name: str, *rest: object, **more: object) -> list[Path]:
        if name == "heatmap":
            raise RuntimeError("no ink")
        return real(study, name, *rest, **more)

    monkeypatch.setattr(figures, "render", render)
    run(study)
    assert "heatmap could not be drawn" in capfd.readouterr().err
    assert (study.paths.figures / "curves.pdf").exists()
    assert study.paths.optuna.exists()
    assert publish.due(study, study.ledger_state()), "the next sweeper run tries again"


def test_two_workers_share_a_study(make_study: Make, gate: Path) -> None:
    study = make_study("seeds=10", "figures=[]")
    gate.unlink()
    processes = [spawn(study) for _ in range(2)]
    wait_for(study, lambda s: len({r.worker for r in s.ledger_state().runs.values()}) == 2)
    gate.touch()
    for process in processes:
        process.join(120)
    assert [process.exitcode for process in processes] == [0, 0]
    ledger_state = study.ledger_state()
    assert study.ended
    assert all(record.attempts == 1 for record in ledger_state.runs.values())
    assert len({record.worker for record in ledger_state.runs.values()}) == 2


def test_study_files_are_the_owner_s_alone(make_study: Make) -> None:
    before = os.umask(0o022)
    try:
        study = make_study()
        run(study)
        paths: list[Path] = [study.folder, *study.folder.rglob("*")]
        assert not [path for path in paths if path.stat().st_mode & 0o077]
    finally:
        os.umask(before)
