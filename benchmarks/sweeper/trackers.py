"""How long `sweeper sync to=tensorboard` takes for a study of many runs, killed on the way.

    python -m benchmarks.sweeper.trackers [trials=20000] [kills=10] [seed=0] [root=FOLDER]

The study is that of `benchmarks.sweeper.report`, which nobody trained: five seeds a trial, four
reports a run, and a run in fifty failed. A process that syncs it is killed by SIGKILL at random
places, so often, and the last one ends; another folder is synced in one go. Then every event file
is read back, with TensorBoard's own reader, and held against the ledger: every report and score is
there, once. Prints the table for docs/measured.md.
"""

from __future__ import annotations

import os
import platform
import random
import resource
import signal
import struct
import subprocess
import sys
import tempfile
import time
from collections import Counter
from datetime import date
from importlib.metadata import version
from pathlib import Path

from tensorboard.backend.event_processing.event_file_loader import RawEventFileLoader
from tensorboard.compat.proto.event_pb2 import Event

from benchmarks.sweeper.report import make
from sweeper.study.study import Study

JOURNAL = ".sweeper.jsonl"
LINE = 120
"""About so many bytes are noted of a run."""


def command(study: Study, out: Path) -> list[str]:
    words = ("sync", f"study={study.folder}", "to=tensorboard", f"out={out}")
    return [sys.executable, "-m", "sweeper", *words]


def killed(study: Study, out: Path, kills: int, draw: random.Random) -> int:
    """Syncs with so many kills; how many of them hit a process at work."""
    runs, hits = len(study.plan.runs), 0
    for share in sorted(draw.uniform(0.02, 0.98) for _ in range(kills)):
        process = subprocess.Popen(command(study, out), stdout=subprocess.DEVNULL)
        while process.poll() is None and noted(out) < share * runs * LINE:
            time.sleep(0.002)
        time.sleep(draw.uniform(0, 0.05))
        process.send_signal(signal.SIGKILL)
        hits += process.wait() == -signal.SIGKILL
    subprocess.run(command(study, out), check=True)
    return hits


def noted(out: Path) -> int:
    try:
        return (out / JOURNAL).stat().st_size
    except FileNotFoundError:
        return 0


def check(study: Study, out: Path) -> int:
    """Raises where an event file lacks something, or has it twice; returns how many events."""
    records, files = study.ledger_state().runs, list(out.rglob("*tfevents*"))
    assert len(files) == len(study.plan.runs), f"{len(files)} files"
    found, events = {}, 0
    for file in files:
        found[file.parent.relative_to(out).as_posix()] = read = contents(file)
        events += sum(read.values())
    for run in study.plan.runs:
        record = records[run.id]
        expected = Counter(
            (name, step, single(value))
            for step, metrics in record.reports
            for name, value in metrics.items()
        )
        for name, value in (("score", record.score), ("value", record.value)):
            if value is not None:
                expected[f"sweeper/{name}", record.step, single(value)] += 1
        expected["sweeper/state", record.step, record.state] += 1
        if record.error:
            expected["sweeper/error", record.step, ""] += 1
        expected["_hparams_/session_start_info", 0, ""] += 1
        expected["_hparams_/session_end_info", record.step, ""] += 1
        name = f"trial{run.trial}/{run.task}/seed{run.seed}"
        assert found[name] == expected, (name, found[name], expected)
    return events


def contents(file: Path) -> Counter[tuple[str, int, float | str]]:
    """The values of an event file, and how often each is there."""
    found: Counter[tuple[str, int, float | str]] = Counter()
    for data in RawEventFileLoader(str(file)).Load():
        event = Event.FromString(data)
        for value in event.summary.value:
            text = value.tensor.string_val[0].decode() if value.tensor.string_val else ""
            what: float | str = text if value.tag == "sweeper/state" else ""
            if value.HasField("simple_value"):
                what = value.simple_value
            found[value.tag, event.step, what] += 1
    return found


def single(value: float) -> float:
    """A number as event files hold it, in single precision."""
    return float(struct.unpack("f", struct.pack("f", value))[0])


def peak_mb() -> float:
    """The most memory that a process of ours that has ended took."""
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e3


def main(
    trials: str = "20000", kills: str = "10", seed: str = "0", root: str | None = None
) -> None:
    with tempfile.TemporaryDirectory(dir=root) as folder:
        where = Path(folder)
        study = make(where, int(trials))
        print(
            f"{date.today()}, {len(os.sched_getaffinity(0))} cores ({platform.machine()}), Python "
            f"{platform.python_version()}, tensorboard {version('tensorboard')}, "
            f"load {os.getloadavg()[0]:.1f}\n"
        )
        print("| | runs | kills | minutes | ms a run | events read back | peak memory, MB |")
        print("|---|---|---|---|---|---|---|")
        for wanted in (0, int(kills)):
            out, begin = where / f"killed{wanted}", time.monotonic()
            hits = killed(study, out, wanted, random.Random(int(seed)))
            row(study, f"sync, {wanted or 'no'} kills", hits, time.monotonic() - begin, out)
        begin = time.monotonic()
        subprocess.run(command(study, out), check=True)
        row(study, "again, with nothing new", 0, time.monotonic() - begin, out)


def row(study: Study, what: str, hits: int, span: float, out: Path) -> None:
    memory, runs, events = peak_mb(), len(study.plan.runs), check(study, out)
    print(
        f"| {what} | {runs:,} | {hits} | {span / 60:.1f} | {1e3 * span / runs:.2f} | {events:,} "
        f"| {memory:,.0f} |",
        flush=True,
    )


if __name__ == "__main__":
    main(**dict(word.split("=", 1) for word in sys.argv[1:]))
