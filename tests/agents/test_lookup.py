"""The file name is the name; `path/file.py:Name` is valid too."""

from __future__ import annotations

import pytest

from agents import lookup, tasks
from agents.learners.dqn import Learner

CORRIDOR = """
import numpy as np
from agents.shape import Shape

class Corridor:
    tasks = ("short",)

    @staticmethod
    def shape(task):
        return Shape(observation=(3,), dtype="float32", actions=2)

    def __init__(self, task):
        self.place = 0

    def reset(self, seed):
        self.place = seed % 2

    def step(self, action):
        self.place += 1 if action else -1
        return float(action), abs(self.place) > 4, False

    def observe(self):
        return np.array([self.place, 1.0, 0.5], dtype=np.float32)
"""


@pytest.fixture
def corridor(tmp_path):
    file = tmp_path / "corridor.py"
    file.write_text(CORRIDOR)
    return f"{file}:Corridor"


def test_names_are_the_files_that_define_the_class():
    bodies = ("d2rl", "densenet", "minatar", "mlp", "residual", "resnet")
    assert lookup.names("networks") == bodies
    assert "dqn" in lookup.names("learners") and "minatar" in lookup.names("envs")


@pytest.mark.parametrize("folder", ["learners", "networks", "envs"])
def test_an_unknown_name_is_answered_with_all_valid_ones(folder):
    with pytest.raises(ValueError, match=", ".join(lookup.names(folder))):
        lookup.find(folder, "nonsense")


def test_an_environment_of_ones_own_trains(corridor, run, play):
    run = run(f"{corridor}/short", network__body="mlp", steps=300)
    reports = play(Learner.start([run], [None], "cpu"))
    assert reports[-1].done and "loss" in reports[-1].metrics


def test_wrong_files_are_refused(corridor, tmp_path):
    for task in (f"{corridor}/long", f"{tmp_path}/no.py:Corridor/short", f"{corridor}s/short"):
        with pytest.raises(ValueError):
            tasks.shape(task)
