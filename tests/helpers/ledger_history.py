"""Random ledgers as workers leave them, and what reading one says."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

from sweeper.ledger.lines.encoding import encode
from sweeper.ledger.lines.kinds import Json
from sweeper.ledger.run_record import RunRecord
from sweeper.ledger.snapshots import compaction
from sweeper.paths import StudyPaths

NAMES = (
    *("run", "generation", "state", "score", "value", "step", "attempts", "worker", "started"),
    *("ended", "error", "reports", "last", "resume_from", "deaths", "failures", "cap", "tries"),
)


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
