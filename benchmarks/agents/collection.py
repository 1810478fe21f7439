"""Environment steps per second of collectors, beside one environment and vector environments.

    pip install envpool     # optional; left out of the table where missing
    python -m benchmarks.agents.collection [rounds=5] [task=mujoco/Ant-v5] [cores=2] [envs=32]
    python -m benchmarks.agents.collection kills=20

`one environment` is an agent as it trains by default, without its updates; `collectors` are the
processes of `collect.env_steps_per_update: async`, whose rounds go into a replay. Both act with
SAC's actor of two layers of 256 units; those that draw actions at random say so. Gymnasium's
`SyncVectorEnv` and `AsyncVectorEnv` and envpool act at random in as many environments, and store
nothing; `mujoco.rollout` steps their physics alone, without rewards, ends and observations. Rates
are of wall-clock time in the best of some slices, taken in turns, as the machine may be shared; the
ratio of steps per update is that of a run that also learns. With `kills` collectors of a run on a
small task are killed so many times, and what came of it is printed.
"""

from __future__ import annotations

import importlib.util
import os
import random
import signal
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from functools import partial
from importlib.metadata import version
from types import SimpleNamespace
from typing import Any

import numpy as np

from agents import lookup
from agents.training.pack import Pack

SLICE_S = 1.0
SMALL = "navigation/5"
NEVER = 10**9

Play = Callable[[float], int]
"""Takes environment steps until a time of `time.perf_counter`; returns how many."""


def pack(task: str, cores: int, envs: int, warmup: int, **given: Any) -> Pack:
    """A pack of one SAC agent; with several environments collectors act in them."""
    sac = lookup.find("learners", "sac")
    collect = {"collect.cores": cores, "collect.envs_per_core": envs}
    if cores * envs > 1:
        collect["collect.env_steps_per_update"] = "async"
    params = sac.complete({**collect, "warmup_steps": warmup, "replay.capacity": 200_000, **given})
    sac.check(params, task)
    schedule = SimpleNamespace(every=NEVER, episodes=1, steps=None, cap=1)
    run = SimpleNamespace(params=params, task=task, seed=0, steps=NEVER, evaluation=schedule)
    return sac.start([run], [None], "cpu")


def one(task: str, warmup: int) -> Play:
    """The agent alone with one environment; it never learns."""
    made = pack(task, 1, 1, warmup)
    made.learner.learn = lambda *_: None  # type: ignore[method-assign]

    def play(until: float) -> int:
        begin = made.step
        while time.perf_counter() < until:
            made.train(made.step + 16)
        return made.step - begin

    return play


@contextmanager
def collecting(task: str, cores: int, envs: int, warmup: int) -> Iterator[Play]:
    """Collectors whose rounds go into a replay; nobody learns."""
    made = pack(task, cores, envs, warmup)
    collectors = made.episodes
    collectors.publish(made._acting())  # type: ignore[attr-defined]

    def play(until: float) -> int:
        begin = collectors.env_steps
        while time.perf_counter() < until:
            collectors.take(made.replay, lambda _: None)
            collectors.wait(0.01)
        return int(collectors.env_steps - begin)

    while made.replay.count < 20:
        play(time.perf_counter() + 0.1)
    yield play
    made.drop([0])


def stepped(made: Any, actions: np.ndarray, until: float) -> int:
    """Steps a vector environment by `actions` [n, envs, ...] in turn; returns the steps of all."""
    rounds = 0
    while time.perf_counter() < until:
        made.step(actions[rounds % len(actions)])
        rounds += 1
    return rounds * actions.shape[1]


@contextmanager
def vector(kind: str, task: str, envs: int) -> Iterator[Play]:
    """Gymnasium's vector environments, with random actions."""
    import gymnasium

    name = task.partition("/")[2]
    made = gymnasium.make_vec(name, num_envs=envs, vectorization_mode=kind)
    made.reset(seed=0)
    actions = np.stack([made.action_space.sample() for _ in range(16)])

    yield partial(stepped, made, actions)
    made.close()


@contextmanager
def pooled(task: str, envs: int, threads: int) -> Iterator[Play]:
    """envpool with as many threads as there are collectors, and random actions."""
    import envpool

    name = task.partition("/")[2]
    made = envpool.make(name, env_type="gymnasium", num_envs=envs, num_threads=threads)
    made.reset()
    space = made.action_space
    size = (16, envs, *space.shape)
    actions = np.random.default_rng(0).uniform(space.low, space.high, size)

    yield partial(stepped, made, actions)
    made.close()


@contextmanager
def rolled(task: str, envs: int, threads: int) -> Iterator[Play]:
    """`mujoco.rollout` of a Gymnasium task's physics, a step of the environment at a time."""
    import gymnasium
    import mujoco
    from mujoco import rollout

    env: Any = gymnasium.make(task.partition("/")[2]).unwrapped
    env.reset(seed=0)
    kind = mujoco.mjtState.mjSTATE_FULLPHYSICS
    start = np.empty(mujoco.mj_stateSize(env.model, kind))
    mujoco.mj_getState(env.model, env.data, start, kind)
    data = [mujoco.MjData(env.model) for _ in range(threads)]
    low, high = env.model.actuator_ctrlrange.T
    size = (16, envs, 1, env.model.nu)
    actions = np.random.default_rng(0).uniform(low, high, size).repeat(env.frame_skip, axis=2)
    states = np.repeat(start[None], envs, axis=0)

    def play(until: float) -> int:
        nonlocal states
        rounds = 0
        while time.perf_counter() < until:
            passed, _ = pool.rollout(env.model, data, states, actions[rounds % len(actions)])
            states, rounds = passed[:, -1].copy(), rounds + 1
        return rounds * envs

    with rollout.Rollout(nthread=threads) as pool:
        yield play


@contextmanager
def alone(task: str, warmup: int) -> Iterator[Play]:
    """`one`, as the others are had."""
    yield one(task, warmup)


def ways(task: str, cores: int, envs: int) -> dict[str, Any]:
    """What is measured, by name."""
    count = cores * envs
    of = f"{cores} × {envs}"
    found: dict[str, Any] = {
        "one environment": lambda: alone(task, 2),
        "one environment, random actions": lambda: alone(task, NEVER),
        f"collectors, {of}": lambda: collecting(task, cores, envs, 2),
        f"collectors, {of}, random actions": lambda: collecting(task, cores, envs, NEVER),
        f"SyncVectorEnv, {count}": lambda: vector("sync", task, count),
        f"AsyncVectorEnv, {count} processes": lambda: vector("async", task, count),
    }
    if task.startswith("mujoco/"):
        physics = f"mujoco.rollout, {count}, {cores} threads, physics alone"
        found[physics] = lambda: rolled(task, count, cores)
    if importlib.util.find_spec("envpool") is not None:
        found[f"envpool, {count}, {cores} threads"] = lambda: pooled(task, count, cores)
    return found


def rates(task: str, cores: int, envs: int, rounds: int) -> dict[str, float]:
    """Environment steps per second of each way, the best of some slices in `rounds` turns.

    One way is there at a time: collectors work whether they are asked or not.
    """
    found: dict[str, float] = {}
    for _ in range(rounds):
        for name, way in ways(task, cores, envs).items():
            with way() as play:
                play(time.perf_counter() + SLICE_S)
                for _ in range(2):
                    begin = time.perf_counter()
                    taken = play(begin + SLICE_S)
                    rate = taken / (time.perf_counter() - begin)
                    found[name] = max(found.get(name, 0.0), rate)
    return found


def learning(task: str, cores: int, envs: int, seconds: float) -> dict[str, float]:
    """What a run that learns reports after some seconds of updates."""
    made = pack(task, cores, envs, 100)
    while made.learner.counters["updates"] == 0:
        made.train(made.step + 1, time.monotonic() + 1.0)
    before, begin = made._metrics(0, {}), time.monotonic()
    made.train(NEVER, begin + seconds)
    after, taken = made._metrics(0, {}), time.monotonic() - begin
    made.drop([0])
    steps, updates = (after[name] - before[name] for name in ("env_steps", "updates"))
    return {
        "env steps/s": steps / taken,
        "updates/s": updates / taken,
        "env steps/update": steps / updates,
    }


def killed(kills: int, cores: int, envs: int) -> str:
    """Trains on a small task while collectors are killed; says what came of it."""
    made = pack(SMALL, cores, envs, 50, batch_size=64)
    draws, begin, done = random.Random(0), time.monotonic(), 0
    collectors: Any = made.episodes
    while done < kills:
        before = [core.published for core in collectors._cores]
        while any(c.published <= b for c, b in zip(collectors._cores, before, strict=True)):
            made.train(made.step + 5, time.monotonic() + 0.2)
        os.kill(draws.choice(collectors.processes), signal.SIGKILL)
        done += 1
    while collectors.replaced < kills:
        made.train(made.step + 5, time.monotonic() + 0.2)
    found = made._metrics(0, {})
    stored = made.replay.count * cores * envs
    last = collectors.processes
    made.drop([0])
    left = [pid for pid in last if os.path.exists(f"/proc/{pid}")]
    return (
        f"{kills} kills in {time.monotonic() - begin:.0f} s: {found['collectors_replaced']:.0f} "
        f"collectors replaced, {found['updates']:.0f} updates, {found['env_steps']:.0f} "
        f"environment steps collected and {stored} in the replay, {len(left)} processes left"
    )


def main(
    rounds: str = "3",
    task: str = "mujoco/Ant-v5",
    cores: str = "2",
    envs: str = "32",
    kills: str = "0",
) -> None:
    """Prints a row a way, beside one environment; or what came of `kills`."""
    warnings.simplefilter("ignore")
    if int(kills):
        print(killed(int(kills), int(cores), min(8, int(envs))))
        return
    machine = f"{len(os.sched_getaffinity(0))} cores, load {os.getloadavg()[0]:.0f}"
    packages = ", ".join(f"{name} {version(name)}" for name in ("gymnasium", "mujoco", "torch"))
    print(f"{task}; {date.today()}, {machine}, {packages}\n")
    found = rates(task, int(cores), int(envs), int(rounds))
    print("| | env steps/s | × one environment |\n|---|---|---|")
    for name, rate in found.items():
        print(f"| {name} | {rate:,.0f} | {rate / found['one environment']:.2f} |")
    both = learning(task, int(cores), int(envs), 10.0)
    print("\nwhile it learns: " + ", ".join(f"{value:,.1f} {name}" for name, value in both.items()))


if __name__ == "__main__":
    main(**dict(word.split("=", 1) for word in sys.argv[1:]))
