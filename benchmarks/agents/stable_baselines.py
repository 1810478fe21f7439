"""What Stable-Baselines3's agents learn on Hopper in as many steps, with their own defaults.

    pip install stable-baselines3 --no-deps
    python -m benchmarks.agents.stable_baselines agent=td3 [steps=50000] [seeds=5] [first=0]

One core; prints, by seed, the mean return of ten deterministic episodes at the end: what stands
beside ours in docs/measured/learning.md (benchmarks/agents/learning.py).
"""

from __future__ import annotations

import sys
import time
from datetime import date

import gymnasium
import numpy as np
import torch

TASK = "Hopper-v4"


def main(agent: str, steps: str = "50000", seeds: str = "5", first: str = "0") -> None:
    """Trains and prints the table."""
    import stable_baselines3
    from stable_baselines3.common.evaluation import evaluate_policy

    torch.set_num_threads(1)
    print(f"{date.today()}, {agent} of Stable-Baselines3 {stable_baselines3.__version__} on {TASK}")
    print("\n| seed | return | steps/s |\n|---|---|---|")
    found = []
    for seed in range(int(first), int(first) + int(seeds)):
        model = getattr(stable_baselines3, agent.upper())("MlpPolicy", TASK, seed=seed)
        start = time.monotonic()
        model.learn(int(float(steps)))
        rate = int(float(steps)) / (time.monotonic() - start)
        episodes, _ = evaluate_policy(
            model, gymnasium.make(TASK), 10, return_episode_rewards=True, warn=False
        )
        found.append(float(np.mean(episodes)))
        print(f"| {seed} | {found[-1]:.0f} | {rate:.0f} |", flush=True)
    print(f"| mean | {np.mean(found):.0f} | |")


if __name__ == "__main__":
    main(**dict(word.split("=", 1) for word in sys.argv[1:]))
