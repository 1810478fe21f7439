"""The file name is the name; `path/file.py:Name` is valid too."""

from __future__ import annotations

import pytest

from agents import lookup
from agents.envs import tasks
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
    names = lookup.names("networks")
    assert {"d2rl", "densenet", "minatar", "mlp", "residual", "resnet"} <= set(names)
    assert not {"network", "layers", "stack"} & set(names) and list(names) == sorted(names)
    assert "dqn" in lookup.names("learners") and "minatar" in lookup.names("envs")


@pytest.mark.parametrize("folder", ["diagnostics", "learners", "networks", "envs"])
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


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("actions=2", "actions=2, continuous=True"), "'short' cannot be played: ValueError"),
        (("(3,)", "(4,)"), r"'short' gives observations \(3,\), but says \(4,\)"),
        (("self.place = 0", "raise OSError('no ROM')"), "cannot be played: OSError: no ROM"),
    ],
)
def test_an_environment_that_is_not_what_it_says_is_refused(tmp_path, change, says):
    file = tmp_path / "corridor.py"
    file.write_text(CORRIDOR.replace(*change))
    with pytest.raises(ValueError, match=says):
        tasks.check(f"{file}:Corridor/short")


def test_actions_of_ones_own_gymnasium_environment_must_be_a_bounded_box(tmp_path):
    pytest.importorskip("gymnasium")
    file = tmp_path / "own.py"
    file.write_text(
        "from agents.envs.gymnasium_env import GymnasiumEnvironment\n"
        "from agents.shape import Shape\n\n\nclass Own(GymnasiumEnvironment):\n"
        "    tasks = ('cart',)\n\n    @staticmethod\n    def shape(task):\n"
        "        return Shape((4,), 'float32', 1, continuous=True)\n\n"
        "    def __init__(self, task):\n        super().__init__('CartPole-v1')\n"
    )
    with pytest.raises(ValueError, match=r"must be a box with bounds, but are Discrete"):
        tasks.check(f"{file}:Own/cart")


@pytest.mark.parametrize(
    "wrong, right",
    [
        ("mujoco/HalfCheeta-v4", "mujoco/HalfCheetah-v4"),
        ("dmc/cheetah_run", "dmc/cheetah-run"),
        ("dmcs/cheetah-run", "dmc/cheetah-run"),
    ],
)
def test_a_task_mistyped_is_answered_with_the_nearest(wrong, right):
    told = rf"unknown task '{wrong}' \(did you mean '{right}'\?\); valid: .*{right}"
    with pytest.raises(ValueError, match=told) as caught:
        tasks.check(wrong)
    assert str(caught.value).count(", ") <= 30


def test_a_task_that_cannot_be_had_is_told_why():
    with pytest.raises(ValueError, match="'dmc/lqr-lqr_2_1' cannot be had: its actions have no b"):
        tasks.check("dmc/lqr-lqr_2_1")


def test_what_is_recorded_of_a_task_tells_one_ant_from_another(corridor):
    narrow, wide = tasks.describe("mujoco/ant_27"), tasks.describe("mujoco/ant_111")
    assert (narrow["observation"], wide["observation"]) == ("27 float32", "111 float32")
    assert narrow["actions"] == "8 numbers"
    assert tasks.describe("minatar/breakout")["observation"] == "10 x 10 x 4 bool"
    assert set(tasks.describe(f"{corridor}/short")) == {"observation", "actions"}
    pytest.importorskip("mujoco")
    assert set(narrow) == {"observation", "actions", "gymnasium", "mujoco"}
