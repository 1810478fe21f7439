"""Claims and ends of workers that die, come late, or find no room on the disk."""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from sweeper.ledger.claims import folders
from sweeper.ledger.claims.claims import Claim
from sweeper.worker import ledger_protocol
from sweeper.worker.held_run import RunEnd
from sweeper.worker.ledger_protocol import LedgerProtocol
from sweeper.worker.process import heartbeat
from sweeper.worker.worker import Worker
from tests.helpers.killed_workers import Make, full, run
from tests.helpers.worker_parts import WorkerParts, dead


def test_a_run_that_kills_its_worker_is_lost_after_three_times(make_study: Make) -> None:
    study = make_study("seeds=1", "axes.size.values=[0.1]", "axes.width.values=[1]")
    (planned,) = study.plan.runs
    for _ in range(3):
        code = (
            "import os\n"
            "from sweeper.dispatch.entry import work\n"
            "from sweeper.worker.ledger_protocol import LedgerProtocol\n"
            "start = LedgerProtocol.start\n"
            "LedgerProtocol.start = lambda *a: (start(*a), os._exit(9))\n"
            f"work({str(study.folder)!r}, 'auto', 'cpu', '1')"
        )
        assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 9
    assert study.ledger_state().runs[planned.id].deaths == 3
    run(study)
    assert study.ledger_state().runs[planned.id].state == "lost"


def test_a_superseded_worker_cannot_end_its_run(make_study: Make) -> None:
    """The orphan's end comes after a take-over: the taker's counts, the orphan's has no effect."""
    study = make_study("seeds=1", "axes.size.values=[0.1]", "axes.width.values=[1]")
    orphan = WorkerParts(study, dead())
    orphan.queue.refresh()
    (hold,) = orphan.claim()
    taker = Worker(study, pack="1", device="cpu", workers=1)
    taker.run()
    assert study.ended
    assert orphan.attempts.superseded(hold)
    orphan.attempts.end([(hold, RunEnd("failed", 0))])
    (record,) = study.ledger_state().runs.values()
    assert record.state == "complete"
    assert record.worker == taker.name


def test_an_end_without_a_ledger_line_is_copied_by_whoever_meets_it(make_study: Make) -> None:
    study = make_study("seeds=1", "axes.size.values=[0.1]", "axes.width.values=[1]")
    killed = WorkerParts(study, dead())
    (hold,) = killed.claim()
    killed.ledger.write = lambda *_, **__: None  # type: ignore[method-assign]
    killed.attempts.end([(hold, RunEnd("complete", 40, 0.25, 0.5))])
    assert not study.ended
    Worker(study, pack="1", device="cpu", workers=1).run()
    (record,) = study.ledger_state().runs.values()
    assert (record.state, record.score, record.attempts) == ("complete", 0.25, 1)


def test_a_full_disk_under_claims_is_waited_for(
    make_study: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = make_study()
    real, faults = folders.write_synced, iter([True, False, True, True, False, True])

    def faulty(path: Path, data: bytes) -> None:
        if next(faults, False):
            real(path, data[:10])
            full()
        real(path, data)

    monkeypatch.setattr(folders, "write_synced", faulty)
    run(study)
    records = study.ledger_state().runs.values()
    assert {(r.state, r.attempts) for r in records} == {("complete", 1)}
    assert not list(study.paths.claims.glob(".*")), "temporary files were left"


def test_our_own_errors_do_not_count_against_runs(
    make_study: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = make_study()
    monkeypatch.setattr(LedgerProtocol, "report", lambda *_, **__: full())
    with pytest.raises(OSError, match="No space left"):
        run(study)
    records = study.ledger_state().runs.values()
    assert {(r.state, r.failures, r.deaths) for r in records} == {("open", 0, 0)}


def test_a_silent_worker_of_another_machine_is_superseded_after_t1(
    make_study: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = make_study("seeds=1", "axes.size.values=[0.1]", "axes.width.values=[1]")
    elsewhere = replace(heartbeat.identity(), boot="another machine")
    assert len(WorkerParts(study, elsewhere).claim()) == 1
    monkeypatch.setattr(heartbeat, "STALE_S", 1.0)
    monkeypatch.setattr(heartbeat, "T1_S", 1.0)
    begin = time.monotonic()
    run(study)
    assert time.monotonic() - begin > 1.0
    (record,) = study.ledger_state().runs.values()
    assert (record.state, record.attempts) == ("complete", 2)


def test_many_runs_that_are_reopened_at_once_share_no_large_file(
    make_study: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file is read for each of its names: one of all runs would be read as often as they are."""
    monkeypatch.setattr(ledger_protocol, "MOST_AT_ONCE", 5)
    study = make_study()
    run(study)
    parts = WorkerParts(study)
    parts.queue.refresh()
    ended = list(study.ledger_state().runs.values())
    assert len(parts.attempts.reopen(ended)) == len(ended) == 12
    placed = [Claim.decoded(data) for data in study.claims("looks").folders.standing().values()]
    together = [
        len(one.lines) for one in placed if one and any(o.generation for o in one.lines.values())
    ]
    assert sorted(together) == [2] * 2 + [5] * 10
    assert parts.attempts.reopen(ended) == [], "each of them once"
