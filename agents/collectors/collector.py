"""A collector: acts in its environments with the latest parameters, and hands rounds over.

It tells the learner of each whole round by a byte, after the round lies in shared memory, and is
told of each that was taken likewise. When the learner's end closes, for whatever reason, it leaves.
"""

from __future__ import annotations

import functools
import importlib
import pickle
import signal
import socket
import sys
import time
import traceback
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from agents import lookup, streams
from agents.collectors.shared import Memory, Parameters, round_type, rounds_in_ring
from agents.envs import tasks
from agents.envs.settings import Settings
from agents.replay.frames import encoded
from agents.shape import Shape
from agents.training.episodes import Episodes

ROUND, DIVERGED, RAISED = b".", b"~", b"!"
"""What a collector says: a round is whole; a simulation diverged; it raised, and what."""

_PATIENCE_S = 0.001


@dataclass(frozen=True)
class OwnRun:
    """The run of a collector: the agent's, with a seed and a number of environments of its own."""

    params: dict[str, Any]
    task: str
    seed: int
    steps: int
    evaluation: None = None


@dataclass(frozen=True)
class Setup:
    """What a collector is told at its beginning.

    `begin` is the number of its first round, and `room` for how many the ring has place.
    """

    learner: tuple[str, str, str]
    run: OwnRun
    begin: int
    room: int
    ring: int
    parameters: int
    path: list[str] = field(default_factory=list)


def named(learner: type[Any]) -> tuple[str, str, str]:
    """Returns a class's module, that one's file, and its name there."""
    module = importlib.import_module(learner.__module__)
    return module.__name__, str(module.__file__), learner.__qualname__


def found(name: tuple[str, str, str]) -> Any:
    """Returns the class that `named` names, in another process."""
    module, file, qualified = name
    ours = module.partition(".")[0] == __name__.partition(".")[0]
    holding = importlib.import_module(module) if ours else lookup.import_file(Path(file))
    return functools.reduce(getattr, qualified.split("."), holding)


class Link:
    """A collector's end of its connection: how many rounds the ring has place for."""

    def __init__(self, end: socket.socket, room: int) -> None:
        self.end, self._room = end, room

    def await_room(self) -> None:
        """Waits until there is place for a round; raises EOFError where the learner is gone."""
        self._hear(0 if self._room == 0 else socket.MSG_DONTWAIT)

    def hear(self) -> None:
        """Takes in what has been said; raises EOFError where the learner is gone."""
        self._hear(socket.MSG_DONTWAIT)

    def _hear(self, flags: int) -> None:
        try:
            said = self.end.recv(4096, flags)
        except BlockingIOError:
            return
        if not said:
            raise EOFError
        self._room += len(said)

    def publish(self) -> None:
        """Says that the next round is whole."""
        self.end.sendall(ROUND)
        self._room -= 1


class Collector:
    """The environments of one core, and the agent that acts in them."""

    def __init__(self, setup: Setup, link: Link) -> None:
        import torch

        torch.set_num_threads(1)
        run = setup.run
        settings = Settings.of(run.params)
        self._shape: Shape = tasks.shape(run.task, settings)
        self._envs: int = run.params["collect.envs_per_core"]
        self._agent = found(setup.learner)([run], self._shape, "cpu")
        self._tensors = [tensor for _, tensor, _ in self._agent.acting()]
        self._parameters = Parameters(self._tensors, setup.parameters)
        kind = round_type(self._shape, self._envs)
        size = rounds_in_ring(self._shape, self._envs)
        memory = Memory(size * kind.itemsize, setup.ring)
        self._ring = np.frombuffer(memory.buffer, kind, size)
        keys = streams.keys([run.seed], "episodes")
        self._episodes = Episodes([run.task], keys, self._envs, settings=settings)
        self._counts = settings.counts_steps
        self._link, self._round = link, setup.begin
        self._warmup: int = run.params["warmup_steps"]

    def collect(self) -> None:
        """Collects rounds until a simulation diverges; raises EOFError once the learner is gone."""
        self._episodes.start()
        while not self._episodes.broken.any():
            self._link.await_room()
            self._refresh()
            self._collect_round(self._ring[self._round % len(self._ring)])
            if not self._episodes.broken.any():
                self._link.publish()
                self._round += 1
        self._link.end.sendall(DIVERGED)

    def _refresh(self) -> None:
        """Reads the latest parameters; the warm-up needs none.

        Raises EOFError where the learner is gone, perhaps in the middle of writing some.
        """
        while not self._parameters.read(self._tensors) and self._round >= self._warmup:
            self._link.hear()
            time.sleep(_PATIENCE_S)

    def _collect_round(self, into: Any) -> None:
        """Acts once in every environment, and writes what came of it."""
        episodes = self._episodes
        seen, before = episodes.observations, int(episodes.taken.sum())
        into["frames"] = encoded(seen[0], self._shape)
        actions = self._agent.act(seen, self._round)
        rewards, terminals, truncations = episodes.step(actions)
        ended = (terminals | truncations)[0]
        into["next"] = encoded(seen[0], self._shape)
        into["actions"], into["rewards"] = actions[0], rewards[0]
        into["terminals"], into["truncations"] = terminals[0], truncations[0]
        into["returns"] = np.where(ended, episodes.returns[0], np.nan)
        into["env_steps"] = int(episodes.taken.sum()) - before if self._counts else self._envs
        for env in np.flatnonzero(ended).tolist():
            episodes.restart(0, env)


def main(descriptor: int) -> None:
    """Collects as the learner at the other end of the socket `descriptor` says."""
    for number in (signal.SIGINT, signal.SIGTERM):  # meant for the worker, which ends its end
        signal.signal(number, signal.SIG_IGN)
    serve(socket.socket(fileno=descriptor))


def serve(end: socket.socket) -> None:
    """Reads the setup from a socket; collects until the other end closes or something raises."""
    with end, end.makefile("rb") as stream:
        try:
            setup: Setup = pickle.load(stream)
            sys.path[:] = setup.path
            Collector(setup, Link(end, setup.room)).collect()
        except (EOFError, BrokenPipeError, ConnectionResetError):
            return
        except Exception:
            with suppress(OSError):
                end.sendall(RAISED + traceback.format_exc().encode())
