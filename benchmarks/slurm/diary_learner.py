"""DQN that keeps a diary of every pack: how far it got, and what was saved by then.

A line is written after each advance to a file in the folder that SWEEPER_DIARY names, so that it is
known what was trained in vain, whoever was killed. SWEEPER_PAUSE_S slows packs down, so that many
fit on few cores: after each tenth of a second of work so many seconds are slept.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from agents.contract import Report, Run, State
from agents.learners import dqn
from agents.replay.batch import Rows
from agents.training import pack as train
from agents.training.pack import Pack
from sweeper.files import temporary

_SLICE_S = 0.1


class Learner(dqn.Learner):
    """DQN whose packs keep a diary."""

    @classmethod
    def start(  # type: ignore[override]
        cls, runs: Sequence[Run], states: Sequence[State | None], device: str
    ) -> Noted:
        """Trains `runs` as one pack."""
        return Noted(super().start(runs, states, device))


class Noted:
    """A pack that keeps a diary."""

    def __init__(self, pack: Pack) -> None:
        self._pack = pack
        self._file = Path(os.environ["SWEEPER_DIARY"]) / temporary.process()
        self._pause_s = float(os.environ.get("SWEEPER_PAUSE_S", "0"))
        if self._pause_s:
            train.SECONDS = _SLICE_S
        self._saving = self._saved = pack.step
        self._note()

    @property
    def step(self) -> int:
        """Steps that all members have done."""
        return self._pack.step

    @property
    def progress(self) -> int:
        """Grows while work is done."""
        return self._pack.progress

    def advance(self) -> list[Report]:
        """Trains for a moment. What was to be saved before is saved by now."""
        self._saved = self._saving
        reports = self._pack.advance()
        self._note()
        time.sleep(self._pause_s)
        return reports

    def save(self, member: int) -> State:
        """A member's state."""
        return self._pack.save(member)

    def save_since(self, member: int, row: int) -> tuple[State, Rows]:
        """A member's state, and the rows of its replay from `row` on."""
        self._saving = self._pack.step
        return self._pack.save_since(member, row)

    def weights(self, member: int) -> State:
        """What a member acts with."""
        return self._pack.weights(member)

    def drop(self, members: Iterable[int]) -> None:
        """Gives members up, whose states were saved or whose runs have ended."""
        self._pack.drop(members)
        self._saved = self._saving
        self._note()

    def _note(self) -> None:
        line = f"{time.monotonic()} {self._pack.step} {len(self._pack.members)} {self._saved}\n"
        with self._file.open("a") as file:
            file.write(line)


@dataclass(frozen=True)
class Repeated:
    """What was trained more than once in a sweep."""

    packs: int
    longest_s: float
    """The time that the longest-lived pack trained."""
    steps: int
    """Steps of all members that were trained again."""
    worst_s: float
    """The most that one pack had trained since what was saved of it, when it was interrupted."""
    interval_s: float
    """The longest time between two saves of a pack."""

    def __str__(self) -> str:
        if not self.packs:
            return "–"
        return (
            f"{self.steps:,} steps; at most {self.worst_s:.1f} s at a time, where up to "
            f"{self.interval_s:.1f} s lay between checkpoints"
        )


def repeated(folder: Path, needed: int, steps: int) -> Repeated:
    """Reads all diaries in `folder`, of runs of so many `steps`; `needed` is their sum."""
    packs = [list(_read(file)) for file in folder.iterdir()]
    trained = 0
    for lines in packs:
        for (_, before, members, _), (_, after, _, _) in pairwise(lines):
            trained += members * (after - before)
    longest = max((lines[-1][0] - lines[0][0] for lines in packs), default=0.0)
    worst = max((_in_vain_s(lines, steps) for lines in packs), default=0.0)
    interval = max((_interval_s(lines) for lines in packs), default=0.0)
    return Repeated(len(packs), longest, trained - needed, worst, interval)


Entry = tuple[float, int, int, int]


def _read(file: Path) -> Iterator[Entry]:
    for line in file.read_text().splitlines():
        words = line.split()
        if len(words) == 4:
            yield float(words[0]), *(int(word) for word in words[1:])  # type: ignore[misc]


def _in_vain_s(lines: Sequence[Entry], steps: int) -> float:
    """How long a pack that did not come to its end had trained since what was saved of it."""
    end, step, members, saved = lines[-1]
    if step == steps or not members:
        return 0.0
    return end - max(at for at, reached, _, _ in lines if reached <= saved)


def _interval_s(lines: Sequence[Entry]) -> float:
    """The longest time in which nothing new was saved."""
    first = {saved: at for at, _, _, saved in reversed(lines)}
    times = sorted([*first.values(), lines[-1][0]])
    return max((after - before for before, after in pairwise(times)), default=0.0)
