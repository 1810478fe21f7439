"""Environment steps per second of a pack, inline, on threads and on processes, beside plain loops.

    pip install stable-baselines3 --no-deps     # optional; left out of the table where missing
    python -m benchmarks.agents.env_stepping [rounds [task ...]]

All act at random and begin anew where an episode ends. In lockstep, as a pack steps: `inline` is
`Episodes`; `2 threads` and `2 processes` share its P environments between them (processes through
shared memory) and wait for each other after each step; `2 workers` are two processes with P
environments each that wait for nobody, as `sweeper run` starts one a core. `plain` is the loop over
P of `gymnasium.make` or `dm_control.suite.load` (navigation has none). Rates are of wall-clock time
in the best of many short slices, taken in turns, as the machine may be shared.
"""

from __future__ import annotations

import importlib.util
import logging
import mmap
import multiprocessing
import os
import sys
import time
import warnings
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np

from agents import streams
from agents.envs import tasks
from agents.training.episodes import Episodes

TASKS = (
    "mujoco/HalfCheetah-v4",
    "mujoco/Ant-v4",
    "mujoco/Humanoid-v4",
    "dmc/cheetah-run",
    "dmc/humanoid-run",
    "dmc/dog-run",
    "box2d/BipedalWalker-v3",
    "navigation/10",
)
MEMBERS = (1, 4, 8, 16)
SLICE_S, ACTIONS = 0.03, 256

Step = Callable[[np.ndarray], None]
"""Acts in all of a pack: actions [P, A] in [-1, 1]."""
Play = Callable[[int], None]
"""Takes that many lockstep steps with actions of its own."""


def inline(task: str, members: int) -> Step:
    """The pack as it is trained."""
    episodes = Episodes([task] * members, streams.keys(range(members), "episodes"), 1)
    episodes.start()

    def step(actions: np.ndarray) -> None:
        _, terminals, cuts = episodes.step(actions)
        ended = terminals | cuts
        if ended.any():
            for member in np.flatnonzero(ended[:, 0]).tolist():
                episodes.restart(member, 0)

    return step


def threads(task: str, members: int) -> Step:
    """Two halves of a pack, one in a thread of its own; MuJoCo steps without Python's lock."""
    half = (members + 1) // 2
    ours, other = inline(task, half), inline(task, members - half)
    pool = ThreadPoolExecutor(1)

    def step(actions: np.ndarray) -> None:
        waiting = pool.submit(other, actions[half:])
        ours(actions[:half])
        waiting.result()

    return step


def processes(task: str, members: int) -> Step:
    """Two halves of a pack, one in a process of its own; actions and observations are shared."""
    half, shape = (members + 1) // 2, tasks.shape(task)
    width = shape.actions + shape.observation[0]
    shared = np.frombuffer(mmap.mmap(-1, 4 * members * width), np.float32).reshape(members, width)

    def serve(there: Any) -> None:
        episodes = inline(task, members - half)
        while there.recv_bytes():
            episodes(shared[half:, : shape.actions])
            there.send_bytes(b"done")

    here, ours = _forked(serve), inline(task, half)

    def step(actions: np.ndarray) -> None:
        shared[half:, : shape.actions] = actions[half:]
        here.send_bytes(b"step")
        ours(actions[:half])
        here.recv_bytes()

    return step


def workers(task: str, members: int) -> Play:
    """Two whole packs, each in a process of its own."""

    def serve(there: Any) -> None:
        play = _playing(inline(task, members), task, members)
        while True:
            play(there.recv())
            there.send_bytes(b"done")

    here, ours = _forked(serve), _playing(inline(task, members), task, members)

    def play(steps: int) -> None:
        here.send(steps)
        ours(steps)
        here.recv_bytes()

    return play


def plain(task: str, members: int) -> Step | None:
    """What comes with the environments' own packages, one after another."""
    family, _, name = task.partition("/")
    if family == "navigation":
        return None
    made = [_suite(name) if family == "dmc" else _gymnasium(name) for _ in range(members)]

    def step(actions: np.ndarray) -> None:
        for one, action in zip(made, actions, strict=True):
            one(action)

    return step


def stable_baselines(task: str, members: int) -> Step | None:
    """Stable-Baselines3's DummyVecEnv over its Monitor, as its agents step."""
    family, _, name = task.partition("/")
    if family not in ("mujoco", "box2d") or not importlib.util.find_spec("stable_baselines3"):
        return None
    import gymnasium
    from stable_baselines3.common.monitor import Monitor
    from stable_baselines3.common.vec_env import DummyVecEnv

    made = DummyVecEnv([lambda: Monitor(gymnasium.make(name))] * members)
    made.reset()
    high = made.action_space.high

    def step(actions: np.ndarray) -> None:
        made.step(actions * high)

    return step


def _gymnasium(name: str) -> Step:
    import gymnasium

    environment = gymnasium.make(name)
    environment.reset(seed=0)
    high = environment.action_space.high  # type: ignore[attr-defined]

    def step(action: np.ndarray) -> None:
        _, _, terminated, truncated, _ = environment.step(action * high)
        if terminated or truncated:
            environment.reset()

    return step


def _suite(name: str) -> Step:
    from dm_control import suite

    environment = suite.load(*name.split("-", 1))
    environment.reset()

    def step(action: np.ndarray) -> None:
        seen = environment.step(action)
        np.concatenate([np.ravel(part) for part in seen.observation.values()])
        if seen.last():
            environment.reset()

    return step


def _forked(serve: Callable[[Any], None]) -> Any:
    """The pipe to a process that runs `serve` with its other end."""
    here, there = multiprocessing.Pipe()
    multiprocessing.get_context("fork").Process(target=serve, args=(there,), daemon=True).start()
    return here


def _playing(step: Step, task: str, members: int) -> Play:
    size = (ACTIONS, members, tasks.shape(task).actions)
    actions = np.random.default_rng(0).uniform(-1, 1, size).astype(np.float32)

    def play(steps: int) -> None:
        for t in range(steps):
            step(actions[t % ACTIONS])

    return play


def measured(task: str, members: int, rounds: int) -> dict[str, float]:
    """Environment steps per second by way of stepping, the best of `rounds` slices."""
    ways: Mapping[str, Callable[[str, int], Step | None]] = {
        "plain": plain,
        "SB3": stable_baselines,
        "inline": inline,
        **({"2 threads": threads, "2 processes": processes} if members > 1 else {}),
    }
    made = {name: way(task, members) for name, way in ways.items()}
    plays = {name: _playing(step, task, members) for name, step in made.items() if step}
    plays["2 workers"] = workers(task, members)
    begin = time.perf_counter()
    plays["inline"](20)
    steps = max(2, round(20 * SLICE_S / (time.perf_counter() - begin)))
    rates = dict.fromkeys(plays, 0.0)
    for _ in range(rounds):
        for name, play in plays.items():
            begin = time.perf_counter()
            play(steps)
            taken = time.perf_counter() - begin
            packs = 2 if name == "2 workers" else 1
            rates[name] = max(rates[name], packs * steps * members / taken)
    for child in multiprocessing.active_children():
        child.terminate()
        child.join()
    return rates


def main(rounds: str = "40", *chosen: str) -> None:
    """Print one row a task and pack size; rates beside `inline` as multiples of it."""
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    names = ["plain", "SB3", "inline", "2 threads", "2 processes", "2 workers"]
    cores = len(os.sched_getaffinity(0))
    print(f"{date.today()}, {cores} cores, {', '.join(_versions())}; × inline in brackets\n")
    print("| task | P | " + " | ".join(names) + " |")
    print("|---|" + "---|" * (len(names) + 1))
    for task in chosen or TASKS:
        for members in MEMBERS:
            rates = measured(task, members, int(rounds))
            cells = [
                f"{rates[name]:,.0f}"
                + (f" ({rates[name] / rates['inline']:.2f})" if name != "inline" else "")
                if name in rates
                else ""
                for name in names
            ]
            print(f"| {task} | {members} | " + " | ".join(cells) + " |", flush=True)


def _versions() -> list[str]:
    found = []
    for name in ("gymnasium", "mujoco", "dm_control", "stable-baselines3"):
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            continue
    return found


if __name__ == "__main__":
    main(*sys.argv[1:])
