"""What a save costs: all of a DQN's replay each time, against a segment with what is new in it.

    python -m benchmarks.agents.checkpoints [replay=100000] [members=4] [steps=34000] [folder=.]

The replay is full; `steps` environment steps lie between two saves (30 s of training on one core).
Prints the rows for docs/measured/memory.md: bytes written and seconds for a save of all members,
fsync included.
"""

from __future__ import annotations

import sys
import tempfile
import time
from datetime import date
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace

from agents.learners.dqn import Learner
from agents.training.pack import Pack
from sweeper.worker.checkpoints import checkpoint
from sweeper.worker.checkpoints.checkpoint import SavedCheckpoint

REPEATS = 5


def filled(replay: int, members: int) -> Pack:
    """A pack of small networks (16 / 128) that has filled its replay without learning."""
    params = Learner.complete({"warmup_steps": 10**9, "replay.capacity": replay})
    schedule = SimpleNamespace(every=10**9, episodes=1, steps=None, cap=1)
    runs = [
        SimpleNamespace(
            params=params, task="minatar/breakout", seed=s, steps=10**9, evaluation=schedule
        )
        for s in range(members)
    ]
    pack = Learner.start(runs, [None] * members, "cpu")
    pack.train(replay + 1)
    return pack


def whole(pack: Pack, folder: Path) -> None:
    """A save of everything."""
    for member in pack.members:
        file = folder / f"{member}.0.0.w.{pack.step}.npz"
        checkpoint.save(file, None, pack.save(member), None)


def pieces(
    pack: Pack, folder: Path, before: list[SavedCheckpoint | None]
) -> list[SavedCheckpoint | None]:
    """A save of the small state and of what is new in the replay."""
    saved: list[SavedCheckpoint | None] = []
    for member, old in zip(pack.members, before, strict=True):
        part = checkpoint.unsaved(pack, member, old)
        assert part is not None
        file = folder / f"{member}.0.0.w.{pack.step}.npz"
        saved.append(checkpoint.save(file, old, *part))
    return saved


def size(folder: Path) -> int:
    """Bytes of all files in `folder`."""
    return sum(file.stat().st_size for file in folder.iterdir())


def measure(replay: int, members: int, steps: int, root: Path) -> list[tuple[str, float, float]]:
    """(what, bytes, seconds) of a save, the least of five times."""
    pack = filled(replay, members)
    everything, segments = root / "whole", root / "segments"
    everything.mkdir()
    segments.mkdir()
    before = pieces(pack, segments, [None] * members)
    found: dict[str, list[tuple[float, float]]] = {"whole replay": [], "segments": []}
    for _ in range(REPEATS):
        pack.train(pack.step + steps)
        for file in everything.iterdir():
            file.unlink()
        begin = time.monotonic()
        whole(pack, everything)
        found["whole replay"].append((size(everything), time.monotonic() - begin))
        held, begin = size(segments), time.monotonic()
        after = pieces(pack, segments, before)
        found["segments"].append((size(segments) - held, time.monotonic() - begin))
        for old, new in zip(before, after, strict=True):
            if old is not None:
                old.remove(new)
        before = after
    return [(what, *map(min, zip(*rows, strict=True))) for what, rows in found.items()]


def main() -> None:
    given = dict(word.split("=", 1) for word in sys.argv[1:])
    replay, members = int(given.get("replay", 100_000)), int(given.get("members", 4))
    steps = int(given.get("steps", 34_000))
    print(
        f"DQN on breakout, replay {replay:,}, P = {members}, {steps:,} steps between saves, "
        f"torch {version('torch')}, {date.today()}\n"
    )
    print("| a save of all members | MB written | seconds |\n|---|---|---|")
    with tempfile.TemporaryDirectory(dir=given.get("folder", ".")) as folder:
        for what, bytes_written, seconds in measure(replay, members, steps, Path(folder)):
            print(f"| {what} | {bytes_written / 1e6:.1f} | {seconds:.3f} |")


if __name__ == "__main__":
    main()
