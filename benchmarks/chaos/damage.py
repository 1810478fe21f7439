"""Damages each kind of a study's files in each way: commands name the file, and none ends raw.

    python -m benchmarks.chaos.damage [rounds=3] [seed=0]

Every command is run in this process on a copy of a study that has ended, and of one that is half
done and holds a run of a worker that was killed. Prints a row for docs/measured/kills.md.
"""

from __future__ import annotations

import io
import os
import random
import shutil
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from sweeper.cli import command_line
from sweeper.cli.commands import watch
from sweeper.ledger.snapshots import compaction
from sweeper.planning.loading import load
from sweeper.report import publish
from sweeper.study import studies
from sweeper.study.study import Study
from sweeper.worker import worker
from sweeper.worker.process import heartbeat
from sweeper.worker.worker import Worker
from tests.helpers.paths import COUNTER_AGENT
from tests.helpers.worker_parts import WorkerParts, dead

SPACE: dict[str, Any] = {
    "study": "harmed",
    "agent": f"{COUNTER_AGENT}:Hoarder",
    "axes": {"size": {"kind": "float", "low": 0.1, "high": 0.5}},
    "sampler": {"tpe": {"n_startup_trials": 2}},
    "trials": 3,
    "tasks": {"line": {"low": 0.0, "high": 2.0}},
    "seeds": 2,
    "steps": 40,
    "evaluation": {"every": 10, "episodes": 1},
    "score": {"metric": "value"},
    "checkpoint": {"every_s": 0.001, "keep": "final"},
    "pruner": {"median": {"n_startup_trials": 1}},
    "figures": [],
}

KINDS = {
    "plan": "plans/0",
    "version": "plans/1",
    "packful": "trials/0",
    "pruning": "trials/*.pruned",
    "claim": "claims/*/*.0.0",
    "end": "claims/*/*.0.1",
    "packed claims": "claims/0.*.packed",
    "open mark": "claims/*/open",
    "claims folder": "claims/[0-9]*",
    "ledger": "ledger/*.jsonl",
    "snapshot": "snapshots/[0-9]*[0-9a-f].npz",
    "snapshot's lines": "snapshots/*.lines",
    "snapshot's reports": "snapshots/*.reports.npz",
    "checkpoint": "checkpoints/*.npz",
    "weights": "weights/*.npz",
    "beat": "beats/*",
    "stamp": "figures/.edition",
    "journal": "optuna.journal",
    "report": "report.html",
    "cancelled": "cancelled",
}
"""The kinds of files, and which they are."""

TOLD = ("plan", "packful", "claim", "end", "packed claims", "ledger", "checkpoint", "weights")
"""Kinds of which something is lost: the file is named, in whatever way it is damaged."""

SILENT = {
    *(("half", kind, "gone") for kind in ("packful", "claim", "end", "checkpoint", "weights")),
    *(("whole", kind, "gone") for kind in ("packful", "packed claims", "weights")),
    *(("whole", "ledger", way) for way in ("half", "flipped")),
    *((name, "plan", "flipped") for name in ("whole", "half")),
}
"""What nobody can know to have been there, ledger lines that a snapshot holds, and bytes of a plan
that leave it a plan."""


def _flipped(data: bytes, rng: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(1 + len(data) // 200):
        changed[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    return bytes(changed)


WAYS: dict[str, Callable[[bytes, random.Random], bytes | None]] = {
    "empty": lambda data, rng: b"",
    "half": lambda data, rng: data[: len(data) // 2],
    "flipped": lambda data, rng: _flipped(data, rng) if data else b"?",
    "no text": lambda data, rng: bytes(rng.randrange(128, 256) for _ in range(64)),
    "gone": lambda data, rng: None,
}
"""What becomes of a file's bytes; besides, a folder may take its place."""

FOLDER = "a folder"


@dataclass(frozen=True)
class Said:
    """What came of a command."""

    words: tuple[str, ...]
    code: int | None
    text: str

    @property
    def raw(self) -> bool:
        """Whether it ended in a traceback of ours."""
        return self.code not in (0, 1, 2) or "Traceback" in self.text


def commands(root: Path, name: str, run: str = "0") -> Mapping[str, tuple[str, ...]]:
    """Commands on the study `name`, of which `run` is one that has ended, as their words."""
    where = (f"study={name}", f"root={root / 'studies'}")
    again = (f"name={name}", f"root={root / 'studies'}", "dispatch=inline", "pack=2")
    return {
        "status": ("status", *where),
        "status as JSON": ("status", *where, "format=json"),
        "best": ("best", *where),
        "export": ("export", *where, "table=reports", f"out={root / 'out.csv'}"),
        "report": ("report", *where),
        "failed": ("failed", *where),
        "table": ("table", *where),
        "optuna": ("optuna", *where),
        "logs": ("logs", *where),
        "studies": ("studies", where[1]),
        "retry": ("retry", *where, "state=nan"),
        "rerun": ("rerun", *where, f"run={run}"),
        "run": ("run", str(root / "harmed.yaml"), *again),
        "extend": ("run", str(root / "harmed.yaml"), *again, "extend=true", "seeds=3"),
    }


def said(*words: str) -> Said:
    """Runs `sweeper WORDS` in this process."""
    output = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)
    code: Any = None
    with redirect_stdout(output), redirect_stderr(output):
        try:
            command_line.main(words)
        except SystemExit as left:
            code = left.code or 0
        except BaseException:
            traceback.print_exc(file=output)
    return Said(words, code, output.buffer.getvalue().decode())  # type: ignore[attr-defined]


class Studies:
    """Two studies, one whole and one half done, and copies of them to harm."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "harmed.yaml").write_text(yaml.safe_dump(SPACE, sort_keys=False))
        self._calm = root / "calm"
        self._codes: dict[tuple[str, str], int | None] = {}
        self.ended: dict[str, str] = {}
        """A run of each that has ended."""
        for name in ("whole", "half"):
            self._make(name)

    def _make(self, name: str) -> None:
        space = load(self.root / "harmed.yaml")
        made = studies.start(self._calm / name, space)
        studies.start(self._calm / name, space.model_copy(update={"note": "looked at"}))
        if name == "whole":
            Worker(made, pack="2", device="cpu", workers=1, conclude=publish.once).run()
        else:
            made = Study.open(made.folder)
            parts = WorkerParts(made, dead())
            self._half(made, parts)
            (made.paths.cancelled).write_text('{"time": 1.0, "user": "me", "host": "here"}')
        records = made.ledger_state().runs.values()
        self.ended[name] = next(r.run for r in records if r.state == "complete")
        if name == "whole":
            assert compaction.write(made.paths) is not None

    def _half(self, made: Study, parts: WorkerParts) -> None:
        from sweeper.study.sampling.advisor import Advisor

        ledger_state = made.ledger_state()
        Advisor(made, ledger_state, parts.ledger).plan(2)
        parts.queue.refresh()
        parts.trainer.train(parts.claim())
        parts.queue.refresh()
        (hold,) = parts.claim()
        parts.attempts.start([hold])
        parts.attempts.report([(hold, (10, {"value": 0.3, "twice": 0.6}))], sync=True)
        pack = made.trainable.start([hold.run], [None], "cpu")
        pack.advance()
        parts.attempts.save([(hold, (pack.save(0), None))], 10)

    def said(self, name: str, words: str) -> Said:
        """What a command on the study `name` comes to."""
        return said(*commands(self.root, name, self.ended[name])[words])

    def calm_code(self, name: str, words: str) -> int | None:
        """What a command exits with where nothing is damaged."""
        if (name, words) not in self._codes:
            self.copy(name)
            self._codes[name, words] = self.said(name, words).code
        return self._codes[name, words]

    def copy(self, name: str) -> Path:
        """A fresh copy under `studies/`."""
        folder = self.root / "studies" / name
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self._calm / name, folder)
        return folder

    def files(self, name: str, kind: str) -> list[Path]:
        """The files of a kind in the study that is not harmed, relative to it."""
        folder = self._calm / name
        return sorted(file.relative_to(folder) for file in folder.glob(KINDS[kind]))


def harm(file: Path, way: str, rng: random.Random) -> None:
    """Damages a file in that way."""
    if way == FOLDER or file.is_dir():
        if file.is_dir():
            shutil.rmtree(file)
            return
        file.unlink()
        file.mkdir()
        return
    data = WAYS[way](file.read_bytes(), rng)
    if data is None:
        file.unlink()
    else:
        file.write_bytes(data)


def wrong(studies: Studies, name: str, kind: str, way: str, words: str, seed: int) -> list[str]:
    """What is amiss after the files of a kind were damaged and a command was given."""
    rng = random.Random(f"{name} {kind} {way} {seed}")
    found = studies.files(name, kind)
    if not found:
        return []
    calm = studies.calm_code(name, words)
    folder, file = studies.copy(name), rng.choice(found)
    harm(folder / file, way, rng)
    case = f"{name}: {file} {way}: {words}"
    status = studies.said(name, "status")
    problems = [f"{case}: status: {status.text}"] if status.raw else []
    if kind in TOLD and (name, kind, way) not in SILENT and file.name not in status.text:
        problems.append(f"{case}: status does not name it: {status.text}")
    if words != "status":
        done = studies.said(name, words)
        if done.raw:
            problems.append(f"{case}: {done.text}")
        elif words == "run" and not done.code and not Study.open(folder).ended:
            problems.append(f"{case}: it did not end: {done.text}")
        elif done.code != calm and file.name not in (done.text + status.text):
            problems.append(f"{case}: it names no file: {done.text}")
    return problems


def hurry() -> None:
    """Makes what workers and their watcher wait for short."""
    watch.POLL_S, worker.IDLE_S = 0.02, 0.02
    heartbeat.STALE_S, heartbeat.T1_S, heartbeat.T2_S, heartbeat.SURE_S = 0.1, 0.2, 0.2, 0.05


def cases() -> Iterator[tuple[str, str, str]]:
    """Studies, kinds and ways."""
    for name in ("whole", "half"):
        for kind in KINDS:
            for way in (*WAYS, FOLDER):
                yield name, kind, way


def main(rounds: str = "3", seed: str = "0") -> None:
    hurry()
    begin, counts = time.monotonic(), Counter[str]()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        studies = Studies(Path(folder))
        for turn in range(int(seed), int(seed) + int(rounds)):
            for name, kind, way in cases():
                for words in commands(studies.root, name):
                    for problem in wrong(studies, name, kind, way, words, turn):
                        counts["problems"] += 1
                        print(problem, file=sys.stderr, flush=True)
                    counts["cases"] += 1
    print("| date | kinds of files | ways | commands | cases | not told, or raw | s |")
    print("|---|---|---|---|---|---|---|")
    print(
        f"| {date.today()} | {len(KINDS)} | {len(WAYS) + 1} "
        f"| {len(commands(Path(), ''))} | {counts['cases']} | {counts['problems']} "
        f"| {time.monotonic() - begin:.0f} |"
    )


if __name__ == "__main__":
    main(**dict(word.split("=", 1) for word in sys.argv[1:]))
