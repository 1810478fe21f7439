"""A pack that a worker trains, with the runs that are still in it."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from sweeper.trainable.contract import Pack
from sweeper.worker.checkpoints import checkpoint
from sweeper.worker.checkpoints.checkpoint import Part
from sweeper.worker.held_run import HeldRun
from sweeper.worker.process.their_code import theirs
from sweeper.worker.process.watchdog import Watchdog

_SHARE = 10
"""A save is followed by at least so many times its own time without one."""


@dataclass
class LivePack:
    """A pack and the holds of its live members."""

    pack: Pack
    live: dict[int, HeldRun]
    watchdog: Watchdog
    saved: float = field(default_factory=time.monotonic)
    save_s: float = 0.0

    def due(self, every_s: float) -> bool:
        """Whether to save now: after `every_s` seconds, or later where saving takes long."""
        return time.monotonic() - self.saved > max(every_s, _SHARE * self.save_s)

    def drop(self, members: Iterable[int]) -> None:
        """Takes members out of the pack; the others train on."""
        members = list(members)
        for member in members:
            del self.live[member]
        with theirs(self.watchdog):
            self.pack.drop(members)

    def states(self, members: Mapping[int, HeldRun]) -> Iterator[tuple[HeldRun, Part]]:
        """The states of `members` that have one, in turn: together they may be large."""
        for member, hold in members.items():
            with theirs(self.watchdog):
                part = checkpoint.unsaved(self.pack, member, hold.saved)
            if part is not None:
                yield hold, part
