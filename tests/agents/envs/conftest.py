"""A project of a user's own: environments that it registers, and wrappers."""

from __future__ import annotations

import sys

import gymnasium
import pytest

from agents.envs import gym

LINE = """
import gymnasium
import numpy as np
from gymnasium import spaces


class Line(gymnasium.Env):
    observation_space = spaces.Discrete(SIZE, start=2)
    action_space = spaces.Discrete(2, start=5)

    def __init__(self, bonus=1.0):
        self.bonus = bonus

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.place = 2 + int(self.np_random.integers(SIZE - 1))
        return self.place, {}

    def step(self, action):
        assert self.action_space.contains(action)
        self.place = max(2, self.place + (1 if action == 6 else -1))
        over = self.place == SIZE + 1
        return self.place, self.bonus * over - 0.25, over, False, {}


gymnasium.register("Line-v0", entry_point=Line, max_episode_steps=20)
gymnasium.register("ours/Line-v0", entry_point=Line, max_episode_steps=20)
"""
WRAPPERS = """
import gymnasium


class Scale(gymnasium.RewardWrapper):
    def __init__(self, env, by, training):
        super().__init__(env)
        self.by = by if training else 1.0

    def reward(self, reward):
        return self.by * float(reward)


class Forgetful(gymnasium.Wrapper):
    '''Counts the steps of all episodes together.'''
    count = 0

    def step(self, action):
        self.count += 1
        observation, reward, *rest = self.env.step(action)
        return (observation, reward + self.count, *rest)


def broken(env):
    raise OSError("no ROM")


def nothing(env):
    return None
"""


def _forget_ids() -> None:
    for name in ("Line-v0", "ours/Line-v0"):
        gymnasium.registry.pop(name, None)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder of a user's own, beside which a space could lie."""
    for name, text in (("line.py", LINE.replace("SIZE", "4")), ("wrap.py", WRAPPERS)):
        (tmp_path / name).write_text(text)
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "long.py").write_text(LINE.replace("SIZE", "9"))
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path)])
    _forget_ids()
    yield tmp_path
    for name, module in list(sys.modules.items()):
        if str(tmp_path) in str(getattr(module, "__file__", "")):
            del sys.modules[name]
    _forget_ids()
    gym._registered.cache_clear()
