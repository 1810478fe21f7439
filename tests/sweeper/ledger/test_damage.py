"""Whatever happens to a ledger: `status` names it, the sweep goes on, nothing else is lost."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from sweeper.ledger.snapshots import compaction
from sweeper.planning.loading import load
from sweeper.report.status import summarise
from sweeper.report.study_status import DamagedBytes
from sweeper.study import studies
from sweeper.study.study import Study
from sweeper.worker.process import heartbeat
from sweeper.worker.worker import Worker
from tests.helpers.command import call
from tests.helpers.paths import COUNTER_AGENT

SPACE: dict[str, Any] = {
    "study": "hops",
    "agent": f"{COUNTER_AGENT}:Counter",
    "fixed": {"pause_s": 0.001},
    "axes": {"size": {"kind": "float", "values": [0.1, 0.3, 0.5]}},
    "tasks": {"line": {"low": 0.0, "high": 2.0}},
    "seeds": 4,
    "steps": 40,
    "evaluation": {"every": 10, "episodes": 1},
    "score": {"metric": "value"},
    "checkpoint": {"every_s": 0.01},
    "figures": [],
}
KILLED = """
import os, signal, sys
from sweeper.dispatch.entry import work
from sweeper.worker.ledger_protocol import LedgerProtocol
end, report, ended = LedgerProtocol.end, LedgerProtocol.report, []
def counted(self, ends):
    end(self, ends)
    ended.extend(ends)
def last(self, *words, **more):
    report(self, *words, **more)
    if len(ended) >= 4:
        os.kill(os.getpid(), signal.SIGKILL)
LedgerProtocol.end, LedgerProtocol.report = counted, last
work(sys.argv[1], "2", "cpu", "2")
"""
"""A worker that is killed after the first report of its third pack."""

Table = dict[str, tuple[str, float | None, list[Any]]]


def table(made: Study) -> Table:
    runs = made.ledger_state().runs
    return {
        run.id: (runs[run.id].state, runs[run.id].score, runs[run.id].reports)
        for run in made.plan.runs
    }


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Table]:
    """A study whose worker was killed half-way, and what it comes to when nothing happens."""
    root = tmp_path_factory.mktemp("damage")
    (root / "hops.yaml").write_text(yaml.safe_dump(SPACE, sort_keys=False))
    space = load(root / "hops.yaml")
    calm = studies.start(root / "calm", space)
    Worker(calm, pack="2", device="cpu", workers=1).run()
    half = studies.start(root / "half", space)
    subprocess.run([sys.executable, "-c", KILLED, str(half.folder)], stderr=subprocess.DEVNULL)
    assert not half.ended and sum(r.end is not None for r in half.ledger_state().runs.values()) == 4
    return half.folder, table(calm)


class Harmed:
    """A copy of that study, with or without a snapshot, and its ledger file."""

    def __init__(self, source: Path, folder: Path, whole: Table, *, snapshot: bool) -> None:
        shutil.copytree(source, folder)
        self.study = Study.open(folder)
        self.whole = whole
        self.snapshot = snapshot
        if snapshot:
            assert compaction.write(self.study.paths) is not None
        (self.file,) = self.study.paths.ledger.iterdir()
        self.data = self.file.read_bytes()

    def lines(self, kind: str) -> list[tuple[int, int]]:
        """Where the lines of a kind begin and end."""
        found, start = [], 0
        for piece in self.data.splitlines(keepends=True):
            if f'"kind":"{kind}"'.encode() in piece:
                found.append((start, start + len(piece)))
            start += len(piece)
        return found

    def status(self, capsys: pytest.CaptureFixture[str]) -> tuple[dict[str, Any], str]:
        """What `sweeper status` says, as json and as text."""
        words = [f"study={self.study.name}", f"root={self.study.folder.parent}"]
        assert call("status", *words, "format=json") == 0
        found = json.loads(capsys.readouterr().out)
        assert call("status", *words) == 0
        return found, capsys.readouterr().out

    def resume(self) -> Table:
        """The table after another worker went on to the end."""
        Worker(self.study, pack="2", device="cpu", workers=1).run()
        assert self.study.ended
        return table(self.study)


@pytest.fixture(params=[False, True], ids=["cold", "with a snapshot"])
def harmed(
    request: pytest.FixtureRequest, killed: tuple[Path, Table], tmp_path: Path
) -> Iterator[Harmed]:
    yield Harmed(killed[0], tmp_path / "studies" / "half", killed[1], snapshot=request.param)


Capture = pytest.CaptureFixture[str]


def test_torn_at_every_byte_of_the_last_line(harmed: Harmed, capsys: Capture) -> None:
    start = harmed.data.rstrip(b"\n").rfind(b"\n") + 1
    ended = harmed.status(capsys)[0]["runs"]["complete"]
    for size in range(start + 1, len(harmed.data)):
        harmed.file.write_bytes(harmed.data[:size])
        found = summarise(harmed.study)
        assert found.damaged == [DamagedBytes(harmed.file.name, start, size)]
        assert found.runs["complete"] >= ended - 2, "the last line may end a pack of two"
    _, text = harmed.status(capsys)
    assert f"damaged: bytes {start} to {size} of ledger/{harmed.file.name}" in text
    assert harmed.resume() == harmed.whole


@pytest.mark.parametrize("kind", ["header", "claim", "start", "report", "checkpoint", "end"])
@pytest.mark.parametrize("how", ["garbled", "NULs"])
def test_a_bad_line_in_the_middle(
    harmed: Harmed, capsys: Capture, kind: str, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The runs end as ever; of their curves only reports of that line may be missing.

    Without its header nobody knows where a worker ran: what it held is waited for.
    """
    monkeypatch.setattr(heartbeat, "STALE_S", 1.0)
    monkeypatch.setattr(heartbeat, "T1_S", 1.0)
    start, end = harmed.lines(kind)[0]
    data = bytearray(harmed.data)
    data[start + 30 : end - 3] = (
        bytes(end - start - 33) if how == "NULs" else b"?" * (end - start - 33)
    )
    harmed.file.write_bytes(bytes(data))
    found, text = harmed.status(capsys)
    if not harmed.snapshot:
        assert {"file": harmed.file.name, "start": start, "end": end} in found["damaged"]
        assert f"damaged: bytes {start} to {end} of ledger/{harmed.file.name}" in text
    else:
        assert found["damaged"] == [], "a snapshot holds what stood there"
    after = harmed.resume()
    assert {run: row[:2] for run, row in after.items()} == {
        run: row[:2] for run, row in harmed.whole.items()
    }
    missing = sum(
        point not in after[run][2] for run, row in harmed.whole.items() for point in row[2]
    )
    assert missing <= (kind == "report" and not harmed.snapshot)
    assert sum(len(row[2]) for row in after.values()) + missing == 48


def test_a_missing_ledger_file(
    harmed: Harmed, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it reported is gone; what it ended is in its claims.

    Without its header nobody knows where its worker ran: what it held is waited for.
    """
    monkeypatch.setattr(heartbeat, "STALE_S", 1.0)
    monkeypatch.setattr(heartbeat, "T1_S", 1.0)
    harmed.file.unlink()
    found, text = harmed.status(capsys)
    assert found["missing"] == [harmed.file.name]
    assert f"missing: ledger/{harmed.file.name}" in text
    after = harmed.resume()
    assert {run: row[:2] for run, row in after.items()} == {
        run: row[:2] for run, row in harmed.whole.items()
    }


def script(text: str, *words: str) -> str:
    """Runs a shell script where it may mount; skips where that is not allowed."""
    wrapper = ["unshare", "--map-root-user", "--mount", "sh", "-euc", text, "sh", *words]
    try:
        subprocess.run([*wrapper[:3], "true"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("this machine lets nobody mount")
    done = subprocess.run(wrapper, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


COMMANDS = """
import sys
from sweeper.cli.command_line import main

def call(*words):
    try:
        main(words)
    except SystemExit as left:
        return left.code or 0
    return 0

root, space = sys.argv[1:]
assert call("status", "study=half", f"root={root}") == 0
assert call("heatmap", "study=half", f"root={root}", "out=x.svg") == 0
print("exit", call("run", space, "name=half", f"root={root}"))
"""


def test_a_read_only_study(harmed: Harmed, tmp_path: Path) -> None:
    """`status` and figures with `out=` work; `run` says in one line why it cannot."""
    text = """
    mount --bind "$1" "$1"; mount -o remount,bind,ro "$1"
    cd "$3"
    exec "$2" -c "$5" "$1" "$4"
    """
    root = harmed.study.folder.parent
    (tmp_path / "out").mkdir()
    space = tmp_path / "hops.yaml"
    space.write_text(yaml.safe_dump(SPACE, sort_keys=False))
    said = script(text, str(root), sys.executable, str(tmp_path / "out"), str(space), COMMANDS)
    assert (tmp_path / "out" / "x.svg").stat().st_size > 0
    assert "half: 12 runs:" in said
    assert "sweeper: cannot write to the study's folder" in said
    assert "Read-only file system" in said
    assert "Traceback" not in said
    assert said.splitlines()[-1].startswith(("exit 2", "sweeper:"))
    assert "exit 2" in said


FULL = """
import sys, threading, time
from pathlib import Path
from sweeper.cli.command_line import app
from sweeper.planning.loading import load
from sweeper.study import studies
from sweeper.worker.worker import Worker

root = Path(sys.argv[1])
made = studies.start(root / "half", load(Path(sys.argv[2])))
worker = Worker(made, pack="2", device="cpu", workers=1)
with (root / "filler").open("wb", buffering=0) as filler:
    try:
        while True:
            filler.write(bytes(1 << 12))
    except OSError:
        pass
thread = threading.Thread(target=worker.run)
thread.start()
time.sleep(2)
app(["status", "study=half", f"root={root}"], standalone_mode=False)
assert thread.is_alive() and not made.ended
(root / "filler").unlink()
thread.join(100)
assert made.ended
app(["status", "study=half", f"root={root}"], standalone_mode=False)
"""


def test_a_full_disk_is_waited_for_and_status_works(tmp_path: Path) -> None:
    for name in ("disk", "work"):
        (tmp_path / name).mkdir()
    (tmp_path / "work" / "full.py").write_text(FULL)
    space = tmp_path / "hops.yaml"
    space.write_text(yaml.safe_dump(SPACE, sort_keys=False))
    text = 'mount -t tmpfs -o size=2m none "$1"; "$2" "$3" "$1" "$4"'
    words = [tmp_path / "disk", sys.executable, tmp_path / "work" / "full.py", space]
    said = script(text, *map(str, words))
    assert "12 runs: 12 complete" in said
    assert "damaged" not in said.splitlines()[-1]


ASKING = """
import sys
from pathlib import Path
from sweeper.cluster import scheduler
from sweeper.paths import StudyPaths
from sweeper.cluster.scheduler import Scheduler
from sweeper.ledger.lines.header import WorkerHeader

root, scheduler.EVERY_S = Path(sys.argv[1]), 0.0
asking = Scheduler(StudyPaths(root))
header = WorkerHeader(job="1", restart=0, user=0)
print("full:", asking.word(header), asking.number)
"""


def test_a_full_disk_stops_questions_to_the_scheduler_and_nobody_who_asks(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "asking.py").write_text(ASKING)
    text = 'mount -t tmpfs -o size=64k,nr_inodes=2 none "$1"; touch "$1/last"; "$2" "$3" "$1"'
    said = script(text, str(tmp_path / "disk"), sys.executable, str(tmp_path / "asking.py"))
    assert "full: None 0" in said
