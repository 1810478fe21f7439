"""A user's own environment and network body, in files beside the space, from any folder."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SPACE = """
study: own
agent: dqn
fixed:
  network.body: parts/body.py:Body
  warmup_steps: 10
  epsilon.decay_until: 20
  replay.capacity: 100
axes:
  optimizer.lr: {kind: float, values: [1e-3]}
tasks: {"parts/game.py:Environment/easy": {low: 0, high: 1}}
seeds: 1
steps: 40
evaluation: {every: 20, episodes: 1, cap: 10}
score: {metric: return, at: final, aggregate: mean}
"""

GAME = """
import numpy as np
from agents.shape import Shape
from rules import LENGTH


class Environment:
    tasks = ("easy",)

    @staticmethod
    def shape(task):
        return Shape(observation=(10, 10, 4), dtype="bool", actions=6)

    def __init__(self, task):
        self.left = 0

    def reset(self, seed):
        self.left = LENGTH

    def step(self, action):
        self.left -= 1
        return float(action == 0), self.left == 0, False

    def observe(self):
        return np.zeros((10, 10, 4), bool)
"""


def test_files_are_relative_to_the_space(tmp_path: Path) -> None:
    parts = tmp_path / "project" / "parts"
    parts.mkdir(parents=True)
    (parts.parent / "own.yaml").write_text(SPACE)
    (parts / "game.py").write_text(GAME)
    (parts / "rules.py").write_text("LENGTH = 5\n")
    (parts / "body.py").write_text("from agents.networks.minatar import Body\n")
    command = [sys.executable, "-m", "sweeper", "run", "project/own.yaml", "workers=1"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "1 run: 1 complete" in done.stdout
