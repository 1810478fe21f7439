"""Rounds reach the replay once and in order, whoever is killed; nothing is left behind."""

from __future__ import annotations

import os
import pickle
import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from agents import lookup
from agents.collectors import collector
from agents.collectors.collectors import Collectors
from agents.collectors.shared import Memory, Parameters, round_type, rounds_in_ring
from agents.replay.buffer import Replay
from agents.shape import Shape
from tests.helpers.paths import ROOT

COUNTED = str(ROOT / "tests/helpers/counted_env.py:Counted")
SAC = lookup.find("learners", "sac")
ENVS = 3


def run(task="counted", steps=60, cores=1, **given):
    small = {"actor.units": 8, "critic.units": 8, "batch_size": 8, "replay.capacity": 30_000}
    collect = {
        "collect.cores": cores,
        "collect.envs_per_core": ENVS,
        "collect.env_steps_per_update": "async",
    }
    params = SAC.complete({**small, **collect, "warmup_steps": 20, **given})
    name = f"{COUNTED}/{task}"
    SAC.check(params, f"{COUNTED}/counted")
    evaluation = SimpleNamespace(every=steps, episodes=1, steps=None, cap=5)
    return SimpleNamespace(params=params, task=name, seed=1, steps=steps, evaluation=evaluation)


def check_streams(replay: Replay, envs: int) -> int:
    """Every stream is whole: each step follows the one before it, or begins an episode.

    No step of an episode is there twice. Returns how many there are.
    """
    frames = replay.save(0)["frames"].reshape(replay.count, envs, 3)
    outcomes = replay.save(0)["outcomes"].reshape(replay.count, envs, -1)
    cuts = replay.save_truncations(0)
    cut = np.zeros((replay.count, envs), bool)
    cut[divmod(cuts["steps"], envs)] = True
    following = np.full_like(frames, -1)
    following[divmod(cuts["steps"], envs)] = cuts["frames"]
    ended = cut | (outcomes[..., 1] == 0)
    episode, step, length = np.moveaxis(frames, -1, 0)
    assert np.array_equal(outcomes[..., 0], step + 1)
    assert np.array_equal(episode[1:][~ended[:-1]], episode[:-1][~ended[:-1]])
    assert np.array_equal(step[1:][~ended[:-1]], step[:-1][~ended[:-1]] + 1)
    assert (step[1:][ended[:-1]] == 0).all() and (step[0] == 0).all()
    assert np.array_equal(following[cut], np.stack((episode, step + 1, length), -1)[cut])
    assert ended[step + 1 == length].all()
    taken = np.stack((episode.ravel(), step.ravel()), -1)
    assert len(np.unique(taken, axis=0)) == len(taken)
    return len(taken)


def until(true, seconds=60.0):
    """Waits until something is true."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "nothing came of it"
        time.sleep(0.01)


def gone(pid: int) -> bool:
    """Whether there is no process, not even one that nobody has waited for."""
    return not Path(f"/proc/{pid}").exists() if Path("/proc").exists() else _silent(pid)


def _silent(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def trained(pack, rounds: int) -> None:
    """Trains on until the replay has taken so many more rounds, slowly while none comes."""
    goal = pack.replay.count + rounds
    end = time.monotonic() + 60
    while (before := pack.replay.count) < goal:
        assert time.monotonic() < end
        pack.train(pack.step + 1, time.monotonic() + 0.1)
        if pack.replay.count == before:
            time.sleep(0.02)


def test_a_run_whose_collectors_are_killed_loses_and_repeats_nothing(caplog):
    """And goes on from a checkpoint with new episodes."""
    one = run(steps=10**6)
    pack = SAC.start([one], [None], "cpu")
    began = []
    for kills in (1, 2):
        trained(pack, 30)
        began += pack.episodes.processes
        os.kill(began[-1], signal.SIGKILL)
        while pack.episodes.replaced < kills:
            trained(pack, 1)
    trained(pack, 30)
    began += pack.episodes.processes
    assert len(set(began)) == 3 and pack.episodes.replaced == 2
    assert check_streams(pack.replay, ENVS) == pack.episodes.env_steps == ENVS * pack.replay.count
    assert pack.learner.counters["updates"] == pack.step - 19
    found = pack._metrics(0, {})
    assert found["collectors_replaced"] == 2 and found["env_steps"] == pack.episodes.env_steps
    assert np.isfinite(found["train_return"])
    state = pack.save(0)
    pack.drop([0])
    assert all(map(gone, began))
    again = SAC.start([one], [{**state}], "cpu")
    assert again.step == pack.step and again.replay.count == int(state["rounds"])
    trained(again, 20)
    check_streams(again.replay, ENVS)
    kept = again.replay.save(0)["frames"][: len(state["replay.frames"])]
    assert np.array_equal(kept, state["replay.frames"])
    last = again.episodes.processes
    del again
    until(lambda: all(map(gone, last)))
    assert "ended with exit code -9: it is replaced" in caplog.text


LEARNER = """
import pickle, sys, time
from agents import lookup
from types import SimpleNamespace
run = SimpleNamespace(**pickle.loads(bytes.fromhex(sys.argv[1])))
run.evaluation = SimpleNamespace(every=10**9, episodes=1, steps=None, cap=5)
pack = lookup.find("learners", "sac").start([run], [None], "cpu")
while pack.replay.count < 5:
    pack.train(pack.step + 1, time.monotonic() + 0.1)
print(*pack.episodes.processes, flush=True)
while True:
    pack.train(pack.step + 1, time.monotonic() + 0.1)
"""


def test_no_collector_outlives_its_learner():
    given = {n: v for n, v in vars(run(steps=10**9)).items() if n != "evaluation"}
    words = [sys.executable, "-c", LEARNER, pickle.dumps(given).hex()]
    before = set(os.listdir("/dev/shm")) if Path("/dev/shm").exists() else set()
    with subprocess.Popen(words, stdout=subprocess.PIPE, cwd=ROOT, text=True) as learner:
        collectors = [int(pid) for pid in learner.stdout.readline().split()]
        assert len(collectors) == 1 and not gone(collectors[0])
        learner.kill()
    until(lambda: all(map(gone, collectors)))
    if before:
        assert set(os.listdir("/dev/shm")) <= before


SHAPE = Shape((3,), "float32", 2, continuous=True)


class Hands:
    """Collectors whose rounds are written by hand: two cores of three environments."""

    def __init__(self) -> None:
        """The ends that collectors would have are its own."""
        self.made = Collectors(SAC, run(cores=2), SHAPE, [torch.zeros(2)])
        self.replay = Replay(SHAPE, 1, 50, "cpu", 2 * ENVS)
        self.returns, self.ends = [], []
        for core in self.made._cores:
            core.end, theirs = socket.socketpair()
            core.end.setblocking(False)
            self.ends.append(theirs)

    def write(self, core: int, number: int, said: bytes = b".", **given) -> None:
        """Writes round `number`, whose frames tell it, and says something."""
        rounds = self.made._cores[core].ring
        part = rounds[number % len(rounds)]
        part["frames"], part["next"] = number, number + 1
        part["rewards"], part["returns"] = 10 * number + core, np.nan
        part["actions"] = part["terminals"] = part["truncations"] = 0
        part["env_steps"] = ENVS
        for name, value in given.items():
            part[name] = value
        self.ends[core].sendall(said)

    def take(self) -> int:
        return self.made.take(self.replay, self.returns.append)


@pytest.fixture
def hands():
    made = Hands()
    yield made
    made.made.close()
    for end in made.ends:
        end.close()


def test_a_round_is_taken_once_all_have_said_that_theirs_is_whole(hands):
    hands.write(0, 0)
    hands.write(0, 1)
    hands.write(1, 0, b"")
    assert hands.take() == 0
    hands.ends[1].sendall(b".")
    assert hands.take() == 1 and hands.take() == 0
    hands.write(1, 1)
    hands.write(1, 2)
    assert hands.take() == 1
    stored = hands.replay.save(0)
    assert stored["frames"].tolist() == [[0.0] * 18, [1.0] * 18]
    assert stored["outcomes"].reshape(2, 6, 4)[1, :, 0].tolist() == [10.0] * 3 + [11.0] * 3
    assert hands.made.env_steps == 12
    assert [end.recv(100) for end in hands.ends] == [b".."] * 2


def test_ends_of_episodes_are_noted_with_their_returns(hands):
    ended = np.array([True, False, False])
    hands.write(0, 0, terminals=ended, returns=np.where(ended, 7.0, np.nan))
    cut = np.array([True, False, True])
    hands.write(1, 0, terminals=ended, truncations=cut, returns=np.where(cut, 8.0, np.nan))
    assert hands.take() == 1 and hands.returns == [7.0, 8.0, 8.0]
    assert hands.replay.save_truncations(0)["steps"].tolist() == [5]
    assert hands.made.save(0)["open"].tolist() == [False, True, True, False, True, False]


def test_what_a_collector_raised_ends_the_run(hands):
    hands.write(0, 0, b".!KeyError: ")
    hands.ends[0].sendall(b"a mistake...")
    hands.ends[0].close()
    with pytest.raises(RuntimeError, match=r"a collector raised:\nKeyError: a mistake\.\.\."):
        hands.take()


def test_what_was_handed_over_before_its_collector_died_is_taken_and_cut_there(hands, monkeypatch):
    """Of the rounds 0 to 2 of a collector that then died, round 2 waits for the other's."""
    monkeypatch.setattr(hands.made, "_begin", lambda core: setattr(core, "end", again[0]))
    again = socket.socketpair()
    again[0].setblocking(False)
    for number in range(3):
        hands.write(0, number)
    hands.write(1, 0)
    hands.write(1, 1)
    hands.ends[0].close()
    assert hands.take() == 2
    hands.write(1, 2)
    assert hands.take() == 1
    assert hands.replay.save_truncations(0)["steps"].tolist() == [12, 13, 14]
    assert hands.replay.save_truncations(0)["frames"].tolist() == [[3.0] * 3] * 3
    again[1].close()
    assert hands.made.save(0)["open"].tolist() == [False] * 3 + [True] * 3
    assert hands.made.replaced == 1


def test_a_collector_that_dies_with_nothing_left_to_take_is_cut_at_once(hands, monkeypatch):
    monkeypatch.setattr(hands.made, "_begin", lambda core: None)
    hands.write(0, 0)
    hands.write(1, 0)
    assert hands.take() == 1
    hands.ends[1].close()
    assert hands.take() == 0
    assert hands.replay.save_truncations(0)["steps"].tolist() == [3, 4, 5]


def test_one_that_never_gets_as_far_as_a_step_is_no_accident(hands, monkeypatch):
    def begin(core):
        core.end, theirs = socket.socketpair()
        core.end.setblocking(False)
        core.began = core.published
        theirs.close()

    monkeypatch.setattr(hands.made, "_begin", begin)
    hands.ends[0].close()
    with pytest.raises(RuntimeError, match="collector 0 ended 5 times before its first step"):
        for _ in range(6):
            hands.take()
    assert hands.made.replaced == 4


def test_a_simulation_that_diverged_is_told(hands):
    hands.ends[1].sendall(b"~")
    hands.ends[1].close()
    hands.take()
    assert hands.made.broken.all()
    hands.made.wait(0.01)
    hands.write(0, 0)
    assert hands.take() == 0 and hands.made.replaced == 0


@pytest.fixture
def served():
    """Begins a collector in a thread, and returns the learner's end and that thread."""
    ends = []

    def served(task: str, room: int, begin: int = 0):
        tensors = [tensor for _, tensor, _ in SAC([run()], SHAPE, "cpu").acting()]
        made = Collectors(SAC, run(task), SHAPE, tensors)
        setup = replace(made._cores[0]._setup, room=room, begin=begin)
        ours, theirs = socket.socketpair()
        ends.append(ours)
        copies = {name: os.dup(getattr(setup, name)) for name in ("ring", "parameters")}
        thread = threading.Thread(target=collector.serve, args=(theirs,))
        ours.settimeout(60)
        ours.sendall(pickle.dumps(replace(setup, **copies)))
        thread.start()
        return ours, thread

    yield served
    for end in ends:
        end.close()


def test_a_collector_stays_within_its_ring_and_leaves_with_its_learner(served):
    ours, thread = served("counted", 3)
    said = b""
    while len(said) < 3:
        said += ours.recv(100)
    ours.settimeout(0.2)
    with pytest.raises(TimeoutError):
        ours.recv(100)
    ours.settimeout(60)
    ours.sendall(b".")
    assert said == b"..." and ours.recv(100) == b"."
    ours.close()
    thread.join(60)
    assert not thread.is_alive()


@pytest.mark.parametrize(
    ("task", "said"), [("raises", b"KeyError: 'a mistake of its own'"), ("breaks", b"..~")]
)
def test_a_collector_tells_why_it_cannot_go_on(task, said, served):
    ours, thread = served(task, 10)
    thread.join(60)
    heard = b""
    while part := ours.recv(4096):
        heard += part
    assert heard.startswith(b"..") and said in heard


def test_a_collector_that_waits_for_parameters_leaves_with_its_learner(served):
    """These never come: its learner was killed before it wrote any, or in the middle of it."""
    ours, thread = served("counted", 3, begin=20)
    ours.settimeout(0.2)
    with pytest.raises(TimeoutError):
        ours.recv(1)
    ours.close()
    thread.join(60)
    assert not thread.is_alive()


def test_room_that_finds_no_way_to_a_collector_is_told_later():
    """One that stands still while its rounds are taken one by one."""
    tensors = [tensor for _, tensor, _ in SAC([run()], SHAPE, "cpu").acting()]
    made = Collectors(SAC, run(), SHAPE, tensors)
    core = made._cores[0]
    core.end, theirs = socket.socketpair()
    core.end.setblocking(False)
    for _ in range(3000):
        core.allow(1)
    assert core._owed
    theirs.setblocking(False)
    said = b""
    while core._owed or len(said) < 3000:
        said += theirs.recv(1 << 16)
        core.allow(0)
    assert said == b"." * 3000
    theirs.close()
    made.close()


def test_tensors_are_read_whole_or_not_at_all():
    tensors = [torch.arange(5.0), torch.ones(2, 3)]
    writer = Parameters(tensors)
    blank = [torch.zeros(5), torch.zeros(2, 3)]
    reader = Parameters(blank, os.dup(writer.memory.descriptor))
    assert not reader.read(blank)
    writer.write(tensors)
    assert reader.read(blank) and torch.equal(blank[0], tensors[0])
    assert reader.read(blank)
    writer._count[0] += 1  # somebody is writing
    assert not reader.read(blank)
    writer._count[0] += 1
    writer.write([2 * tensor for tensor in tensors])
    assert reader.read(blank) and torch.equal(blank[1], 2 * tensors[1])


def test_a_ring_is_as_long_as_its_memory_allows():
    assert rounds_in_ring(SHAPE, 3) == 1024
    images = Shape((84, 84, 9), "uint8", 6, continuous=True, stack=3)
    rounds = rounds_in_ring(images, 32)
    assert rounds >= 4 and rounds * round_type(images, 32).itemsize <= 32_000_000
    assert round_type(images, 2)["frames"].shape == (2, 84 * 84 * 3)


def test_shared_memory_has_no_name():
    memory = Memory(4096)
    memory.buffer[:3] = b"abc"
    again = Memory(4096, os.dup(memory.descriptor))
    assert again.buffer[:3] == b"abc"
    memory.close()
    assert again.buffer[:3] == b"abc"
