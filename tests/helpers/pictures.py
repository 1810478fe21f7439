"""Whether pictures can be drawn here, and what episodes show; each task alone by this as a program.

python -m tests.helpers.pictures TASK
"""

from __future__ import annotations

import hashlib
import sys
from functools import cache
from typing import Any

import numpy as np
import pytest

from agents.envs import display, tasks
from agents.envs.settings import Settings

MANY = {
    "dmc_pixels/cartpole-swingup": Settings(size=32, quality="lean", stack=2),
    "dmc_pixels/reacher-easy": Settings(size=48, quality="near"),
}


@cache
def nothing_draws() -> str | None:
    """Why no picture can be drawn here; `None` where one can."""
    try:
        tasks.check("dmc_pixels/cartpole-swingup")
    except ValueError as error:
        return str(error)
    told = display.described()
    return None if "OpenGL" in told else f"what draws pictures is {told['renderer']}"


def needed() -> None:
    """Skips a test where no picture can be drawn."""
    problem = nothing_draws()
    if problem is not None:
        pytest.skip(problem)


def begun(environment: Any) -> np.ndarray:
    """What is seen at the beginning of an episode."""
    environment.reset(3)
    return environment.observe()


def stepped(environment: Any) -> np.ndarray:
    """What is seen after another step."""
    environment.step(np.full(environment.described.actions, 0.5, np.float32))
    return environment.observe()


def acted(environment: Any, steps: int) -> list[np.ndarray]:
    """What is seen at the beginning and after each of some steps."""
    return [begun(environment), *(stepped(environment) for _ in range(steps))]


def digest(seen: list[np.ndarray]) -> str:
    """A hash of all that was seen."""
    return hashlib.sha256(b"".join(frame.tobytes() for frame in seen)).hexdigest()


if __name__ == "__main__":
    print(digest(acted(tasks.make(sys.argv[1], MANY[sys.argv[1]]), 6)))
