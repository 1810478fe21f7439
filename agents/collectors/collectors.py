"""The learner's side of its collectors: starts them, takes their rounds, replaces the dead."""

from __future__ import annotations

import logging
import pickle
import select
import socket
import subprocess
import sys
import weakref
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from agents import streams
from agents.collecting import PARAMETERS, Collecting
from agents.collectors.collector import DIVERGED, RAISED, ROUND, OwnRun, Setup, named
from agents.collectors.shared import Memory, Parameters, round_type, rounds_in_ring
from agents.contract import Run, State
from agents.replay.buffer import Replay
from agents.replay.frames import stored_row
from agents.shape import Shape

_MOST_BARREN = 5
"""So many processes in a row that die before their first round are no accident."""
_MAIN = (
    "import sys; sys.path[:] = {path!r}; from agents.collectors.collector import main; main({end})"
)
_log = logging.getLogger(__name__)


class Core:
    """One collector: its ring of rounds, and the process that fills it now."""

    def __init__(self, setup: Setup, shape: Shape, envs: int) -> None:
        kind, size = round_type(shape, envs), rounds_in_ring(shape, envs)
        self.memory = Memory(size * kind.itemsize)
        self.ring = np.frombuffer(self.memory.buffer, kind, size)
        self.process: subprocess.Popen[bytes] | None = None
        self.end: socket.socket | None = None
        self.published = self.began = 0
        """Rounds that were handed over, and how many there were before this process."""
        self.said = b""
        """What it said besides rounds."""
        self.barren = 0
        self._owed = 0
        self._setup = replace(setup, ring=self.memory.descriptor)

    def begin(self, taken: int, seed: int) -> None:
        """Starts a process that goes on where the last one left, once `taken` rounds are taken."""
        ours, theirs = socket.socketpair()
        self.began = self.published
        setup = replace(
            self._setup,
            run=replace(self._setup.run, seed=seed),
            begin=self.published,
            room=len(self.ring) - (self.published - taken),
        )
        with theirs:
            given = (theirs.fileno(), setup.ring, setup.parameters)
            code = _MAIN.format(path=setup.path, end=theirs.fileno())
            self.process = subprocess.Popen([sys.executable, "-c", code], pass_fds=given)
        ours.sendall(pickle.dumps(setup))
        ours.setblocking(False)
        self.end, self.said, self._owed = ours, b"", 0

    def hear(self) -> bool:
        """Counts the rounds that were handed over; returns whether the process is alive."""
        while self.end is not None:
            try:
                said = self.end.recv(1 << 16)
            except BlockingIOError:
                return True
            except ConnectionResetError:
                return False
            if not said:
                return False
            rounds = 0 if self.said else len(said) - len(said.lstrip(ROUND))
            self.published += rounds
            self.said += said[rounds:]
        return True

    def allow(self, rounds: int) -> None:
        """Says that so many rounds more of the ring may be written over.

        What finds no room on the way to a collector that stands still is said the next time.
        """
        self._owed += rounds
        try:
            if self.end is not None and self._owed:
                self._owed -= self.end.send(ROUND * self._owed)
        except OSError:  # its buffer is full, or it is dead, which `hear` tells
            return

    def reap(self) -> int:
        """Ends the process, if it has not ended, and returns its exit code."""
        if self.end is not None:
            self.end.close()
            self.end = None
        if self.process is None:
            return 0
        self.process.kill()
        return self.process.wait()


class Collectors:
    """What acts in the place of `Episodes` in a pack of one whose collectors wait for nobody.

    Collector c's environments are c * envs_per_core and on. A round is a step of all environments:
    the replay takes it once every collector has handed its part over, and takes each once.
    """

    def __init__(self, learner: type[Any], run: Run, shape: Shape, tensors: Sequence[Any]) -> None:
        """`tensors` are those that the agent acts with."""
        collecting = Collecting.of(run.params)
        self._envs = collecting.envs
        self._parameters = Parameters(tensors)
        plain = {name: known.default for name, known in PARAMETERS.items()}
        own = {**run.params, **plain, "collect.envs_per_core": collecting.envs_per_core}
        own_run = OwnRun(own, run.task, run.seed, run.steps)
        descriptor = self._parameters.memory.descriptor
        setup = Setup(named(learner), own_run, 0, 0, -1, descriptor, [*sys.path])
        each = collecting.envs_per_core
        self._cores = [Core(setup, shape, each) for _ in range(collecting.cores)]
        self._key = streams.key(run.seed, "collectors")
        self._breaks: set[tuple[int, int]] = set()
        self.broken = np.zeros((1, 1), dtype=bool)
        self.taken = self.env_steps = self.replaced = self._begun = 0
        self._open = np.zeros(self._envs, dtype=bool)
        width, kind = stored_row(shape)
        self._last = np.zeros((self._envs, width), kind)
        self.close = weakref.finalize(self, _end, self._cores, self._parameters)
        """Ends all processes; so does the end of whoever holds this."""

    @property
    def processes(self) -> list[int]:
        """The processes that collect now."""
        return [core.process.pid for core in self._cores if core.process is not None]

    def start(self) -> None:
        """Starts all collectors, at the first round that the replay has not taken."""
        for core in self._cores:
            core.published = self.taken
            self._begin(core)

    def _begin(self, core: Core) -> None:
        core.begin(self.taken, streams.seed(self._key, self._begun))
        self._begun += 1

    def publish(self, tensors: Sequence[Any]) -> None:
        """Hands the agent's tensors to all collectors."""
        self._parameters.write(tensors)

    def take(self, replay: Replay, note: Callable[[float], None]) -> int:
        """Moves all whole rounds into the replay, and tells `note` the returns of their episodes.

        Returns how many there were. Raises RuntimeError with what a collector raised.
        """
        for number, core in enumerate(self._cores):
            if not core.hear():
                self._ended(number, core, replay)
        whole = min(core.published for core in self._cores) - self.taken
        for _ in range(whole):
            self._take_round(replay, note)
        for core in self._cores:
            core.allow(whole)
        return whole

    def _take_round(self, replay: Replay, note: Callable[[float], None]) -> None:
        """Adds one round; an episode whose process died after it was cut there."""
        parts = [core.ring[self.taken % len(core.ring)] for core in self._cores]
        joined = {name: np.concatenate([part[name] for part in parts]) for name in _ARRAYS}
        cut = joined["truncations"] & ~joined["terminals"]
        ended = cut | joined["terminals"]
        for number, part in enumerate(parts):
            if (number, self.taken) in self._breaks:
                self._breaks.remove((number, self.taken))
                envs = slice(number * len(part["rewards"]), (number + 1) * len(part["rewards"]))
                cut[envs] = ~joined["terminals"][envs]
        replay.add_frames(joined["frames"])
        replay.add(joined["actions"], joined["rewards"], joined["terminals"])
        if (apart := replay.apart(joined["terminals"], cut)).size:
            replay.cut(apart, joined["next"])
        self._open, self._last = ~(cut | ended), joined["next"]
        self.env_steps += sum(int(part["env_steps"]) for part in parts)
        self.taken += 1
        for value in joined["returns"][ended].tolist():
            note(value)

    def _ended(self, number: int, core: Core, replay: Replay) -> None:
        """Replaces a collector that was killed; raises what it raised."""
        code = core.reap()
        if core.said.startswith(DIVERGED):
            self.broken[:] = True
            return
        if core.said.startswith(RAISED):
            raise RuntimeError(f"a collector raised:\n{core.said[1:].decode(errors='replace')}")
        core.barren = core.barren + 1 if core.published == core.began else 0
        if core.barren == _MOST_BARREN:
            raise RuntimeError(
                f"collector {number} ended {_MOST_BARREN} times before its first step, the last "
                f"time with exit code {code}"
            )
        self.replaced += 1
        _log.warning("collector %d ended with exit code %d: it is replaced", number, code)
        if core.published > self.taken:
            self._breaks.add((number, core.published - 1))
        else:
            self._cut(replay, np.arange(self._envs) // (self._envs // len(self._cores)) == number)
        self._begin(core)

    def wait(self, timeout_s: float) -> None:
        """Waits until a collector says something, at most so long."""
        ends = [core.end for core in self._cores if core.end is not None]
        select.select(ends, [], [], timeout_s)

    def save(self, row: int) -> State:
        """Returns what has been counted, and where environments stood at the last round taken."""
        counts = [self.taken, self.env_steps, self.replaced, self._begun]
        return {"counts": np.array(counts), "open": self._open.copy(), "last": self._last.copy()}

    def load(self, row: int, state: State) -> None:
        """Puts back what `save` returned, and starts collectors on new episodes."""
        self.taken, self.env_steps, self.replaced, self._begun = state["counts"].tolist()
        self._open, self._last = state["open"], state["last"]
        self.start()

    def cut(self, replay: Replay) -> None:
        """Cuts the episodes that nobody goes on with where a replay was loaded."""
        self._cut(replay, np.ones(self._envs, bool))

    def _cut(self, replay: Replay, envs: np.ndarray) -> None:
        """Cuts the episodes of `envs` at the round taken last, where that did not end them."""
        if (self._open & envs).any():
            replay.cut(np.flatnonzero(self._open & envs), self._last)
        self._open &= ~envs


_ARRAYS = ("frames", "next", "actions", "rewards", "terminals", "truncations", "returns")


def _end(cores: list[Core], parameters: Parameters) -> None:
    for core in cores:
        core.reap()
        core.memory.close()
    parameters.memory.close()
