"""A full replay of frames in memory and on disk: draws, checkpoints, and what resuming takes.

    python -m benchmarks.agents.full_replay [frames=1000000] [size=42] [new=100000] [folder=.]

A pack of one DQN on images of `size` x `size` bytes in stacks of four, whose replay is filled with
noise; `new` frames come in between two checkpoints. Each store is measured in a process of its own,
and resuming in another; draws are from a tenth of the frames, from the stores in turns. Prints the
rows for docs/measured/replay_on_disk.md: the memory is what belongs to the process alone (RssAnon,
the most that was seen), without torch and its own code. Checkpoints lie in `folder`, frames in the
temporary directory (TMPDIR). `stores=mmap` measures that one alone.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from agents import streams
from agents.learners.dqn import Learner
from agents.training.pack import Pack
from sweeper.worker.checkpoints import checkpoint
from sweeper.worker.checkpoints.checkpoint import SavedCheckpoint

STORES = ("memory", "mmap")
BATCH = 32
_DRAWS = 1_000
_EPISODE = 1_000
Found = dict[str, float]


def run(frames: int, size: int, store: str) -> Any:
    """The run whose replay is measured; small networks, which never learn."""
    given = {
        "network.body": "atari",
        "network.convs": (8, 8, 8),
        "network.units": 32,
        "env.size": size,
        "replay.capacity": frames,
        "warmup_steps": 10**9,
        "epsilon.decay_until": 10**9,
        **({"replay.store": store} if "replay.store" in Learner.parameters else {}),
    }
    schedule = SimpleNamespace(every=10**9, episodes=1, steps=None, cap=1)
    params = Learner.complete(given)
    task = "atari/pong"
    return SimpleNamespace(params=params, task=task, seed=0, steps=10**9, evaluation=schedule)


def fill(pack: Pack, steps: int) -> None:
    """Adds so many steps of noise to the replay, in episodes of a thousand."""
    replay, drawn = pack.replay, np.random.default_rng(pack.step)
    width = replay._codec.width
    noise = drawn.integers(0, 256, (512, width), np.uint8)
    for _ in range(steps):
        replay.add_frames(noise[replay.count % 512 : replay.count % 512 + 1])
        ended = np.array([[replay.count % _EPISODE == 0]])
        replay.add(np.array([[replay.count % 6]]), np.ones((1, 1), np.float32), ended)
    replay.flush()
    pack.step = replay.count


class Watch(threading.Thread):
    """Looks every few milliseconds how much memory belongs to this process alone."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.most, self._over = 0, threading.Event()

    def run(self) -> None:
        """Looks until it is over."""
        while not self._over.wait(0.02):
            self.most = max(self.most, alone())

    def end(self) -> int:
        """Ends it; returns the most bytes seen."""
        self._over.set()
        self.join()
        return max(self.most, alone())


def alone() -> int:
    """Bytes of memory that are of no file."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("RssAnon:")[2].split()[0]) * 1024


@contextmanager
def measured(found: Found, name: str) -> Iterator[None]:
    """Notes the seconds of what is done within, of the processor too, and by how much its memory
    grew at most."""
    before, watch = alone(), Watch()
    watch.start()
    begin, busy = time.monotonic(), time.process_time()
    yield
    found[f"{name}_s"] = time.monotonic() - begin
    found[f"{name}_busy"] = time.process_time() - busy
    found[f"{name}_mb"] = (watch.end() - before) / 1e6


def save(pack: Pack, folder: Path, before: SavedCheckpoint | None) -> SavedCheckpoint:
    """A checkpoint, the one before removed."""
    part = checkpoint.unsaved(pack, 0, before)
    assert part is not None
    saved = checkpoint.save(folder / f"run.0.0.w.{pack.step}.npz", before, *part)
    if before is not None:
        before.remove(saved)
    return saved


def draw_phase(frames: int, size: int, stores: str) -> dict[str, Found]:
    """Microseconds of the processor for a batch of 32 transitions of two stacks each, the stores in
    turns."""
    draws = streams.Draws(streams.keys([0], "batches"), BATCH)
    packs = {s: Learner.start([run(frames, size, s)], [None], "cpu") for s in stores.split(",")}
    times: dict[str, list[float]] = {store: [] for store in packs}
    for pack in packs.values():
        fill(pack, frames)
    for update in range(_DRAWS):
        for store, pack in packs.items():
            begin = time.process_time()
            pack.replay.draw(draws.at(update), 0.0)
            times[store].append(1e6 * (time.process_time() - begin))
    medians = {store: float(np.median(taken[_DRAWS // 10 :])) for store, taken in times.items()}
    return {store: {"draw_us": median} for store, median in medians.items()}


def save_phase(frames: int, size: int, new: int, store: str, folder: str) -> Found:
    """Makes, fills and saves a replay."""
    found: Found = {}
    root = Path(folder)
    with measured(found, "make"):
        pack = Learner.start([run(frames, size, store)], [None], "cpu")
    with measured(found, "fill"):
        fill(pack, frames)
    with measured(found, "first"):
        saved = save(pack, root, None)
    found["first_written_mb"] = sum(file.stat().st_size for file in saved.files) / 1e6
    known = set(saved.files)
    fill(pack, new)
    with measured(found, "next"):
        saved = save(pack, root, saved)
    written = [file for file in saved.files if file not in known]
    found["next_written_mb"] = sum(file.stat().st_size for file in written) / 1e6
    found["segments"] = len(saved.ranges)
    found["held_mb"] = sum(file.stat().st_size for file in root.iterdir()) / 1e6
    return found


def resume_phase(frames: int, size: int, new: int, store: str, folder: str) -> Found:
    """Adopts the newest checkpoint and begins from it."""
    found: Found = {}
    Learner.prepare()
    Learner.start([run(1_000, size, store)], [None], "cpu")  # what torch takes at first
    (file,) = Path(folder).glob("run.0.0.w.*[0-9].npz")
    with measured(found, "resume"):
        loaded = checkpoint.adopt(file, file.with_name(file.name.replace("0.0.w", "0.1.v")))
        states = [loaded.state]
        del loaded
        pack = Learner.start([run(frames, size, store)], states, "cpu")
    assert pack.step == frames + new
    return found


PHASES: dict[str, Callable[..., Any]] = {
    "save": save_phase,
    "resume": resume_phase,
    "draw": draw_phase,
}


def apart(phase: str, *words: object) -> Any:
    """What a phase finds, in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.agents.full_replay", phase, json.dumps(words)]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)


ROWS = {
    "a draw of 32, µs of the processor": ("draw_us", ",.0f"),
    "first checkpoint, MB written": ("first_written_mb", ",.0f"),
    "first checkpoint, s": ("first_s", ".1f"),
    "first checkpoint, s of the processor": ("first_busy", ".1f"),
    "first checkpoint, memory beside the replay, MB": ("first_mb", ",.0f"),
    "next checkpoint, MB written": ("next_written_mb", ",.0f"),
    "next checkpoint, s": ("next_s", ".1f"),
    "next checkpoint, s of the processor": ("next_busy", ".1f"),
    "segments": ("segments", ".0f"),
    "resuming, s": ("resume_s", ".1f"),
    "resuming, s of the processor": ("resume_busy", ".1f"),
    "resuming, memory with the replay, MB": ("resume_mb", ",.0f"),
}


def main() -> None:
    given = dict(word.split("=", 1) for word in sys.argv[1:])
    frames, size = int(given.get("frames", 1_000_000)), int(given.get("size", 42))
    new = int(given.get("new", 100_000))
    stores = given.get("stores", ",".join(STORES))
    drawn = apart("draw", frames // 10, size, stores)
    columns = []
    for store in stores.split(","):
        with tempfile.TemporaryDirectory(dir=given.get("folder", ".")) as folder:
            words = frames, size, new, store, folder
            found = [apart(phase, *words) for phase in ("save", "resume")]
            columns.append(found[0] | found[1] | drawn[store])
    print(
        f"{frames:,} frames of {size} x {size}, {new:,} new ones between checkpoints, "
        f"torch {version('torch')}, {date.today()}\n"
    )
    print(f"| | {stores.replace(',', ' | ')} |\n|---|{'---|' * len(columns)}")
    for what, (name, form) in ROWS.items():
        print(f"| {what} | {' | '.join(format(found[name], form) for found in columns)} |")


if __name__ == "__main__":
    if sys.argv[1:] and sys.argv[1] in PHASES:
        print(json.dumps(PHASES[sys.argv[1]](*json.loads(sys.argv[2]))))
    else:
        main()
