"""Frames that a core draws in a second, of tasks that are seen, beside dm_control's physics.render.

    python -m benchmarks.agents.pixels [rounds=5] [frames=200]

CPU time of one process, medians of the rounds; each frame is of another state. `dm_control` draws
the default quality at the same size; it gets a twentieth of the frames, as it takes that much
longer.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from datetime import date
from importlib.metadata import version

import numpy as np

from agents.envs import display, tasks
from agents.envs.settings import Settings

TASKS = (
    "cartpole-swingup",
    "cheetah-run",
    "walker-walk",
    "reacher-easy",
    "finger-spin",
    "ball_in_cup-catch",
)
SIZES, QUALITIES = (84, 48), ("near", "lean")
SHARE = 20


def states(environment: object, frames: int) -> list[np.ndarray]:
    """States of the physics on the way of random actions."""
    physics = environment._states.physics  # type: ignore[attr-defined]
    rng, found = np.random.default_rng(0), []
    environment.reset(0)  # type: ignore[attr-defined]
    for _ in range(frames):
        action = rng.uniform(-1, 1, environment.described.actions)  # type: ignore[attr-defined]
        environment.step(action.astype(np.float32))  # type: ignore[attr-defined]
        found.append(physics.get_state().copy())
    return found


def seconds(
    show: Callable[[], object], place: Callable[[np.ndarray], None], visited: list
) -> float:
    """CPU seconds of showing each state, without those of getting there."""
    total = 0.0
    for state in visited:
        place(state)
        begin = time.process_time()
        show()
        total += time.process_time() - begin
    return total


def measured(task: str, rounds: int, frames: int) -> dict[str, float]:
    """Frames a second by way of drawing and size, medians; the ways take turns."""
    taken: dict[str, list[float]] = {}
    for size in SIZES:
        made = {
            quality: tasks.make(f"dmc_pixels/{task}", Settings(size=size, quality=quality))
            for quality in QUALITIES
        }
        visited = states(made["near"], frames)
        physics = tasks.make(f"dmc/{task}").physics
        vars(physics).pop("_make_rendering_contexts", None)
        ways = {
            f"{quality} {size}": (one._states.physics, _ours(one), visited)
            for quality, one in made.items()
        }
        ways[f"dm_control {size}"] = (
            physics,
            lambda p=physics, s=size: p.render(s, s, camera_id=0),
            visited[::SHARE],
        )
        for turn in range(rounds + 1):
            for name, (of, show, some) in ways.items():
                took = seconds(show, _placing(of), some)
                if turn:
                    taken.setdefault(name, []).append(len(some) / took)
    return {name: statistics.median(rates) for name, rates in taken.items()}


def _ours(environment: object) -> Callable[[], object]:
    def show() -> object:
        environment._views.append(environment._look())  # type: ignore[attr-defined]
        return environment.observe()  # type: ignore[attr-defined]

    return show


def _placing(physics: object) -> Callable[[np.ndarray], None]:
    def place(state: np.ndarray) -> None:
        with physics.reset_context():  # type: ignore[attr-defined]
            physics.set_state(state)  # type: ignore[attr-defined]

    return place


def main(*words: str) -> None:
    """Prints a row a task."""
    given = dict(word.split("=", 1) for word in words)
    display.choose_display()
    used = [f"{name} {version(name)}" for name in ("mujoco", "dm_control")]
    told = display.display().described()
    print(f"{date.today()}, {', '.join(used)}, {told['renderer']}, OpenGL {told['OpenGL']}\n")
    names = [f"{way} {size}" for size in SIZES for way in ("dm_control", *QUALITIES)]
    print("| task | " + " | ".join(names) + " |")
    print("|---|" + "---|" * len(names))
    for task in TASKS:
        rates = measured(task, int(given.get("rounds", 5)), int(given.get("frames", 200)))
        print(f"| {task} | " + " | ".join(f"{rates[n]:,.0f}" for n in names) + " |", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
