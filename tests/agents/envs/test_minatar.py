"""Our MinAtar equals the package's own, and an episode is a function of its seed and actions."""

from __future__ import annotations

import numpy as np
import pytest

from agents.envs.minatar import Environment


@pytest.mark.parametrize("game", Environment.tasks)
def test_equals_the_package(game):
    package = pytest.importorskip("minatar.environment")
    theirs = package.Environment(game)
    theirs.seed(5)
    theirs.reset()
    ours = Environment(game)
    ours.reset(5)
    for action in np.random.default_rng(0).integers(0, 6, 400).tolist():
        assert np.array_equal(ours.observe(), theirs.state())
        outcome = theirs.act(action)
        assert ours.step(action) == (*outcome, False)
        if outcome[1]:
            break


@pytest.mark.parametrize("game", Environment.tasks)
def test_describes_itself(game):
    environment = Environment(game)
    environment.reset(0)
    observation = environment.observe()
    shape = Environment.shape(game)
    assert observation.shape == shape.observation and observation.dtype == shape.dtype
