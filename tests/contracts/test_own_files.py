"""A user's own environment, network body and features, in files beside the space."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from agents import lookup

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
figures: []
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


OWN_FEATURES = '''
"""Features that read nothing of the state but its first number."""
from agents.features import ofenet


class Features(ofenet.Features):
    def states(self, observations, target=False):
        kept = observations.clone()
        kept[..., 1:] = 0.0
        return super().states(kept, target)


class Other:
    """No features."""
'''


def test_features_of_ones_own_are_read(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text(OWN_FEATURES)
    td2 = lookup.find("learners", "td2")
    own = {"features.kind": f"{file}:Features", "features.units": 6, "features.layers": 2}
    params = td2.complete({**own, "features.pretrain": 2, "warmup_steps": 10, "batch_size": 8})
    td2.check(params, "navigation/3")
    schedule = SimpleNamespace(every=20, episodes=1, steps=None, cap=5)
    run = SimpleNamespace(params=params, task="navigation/3", seed=0, steps=20, evaluation=schedule)
    pack = td2.start([run], [None], "cpu")
    pack.train(20)
    assert pack.learner.features.updates == 2 + 11
    states = np.ones((2, 1, 1, 3), np.float32)
    states[1, ..., 1:] = 5.0
    one, other = (pack.learner.evaluate(each, np.zeros((1, 2))) for each in states)
    assert np.array_equal(one, other)
    with pytest.raises(ValueError, match="must name a class derived from BaseFeatures"):
        td2.check({"features.kind": f"{file}:Other"}, "navigation/3")
