"""Errors by which simulators and numerical code say that their numbers are no longer finite."""

from __future__ import annotations

_ELSEWHERE = {("dm_control", "PhysicsError"), ("mujoco", "FatalError")}
"""The package and the name of such errors of other packages, which are not imported for it."""


def is_divergence(error: BaseException | None) -> bool:
    """Whether what was raised, or what caused it, is such an error.

    Those are `FloatingPointError`, as numpy raises it where it is asked to, dm_control's
    `PhysicsError` and MuJoCo's `FatalError`.
    """
    while error is not None:
        kinds = {(kind.__module__.partition(".")[0], kind.__name__) for kind in type(error).__mro__}
        if isinstance(error, FloatingPointError) or kinds & _ELSEWHERE:
            return True
        error = error.__cause__
    return False
