"""Errors that say that a simulation diverged: a run that raises one has diverged, not failed."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sweeper.study.study import Study
from sweeper.trainable.divergence import is_divergence

Sweep = Callable[..., Study]

SIMULATED = """
    import numpy as np
    from dm_control import suite
    environment = suite.load("cartpole", "swingup")
    environment.reset()
    run.report(1, reward=0.5)
    if config["x"] == 2:
        with environment.physics.reset_context():
            environment.physics.data.qvel[:] = 1e300
    environment.step(np.zeros(1))
    run.report(2, reward=1.0)
"""


def test_a_function_whose_physics_diverge_has_diverged_after_one_attempt(
    sweep: Sweep, capfd: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("dm_control")
    made = sweep(SIMULATED, "score.metric=reward")
    for run in made.plan.runs:
        record = made.ledger_state().runs[run.id]
        assert record.attempts == 1
        if run.params["x"] == 1:
            assert (record.state, record.value) == ("complete", 1.0)
        else:
            assert (record.state, record.value, record.step) == ("nan", None, 1)
            assert "PhysicsError" in (record.error or "")
    assert "PhysicsError" in capfd.readouterr().err


def raised(error: BaseException) -> BaseException:
    try:
        raise RuntimeError("in a wrapper") from error
    except RuntimeError as outer:
        return outer


def test_what_is_a_divergence() -> None:
    mujoco = pytest.importorskip("mujoco")
    physics = pytest.importorskip("dm_control.rl.control").PhysicsError
    for error in (FloatingPointError("overflow"), mujoco.FatalError("NaN"), physics("unstable")):
        assert is_divergence(error) and is_divergence(raised(error))
    for other in (ValueError("PhysicsError"), OverflowError(), ZeroDivisionError(), SystemExit(1)):
        assert not is_divergence(other) and not is_divergence(raised(other))


def test_an_error_that_is_only_called_like_one_is_none() -> None:
    kind = type("PhysicsError", (Exception,), {})
    assert not is_divergence(kind())
