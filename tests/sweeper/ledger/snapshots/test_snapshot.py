"""A snapshot changes how long reading takes, never what is read."""

from __future__ import annotations

import fcntl
import random
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sweeper.ledger.lines.encoding import encode
from sweeper.ledger.snapshots import compaction, snapshot
from sweeper.ledger.snapshots.snapshot import SnapshotRecord
from sweeper.ledger.state import LedgerState
from sweeper.paths import StudyPaths
from sweeper.report.status import summarise
from sweeper.results.export.tidy_tables import TABLES
from sweeper.study.study import Study
from sweeper.worker.worker import Worker
from tests.helpers.ledger_history import History, facts, patch

MEANT_FOR_OPEN_RUNS = ("tries", "resume_from", "deaths", "failures", "cap")
"""What nobody asks of ended runs, and what without reports depends on when an end is read."""


def ledger_state(paths: StudyPaths, *, reports: bool) -> LedgerState:
    made = LedgerState(paths, reports=reports)
    made.refresh()
    return made


def same(paths: StudyPaths, plain: Path) -> None:
    """Both ways of reading give the same, with reports and without."""
    shutil.rmtree(plain, ignore_errors=True)
    shutil.copytree(paths.ledger, plain / "ledger")
    for reports in (True, False):
        cold, warm = (
            ledger_state(StudyPaths(plain), reports=reports),
            ledger_state(paths, reports=reports),
        )
        assert set(cold.runs) == set(warm.runs)
        for run, record in cold.runs.items():
            found, expected = facts(warm.runs[run]), facts(record)
            for name in () if reports else MEANT_FOR_OPEN_RUNS:
                del found[name], expected[name]
            assert found == expected
        assert cold.workers == warm.workers
        assert cold.damage() == warm.damage()


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 2**32))
@example(129)
@example(1281)
def test_folding_with_snapshots_equals_folding_without(
    tmp_path_factory: pytest.TempPathFactory, seed: int
) -> None:
    rng = random.Random(seed)
    folder = tmp_path_factory.mktemp("study")
    history = History(folder / "study", rng)
    wounds = []
    live = LedgerState(history.paths)
    live.refresh()
    taken = 0
    for _ in range(rng.randrange(10, 150)):
        act = rng.random()
        if act < 0.03:
            wounds.append(history.damage())
        elif act < 0.05 and wounds:
            wound = wounds.pop()
            if wound is not None:
                patch(*wound)
        elif act < 0.09:
            assert compaction.write(history.paths) is not None
            taken += 1
        elif act < 0.15:
            live.refresh()
        else:
            history.step()
    assert len(compaction.newest(history.paths.snapshots)) == min(taken, 1), "old ones are removed"
    same(history.paths, folder / "plain")
    for wound in filter(None, reversed(wounds)):
        patch(*wound)
    same(history.paths, folder / "plain")
    live.refresh()
    for run, record in ledger_state(history.paths, reports=True).runs.items():
        assert facts(live.runs[run]) == facts(record)
    shutil.rmtree(folder)


def test_tables_are_the_same_with_a_snapshot(make_study: Callable[..., Study]) -> None:
    study = make_study("seeds=4", "fixed.nan_at=25", "fixed.bad_seed=1")
    Worker(study, pack="3", device="cpu", workers=1).run()
    cold = [table(study, study.ledger_state()) for table in TABLES.values()]
    summary = replace(summarise(study), disk={})
    assert compaction.write(study.paths) is not None
    warm = [table(study, study.ledger_state()) for table in TABLES.values()]
    assert all(isinstance(record, SnapshotRecord) for record in study.ledger_state().runs.values())
    for before, after in zip(cold, warm, strict=True):
        pd.testing.assert_frame_equal(before, after)
    assert replace(summarise(study), disk={}) == summary


def test_who_reads_much_writes_a_snapshot(
    make_study: Callable[..., Study], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compaction, "LEAST_BYTES", 2000)
    study = make_study("seeds=20")
    Worker(study, pack="3", device="cpu", workers=1).run()
    most = compaction.written(study.paths) - 2000  # the worker looks after so many bytes
    assert covers(study) > most * 2 // 3, "the worker kept up"
    study.ledger_state(reports=False)
    assert covers(study) >= compaction.written(study.paths) - 2000, (
        "and a reader took what was left"
    )


def covers(study: Study) -> int:
    """How many bytes of the ledger the only snapshot covers."""
    (file,) = compaction.newest(study.paths.snapshots)
    return int(file.stem.split("-")[0])


@pytest.fixture
def covered(tmp_path: Path) -> StudyPaths:
    """A ledger all of which a snapshot covers."""
    history = History(tmp_path / "study", random.Random(5))
    for _ in range(200):
        history.step()
    assert compaction.write(history.paths) is not None
    assert compaction.load(history.paths) is not None
    return history.paths


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-20])


def garble(file: Path) -> None:
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)


MISMATCHES: dict[str, tuple[str, Callable[[Path], None]]] = {
    "a ledger file is missing": ("ledger/a.0.jsonl", Path.unlink),
    "a ledger file is shorter": ("ledger/a.0.jsonl", cut),
    "other bytes in the last line": (
        "ledger/a.0.jsonl",
        lambda file: patch(file, file.stat().st_size - 9, b"?"),
    ),
    "torn": ("snapshots/*-????????.npz", cut),
    "garbled": ("snapshots/*-????????.npz", garble),
    "its lines are torn": ("snapshots/*.lines", cut),
    "its lines are missing": ("snapshots/*.lines", Path.unlink),
    "its reports are torn": ("snapshots/*.reports.npz", cut),
    "its reports are missing": ("snapshots/*.reports.npz", Path.unlink),
}


@pytest.mark.parametrize("what", MISMATCHES)
def test_a_snapshot_that_does_not_match_is_passed_over(
    covered: StudyPaths, tmp_path: Path, what: str
) -> None:
    pattern, harm = MISMATCHES[what]
    (file,) = covered.folder.glob(pattern)
    harm(file)
    assert compaction.load(covered) is None
    same(covered, tmp_path / "plain")


def test_a_snapshot_of_another_format_is_passed_over(
    covered: StudyPaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshot, "FORMAT", snapshot.FORMAT + 1)
    assert compaction.load(covered) is None


def test_who_has_a_snapshot_open_is_unharmed_by_the_next(covered: StudyPaths) -> None:
    expected = {
        run: facts(record) for run, record in ledger_state(covered, reports=True).runs.items()
    }
    reader = ledger_state(covered, reports=True)
    with (covered.ledger / "a.0.jsonl").open("ab") as file:
        file.write(encode({"kind": "close"}))
    first = compaction.newest(covered.snapshots)
    assert compaction.write(covered) is not None
    assert not first[0].exists()
    assert {run: facts(record) for run, record in reader.runs.items()} == expected


def test_two_do_not_write_at_once(covered: StudyPaths) -> None:
    with (covered.snapshots / ".lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert compaction.write(covered) is None
    assert compaction.write(covered) is not None


def test_what_a_killed_writer_left_is_removed(covered: StudyPaths) -> None:
    left = covered.snapshots / ".00000000000000009999-abcdefgh.npz"
    left.write_bytes(b"half")
    assert compaction.write(covered) is not None
    assert not left.exists()
    assert len(list(covered.snapshots.iterdir())) == 4
