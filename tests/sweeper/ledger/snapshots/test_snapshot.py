"""A snapshot changes how long reading takes, never what is read."""

from __future__ import annotations

import fcntl
import random
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sweeper.ledger.lines.encoding import encode
from sweeper.ledger.lines.kinds import Json
from sweeper.ledger.run_record import RunRecord
from sweeper.ledger.snapshots import compaction, snapshot
from sweeper.ledger.snapshots.snapshot import SnapshotRecord
from sweeper.ledger.state import LedgerState
from sweeper.paths import StudyPaths
from sweeper.report.status import summarise
from sweeper.results.export.tidy_tables import TABLES
from sweeper.study.study import Study
from sweeper.worker.worker import Worker

NAMES = (
    *("run", "generation", "state", "score", "value", "step", "attempts", "worker", "started"),
    *("ended", "error", "reports", "last", "resume_from", "deaths", "failures", "cap", "tries"),
)


MEANT_FOR_OPEN_RUNS = ("tries", "resume_from", "deaths", "failures", "cap")
"""What nobody asks of ended runs, and what without reports depends on when an end is read."""


def facts(record: RunRecord) -> dict[str, Any]:
    """All that a record says."""
    end = None if record.end is None else record.end.to_json()
    return {name: getattr(record, name) for name in NAMES} | {"end": end}


class History:
    """A ledger as workers leave it that obey the protocol, are killed, come late, and retry."""

    def __init__(self, folder: Path, rng: random.Random) -> None:
        self.paths = StudyPaths(folder)
        self.paths.ledger.mkdir(parents=True)
        self.rng = rng
        self.runs: dict[str, dict[str, Any]] = {}
        self.sequences: dict[tuple[str, int, int], int] = {}
        self.holders: dict[tuple[str, int, int], str] = {}
        for worker in "abc":
            self.write(worker, {"kind": "header", "format": 1, "worker": worker, "boot": "x"})

    def file(self, worker: str) -> Path:
        return self.paths.ledger / f"{worker}.0.jsonl"

    def write(self, worker: str, line: Json) -> None:
        with self.file(worker).open("ab") as file:
            file.write(encode(line))

    def say(self, worker: str, kind: str, at: tuple[str, int, int], /, **fields: Any) -> None:
        run, generation, attempt = at
        number = self.sequences.get(at, 0)
        self.sequences[at] = number + 1
        where = {"run": run, "gen": generation, "att": attempt, "seq": number}
        self.write(worker, {"kind": kind, **where, **fields})

    def step(self) -> None:
        """Something happens."""
        name = f"r{self.rng.randrange(5)}"
        run = self.runs.setdefault(name, {"gen": 0, "att": -1, "ended": False, "step": 0})
        at = (name, run["gen"], run["att"])
        act = self.rng.random()
        if run["ended"]:
            if act < 0.25:
                self.runs[name] = {"gen": run["gen"] + 1, "att": -1, "ended": False, "step": 0}
            elif act < 0.6:
                self.late(name, run)
            return
        if run["att"] < 0 or act < 0.12:
            self.claim(name, run)
        elif act < 0.7:
            self.report(self.holders[at], at, run)
        elif act < 0.76:
            file = f"c{run['step']}"
            self.say(self.holders[at], "checkpoint", at, step=run["step"], file=file)
        elif act < 0.8:
            fields = {"reason": "raised", "cap": 1, "error": "Error: no", "time": 3.0}
            self.say(self.holders[at], "release", at, **fields)
        elif act < 0.86:
            self.late(name, run)
        else:
            self.end(at, run)

    def claim(self, name: str, run: dict[str, Any]) -> None:
        before = (name, run["gen"], run["att"])
        run["att"] += 1
        at = (name, run["gen"], run["att"])
        worker = self.holders[at] = self.rng.choice("abc")
        known = self.sequences.get(before)
        resumed = self.rng.choice([0, run["step"]])
        run["step"] = resumed
        fields = {
            "worker": worker,
            "supersedes": None if known is None else self.rng.randrange(known),
            "step": resumed,
            "file": f"c{resumed}" if resumed else None,
            "time": self.rng.random(),
        }
        if self.rng.random() < 0.9:
            self.say(worker, "claim", at, **fields)
        if self.rng.random() < 0.9:
            self.say(worker, "start", at, pack=self.rng.randrange(1, 3))

    def report(self, worker: str, at: tuple[str, int, int], run: dict[str, Any]) -> None:
        run["step"] += self.rng.choice([0, 5, 5, 5])
        metrics: dict[str, Any] = {"m": self.rng.random()}
        if self.rng.random() < 0.2:
            metrics["n"] = self.rng.choice([1, 2**60, 0.5, float("inf"), "η"])
        self.say(worker, "report", at, step=run["step"], metrics=metrics)

    def late(self, name: str, run: dict[str, Any]) -> None:
        """A worker that was thought dead goes on with what it held."""
        old = [at for at in self.holders if at[0] == name]
        if old:
            at = self.rng.choice(old)
            self.report(self.holders[at], at, {"step": self.rng.randrange(50)})

    def end(self, at: tuple[str, int, int], run: dict[str, Any]) -> None:
        run["ended"] = True
        scored = self.rng.random() < 0.7
        line = {
            "kind": "end",
            "run": at[0],
            "gen": at[1],
            "att": at[2],
            "seq": self.sequences.get(at, 1) - 1,
            "state": "complete" if scored else "failed",
            "step": run["step"],
            "score": self.rng.random() if scored else None,
            "value": 1 if scored else None,
            "error": None if scored else "Traceback\nValueError: η",
            "time": self.rng.random(),
        }
        for worker in self.rng.sample("abc", self.rng.choice([1, 1, 2])):
            self.write(worker, line)

    def damage(self) -> tuple[Path, int, bytes] | None:
        """Garbles some bytes that no snapshot covers; returns what was there."""
        file = self.file(self.rng.choice("abc"))
        covered = covered_bytes(self.paths).get(file.name, 0)
        data = file.read_bytes()
        if len(data) - covered < 10:
            return None
        start = self.rng.randrange(covered, len(data) - 1)
        end = min(len(data) - 1, start + self.rng.choice([1, 3, 400]))
        patch(file, start, bytes(end - start) if end - start > 1 else b"\n")
        return file, start, data[start:end]


def patch(file: Path, start: int, data: bytes) -> None:
    with file.open("r+b") as opened:
        opened.seek(start)
        opened.write(data)


def covered_bytes(paths: StudyPaths) -> dict[str, int]:
    past = compaction.load(paths)
    return {name: mark.offset for name, mark in past.marks.items()} if past else {}


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


@settings(deadline=None, max_examples=100)
@given(st.integers(0, 2**32))
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
    (file,) = compaction.newest(study.paths.snapshots)
    covered = int(file.stem.split("-")[0])
    assert covered > compaction.written(study.paths) * 2 // 3, "the worker kept up"
    study.ledger_state(reports=False)
    assert covered >= compaction.written(study.paths) - 2000, "and a reader took what was left"


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
