"""Mean return of a uniform random policy: the `low` of a space's tasks.

python -m benchmarks.agents.random_policy [episodes=100] [TASK or FAMILY …]

By default every task that ships; a family stands for all of its tasks.
"""

from __future__ import annotations

import platform
import sys
from datetime import date
from importlib.metadata import version

import numpy as np

from agents.envs import tasks

PACKAGES = {"minatar": "MinAtar", "mujoco": "mujoco", "dmc": "dm_control", "box2d": "gymnasium"}
"""What the returns of a family depend on."""


def returns(task: str, episodes: int) -> np.ndarray:
    """Returns of that many episodes; episode k is seeded with k."""
    environment, shape, rng = tasks.make(task), tasks.shape(task), np.random.default_rng(0)
    found = np.zeros(episodes)
    for episode in range(episodes):
        environment.reset(episode)
        over = False
        while not over:
            if shape.continuous:
                action = rng.uniform(-1.0, 1.0, shape.actions).astype(np.float32)
            else:
                action = int(rng.integers(shape.actions))
            reward, terminated, cut = environment.step(action)
            found[episode] += reward
            over = terminated or cut
    return found


def chosen(words: list[str]) -> list[str]:
    """The tasks that `words` name, all without any; exits where a word names none."""
    found = []
    for word in words or [""]:
        named = [task for task in tasks.all_tasks() if word in ("", task, task.split("/")[0])]
        if not named:
            sys.exit(f"there is no task or family {word!r}")
        found += named
    return found


def main() -> None:
    given = dict(word.split("=", 1) for word in sys.argv[1:] if "=" in word)
    words = [word for word in sys.argv[1:] if "=" not in word]
    episodes = int(given.get("episodes", 100))
    todo = chosen(words)
    families = dict.fromkeys(task.split("/")[0] for task in todo)
    used = [f"{PACKAGES[f]} {version(PACKAGES[f])}" for f in families if f in PACKAGES]
    python = f"Python {platform.python_version()}"
    print(f"Uniform random policy, {', '.join([*used, python])}, {date.today()}")
    print(f"\n    {' '.join(['python -m benchmarks.agents.random_policy', *sys.argv[1:]])}\n")
    print("| task | mean return | standard error |\n|---|---|---|")
    for task in todo:
        found = returns(task, episodes)
        error = found.std(ddof=1) / episodes**0.5
        print(f"| {task} | {found.mean():.3f} | {error:.3f} |", flush=True)


if __name__ == "__main__":
    main()
