"""What workers leave in weights/: those that `checkpoint.keep` asks for, of ended runs alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from sweeper.cli.commands import retry
from sweeper.errors import SweeperError
from sweeper.files import arrays
from sweeper.space.digest import digest
from sweeper.worker.checkpoints.checkpoint_store import CheckpointStore
from sweeper.worker.held_run import RunEnd
from sweeper.worker.ledger_protocol import LedgerProtocol
from sweeper.worker.worker import Worker
from tests.helpers.hoarder_study import ONE, Make, files, maker, weights
from tests.helpers.killed_workers import run
from tests.helpers.worker_parts import WorkerParts, dead


@pytest.fixture
def make(space_file: Path, tmp_path: Path) -> Make:
    return maker(space_file, tmp_path)


@pytest.mark.parametrize("pack", ["1", "3"])
def test_final_weights_stay(make: Make, pack: str) -> None:
    study = make("checkpoint.keep=final")
    run(study, pack)
    assert sorted(weights(study)) == sorted(f"{run.id}.npz" for run in study.plan.runs)
    for planned in study.plan.runs:
        alone = study.trainable.start([planned], [None], "cpu")
        while alone.step < planned.steps:
            alone.advance()
        trail = alone.weights(0)["trail"]  # type: ignore[attr-defined]
        assert weights(study)[f"{planned.id}.npz"] == trail.tolist()


@pytest.mark.parametrize("pack", ["1", "3"])
def test_with_the_whole_state_a_run_goes_on_as_from_its_end(make: Make, pack: str) -> None:
    study = make("checkpoint.keep=state")
    run(study, pack)
    for planned in study.plan.runs:
        alone = study.trainable.start([planned], [None], "cpu")
        while alone.step < planned.steps:
            alone.advance()
        file = study.paths.weights / f"{planned.id}.npz"
        kept, state = arrays.read_kept(file, state=True)
        assert arrays.has_state(file) and state is not None
        assert {**kept} == {"trail": pytest.approx(alone.weights(0)["trail"])}  # type: ignore[attr-defined]
        own = alone.save(0)
        assert own is not None and set(state) == set(own)
        assert all(np.array_equal(state[name], own[name]) for name in own)
        assert arrays.read_kept(file)[1] is None, "it is large, and not read unless asked for"


def test_a_state_that_finds_no_room_is_left_out_beside_its_weights(make: Make) -> None:
    study = make("checkpoint.keep=state", *ONE)
    store = CheckpointStore(study.paths, "host.domain-1", 1e-4)
    large = {"trail": np.arange(3), f"{arrays.STATE}/replay": np.zeros(20_000)}
    (planned,) = study.plan.runs
    file = store.weights((planned.id, 0, 0), large)
    assert file is not None and not arrays.has_state(file)
    assert arrays.read_kept(file)[0]["trail"].tolist() == [0, 1, 2]
    assert [line.saves for line in store.news()] == [1]
    assert store.weights((planned.id, 0, 1), {"trail": np.zeros(20_000)}) is None


def test_a_state_that_cannot_be_saved_fails_its_run_alone(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What raises is the agent's own, though it is asked when the end is being written."""
    study = make("checkpoint.keep=state", "limits.failures=1", *ONE)
    begin = study.trainable.start

    def started(*given: Any) -> Any:
        pack = begin(*given)
        monkeypatch.setattr(pack, "save_since", lambda member, row: 1 / 0)
        return pack

    monkeypatch.setattr(study.trainable, "start", started)
    run(study, "1")
    (record,) = study.ledger_state().runs.values()
    assert record.state == "failed" and "ZeroDivisionError" in (record.error or "")
    assert not study.paths.weights.exists()


@pytest.mark.parametrize(("direction", "choose"), [("maximize", max), ("minimize", min)])
def test_best_weights_are_those_of_the_best_evaluation(
    make: Make, direction: str, choose: Callable[..., float]
) -> None:
    study = make("checkpoint.keep=best", f"direction={direction}")
    run(study, "2")
    records, earlier = study.ledger_state().runs, 0
    for planned in study.plan.runs:
        values = {step: metrics["value"] for step, metrics in records[planned.id].reports}
        best = choose(values, key=lambda step: values[step])
        earlier += best < planned.steps
        alone = study.trainable.start([planned], [None], "cpu")
        while alone.step < best:
            alone.advance()
        trail = alone.weights(0)["trail"]  # type: ignore[attr-defined]
        assert weights(study)[f"{planned.id}.npz"] == trail.tolist()
    assert earlier


def test_nothing_is_kept_unless_asked(make: Make) -> None:
    study = make()
    run(study)
    assert not study.paths.weights.exists()


def test_of_a_diverged_run_the_best_stays_but_no_last(make: Make) -> None:
    words = ("fixed.nan_at=25", "fixed.bad_seed=1")
    for keep, missing in (("final", 4), ("best", 0), ("state", 4)):
        study = make(*words, f"checkpoint.keep={keep}", name=keep)
        run(study)
        assert len(weights(study)) == 12 - missing


def test_weights_come_before_the_end_and_take_effect_with_it(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed between the end's link and the rename: the study's end places them."""
    study = make("checkpoint.keep=final", *ONE)
    killed = WorkerParts(study, dead())
    with monkeypatch.context() as patched:
        patched.setattr(CheckpointStore, "place", lambda *_: None)
        killed.trainer.train(killed.claim())
    (waiting,) = study.paths.weights.iterdir()
    assert study.ended and waiting.name.startswith(f".{study.plan.runs[0].id}.0.0.")
    run(study)
    (placed,) = study.paths.weights.iterdir()
    assert placed.name == f"{study.plan.runs[0].id}.npz"
    assert len(weights(study)) == 1


def test_weights_of_an_attempt_that_did_not_end_its_run_go(make: Make) -> None:
    study = make("checkpoint.keep=final", *ONE)
    WorkerParts(study, dead()).claim()
    (run_id,) = [planned.id for planned in study.plan.runs]
    study.paths.weights.mkdir()
    for name in (f".{run_id}.0.0.w.npz", f"..{run_id}.0.1.w.npz.77"):
        (study.paths.weights / name).write_bytes(b"x")
    run(study, "1")
    assert [file.name for file in study.paths.weights.iterdir()] == [f"{run_id}.npz"]


def test_a_rerun_replaces_weights_only_when_it_ends(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = make("checkpoint.keep=final", *ONE)
    run(study)
    (kept,) = study.paths.weights.iterdir()
    before = weights(study)
    kept.write_bytes(b"of the first generation")
    retry.rerun(study, study.plan.runs[0].id)
    killed = WorkerParts(study, dead())
    with monkeypatch.context() as patched:
        patched.setattr(LedgerProtocol, "end", lambda *_: None)
        killed.trainer.train(killed.claim())
    assert kept.read_bytes() == b"of the first generation"
    Worker(study, pack="1", device="cpu", workers=1).run()
    assert study.ended and weights(study) == before


def test_a_late_end_places_no_weights(make: Make) -> None:
    study = make("checkpoint.keep=final", *ONE)
    orphan = WorkerParts(study, dead())
    (hold,) = orphan.claim()
    Worker(study, pack="1", device="cpu", workers=1).run()
    before = weights(study)
    hold.weights = {"trail": np.zeros(3)}
    orphan.attempts.end([(hold, RunEnd("complete", 40, 0.25, 0.5))])
    assert weights(study) == before
    assert not files(study)


def test_keep_needs_a_trainable_with_weights(make_study: Make) -> None:
    with pytest.raises(SweeperError) as caught:
        make_study("checkpoint.keep=final")
    assert "checkpoint.keep must be none, but got 'final'" in str(caught.value)
    assert "counter_agent.py:Counter has no weights that sweeper knows of" in str(caught.value)


def test_functions_are_told_where_to_keep_files(
    make_study: Make, tmp_path: Path, space_file: Path
) -> None:
    (tmp_path / "own.py").write_text("def train(config, run):\n    return 0.0\n")
    space = yaml.safe_load(space_file.read_text())
    del space["agent"], space["evaluation"]
    space_file.write_text(yaml.safe_dump({**space, "function": "own.py:train"}, sort_keys=False))
    with pytest.raises(SweeperError, match=r"keep files in run\.folder, which stays"):
        make_study("checkpoint.keep=best")


def test_what_is_kept_does_not_change_the_digest(make: Make) -> None:
    one = make("checkpoint.keep=best", "checkpoint.max_gb=1")
    assert digest(one.space) == digest(make(name="other").space)
