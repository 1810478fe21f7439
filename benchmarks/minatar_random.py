"""Mean return of a uniform random policy on every MinAtar game: the `low` of a space's tasks.

python benchmarks/minatar_random.py [episodes=1000]
"""

from __future__ import annotations

import sys
from datetime import date
from importlib.metadata import version

import numpy as np

from agents import tasks


def returns(task: str, episodes: int) -> np.ndarray:
    """Returns of that many episodes; episode k is seeded with k."""
    game, rng = tasks.make(task), np.random.default_rng(0)
    actions = tasks.shape(task).actions
    found = np.zeros(episodes)
    for episode in range(episodes):
        game.reset(episode)
        terminated = False
        while not terminated:
            reward, terminated, _ = game.step(int(rng.integers(actions)))
            found[episode] += reward
    return found


def main() -> None:
    given = dict(word.split("=", 1) for word in sys.argv[1:])
    episodes = int(given.get("episodes", 1000))
    print(
        f"Uniform random policy, {episodes} episodes, MinAtar {version('MinAtar')}, {date.today()}"
    )
    print(f"\n    python benchmarks/minatar_random.py episodes={episodes}\n")
    print("| task | mean return | standard error |\n|---|---|---|")
    for task in tasks.all_tasks():
        found = returns(task, episodes)
        print(f"| {task} | {found.mean():.3f} | {found.std(ddof=1) / episodes**0.5:.3f} |")


if __name__ == "__main__":
    main()
