"""Simulations that diverge: their member has diverged, and the others of the pack go on."""

from __future__ import annotations

import math

import numpy as np
import pytest

from agents.envs import tasks
from agents.learners.dqn import Learner
from agents.training.evaluation import Evaluation
from tests.helpers import fragile_env

TASK = f"{fragile_env.__file__}:Fragile/breakout"


@pytest.fixture
def pack(run, monkeypatch):
    """A pack of three runs, of which the environments with these numbers diverge."""

    def begin(*bad, seeds=(0, 1, 2)):
        runs = [run(TASK, seed=seed, steps=60) for seed in seeds]  # its check makes one, too
        found = type(tasks.make(TASK))
        monkeypatch.setattr(found, "made", 0)
        monkeypatch.setattr(found, "bad", set(bad))
        return Learner.start(runs, [None] * len(runs), "cpu")

    return begin


def said(reports, member):
    return [(r.step, dict(r.metrics), r.done, r.diverged) for r in reports if r.member == member]


@pytest.mark.parametrize(
    ("bad", "step"),
    [({1}, 3), ({2}, 3), ({5}, 60), ({6}, 60)],
    ids=["training raises", "a reward is NaN", "evaluation raises", "a reward there is NaN"],
)
def test_only_the_member_whose_simulation_diverges_ends(pack, play, bad, step):
    whole = play(pack())
    assert not any(report.diverged for report in whole)
    reports = play(pack(*bad))
    (lost,) = {report.member for report in reports if report.diverged}
    assert lost == (1 if bad in ({1}, {5}, {6}) else 2)
    ((at, metrics, done, _),) = said(reports, lost)
    assert (at, done) == (step, True)
    assert "return" not in metrics and all(map(math.isfinite, metrics.values()))
    for member in {0, 1, 2} - {lost}:
        assert said(reports, member) == said(whole, member)


def test_an_evaluation_is_over_for_a_member_whose_simulation_diverged(schedule, pack):
    pack(3)
    evaluation = Evaluation([TASK] * 3, [0, 1, 2], schedule(), "evaluation/10")
    actions = np.zeros((3, 2), np.int64)
    evaluation.advance(lambda observations, draws: actions, math.inf)
    assert evaluation.done
    assert evaluation.broken.tolist() == [True, False, False]


def test_dm_control_says_so_by_a_floating_point_error():
    pytest.importorskip("dm_control")
    environment = tasks.make("dmc/cartpole-swingup")
    environment.reset(0)
    physics = environment._environment.physics
    with physics.reset_context():
        physics.data.qvel[:] = 1e300
    with pytest.raises(FloatingPointError, match="BADQ"):
        environment.step(np.zeros(1, np.float32))


def test_mujoco_says_so_by_a_floating_point_error(monkeypatch):
    mujoco = pytest.importorskip("mujoco")
    environment = tasks.make("mujoco/Hopper-v4")
    environment.reset(0)

    def fails(action):
        raise mujoco.FatalError("engine error")

    monkeypatch.setattr(environment._environment, "step", fails)
    with pytest.raises(FloatingPointError, match="engine error"):
        environment.step(np.zeros(3, np.float32))
