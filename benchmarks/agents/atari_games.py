"""Atari's games beside Gymnasium's preprocessing, step by step, and restored in the middle.

    python -m benchmarks.agents.atari_games [steps=200] [restored=10] [size=42] [seed=0]

Each of the 54 games is played by random actions as long as `steps`, in Gymnasium's
AtariPreprocessing too: frames, points and ends must be equal. `restored` of them are then played
with sticky actions, saved after three random numbers of steps, and go on from there in other
emulators: observations, rewards, ends and the emulator's memory must be equal, bit for bit. Prints
what is not.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import date
from importlib.metadata import version
from typing import Any

import numpy as np

from agents import streams
from agents.envs import atari, tasks
from agents.envs.settings import Settings
from agents.training.episodes import Episodes

TIMES, MOST, AFTER = 3, 300, 40
"""How often a game is restored, after at most how many steps, and how many more are compared."""


def gymnasiums(name: str, size: int) -> Any:
    """Gymnasium's preprocessing, a lost life ending an episode."""
    import ale_py
    import gymnasium

    gymnasium.register_envs(ale_py)
    camel = "".join(word.capitalize() for word in name.split("_"))
    plain = {"frameskip": 1, "repeat_action_probability": 0.0, "full_action_space": False}
    env = gymnasium.make(f"ALE/{camel}-v5", **plain).unwrapped
    return gymnasium.wrappers.AtariPreprocessing(
        env, noop_max=0, frame_skip=4, screen_size=size, terminal_on_life_loss=True
    )


def differences(name: str, steps: int, size: int, seed: int) -> Iterator[str]:
    """Tells where a game differs from Gymnasium's, the first time."""
    ours = tasks.make(f"atari/{name}", Settings(noops=0, size=size), True)
    other, rng = gymnasiums(name, size), np.random.default_rng(seed)
    if ours.described.actions != other.action_space.n:
        yield f"{ours.described.actions} actions, not {other.action_space.n}"
        return
    ours.reset(0)
    if not np.array_equal(ours.observe()[..., -1], other.reset(seed=0)[0]):
        yield "the first frame"
        return
    for step in range(steps):
        action = int(rng.integers(ours.described.actions))
        found = ours.step(action)
        seen, points, terminated, truncated, _ = other.step(action)
        if (found.score, found.terminated, found.truncated) != (points, terminated, truncated):
            yield f"points or ends of step {step}"
            return
        if not np.array_equal(ours.observe()[..., -1], seen):
            yield f"the frame after step {step}"
            return
        if ours.goes_on:
            ours.go_on()
        elif terminated or truncated:
            ours.reset(step)
            other.reset(seed=step)


def is_restored(name: str, step: int, size: int, seed: int) -> bool:
    """Whether a game goes on as it would have from where it was saved after `step` steps."""
    keys, given = streams.keys([seed], "episodes"), Settings(sticky=0.25, size=size)
    rng = np.random.default_rng([seed, step])
    pair = [Episodes([f"atari/{name}"], keys, 1, settings=given) for _ in range(2)]
    whole, restored = pair
    whole.start()
    actions = rng.integers(whole.envs[0].described.actions, size=(step + AFTER, 1, 1))
    for action in actions[:step]:
        told(whole, action)
    restored.load(0, whole.save(0))
    for action in actions[step:]:
        one, other = (told(episodes, action) for episodes in pair)
        if not all(map(np.array_equal, one, other)):
            return False
    return True


def told(episodes: Episodes, action: np.ndarray) -> list[np.ndarray]:
    """What a step shows of its outcome, the next observation and the emulator's memory."""
    outcomes = [np.array(each) for each in episodes.step(action)]
    if outcomes[1][0, 0] or outcomes[2][0, 0]:
        episodes.restart(0, 0)
    ram = episodes.envs[0]._game.getRAM()
    return [*outcomes, episodes.observations.copy(), episodes.returns.copy(), ram]


def main(steps: str = "200", restored: str = "10", size: str = "42", seed: str = "0") -> None:
    """Prints what differs."""
    games = list(atari.Environment.tasks)
    print(f"{date.today()}, ale-py {version('ale-py')}, gymnasium {version('gymnasium')}")
    differing = 0
    for name in games:
        for what in differences(name, int(steps), int(size), int(seed)):
            differing += 1
            print(f"{name}: {what} differs from Gymnasium's", flush=True)
    print(f"{len(games) - differing} of {len(games)} games equal Gymnasium's for {steps} steps")
    rng = np.random.default_rng(int(seed))
    failed, chosen = 0, rng.choice(games, int(restored), replace=False)
    for name in chosen.tolist():
        for step in rng.integers(1, MOST, size=TIMES).tolist():
            if not is_restored(name, step, int(size), int(seed)):
                failed += 1
                print(f"{name}: differs after it was restored at step {step}", flush=True)
    count = TIMES * len(chosen)
    print(f"{count - failed} of {count} restored episodes go on as they would have")
    print("They are of " + ", ".join(chosen.tolist()))


if __name__ == "__main__":
    main(**dict(word.split("=", 1) for word in sys.argv[1:]))
