"""Every environment in agents/envs: its tasks, its shape, and episodes that seeds decide."""

from __future__ import annotations

import numpy as np
import pytest

from agents import streams, tasks
from agents.episodes import Episodes

TASKS = tasks.all_tasks()


def episode(environment, seed: int, actions: np.ndarray) -> list[tuple[bytes, float, bool]]:
    environment.reset(seed)
    seen = [(environment.observe().tobytes(), 0.0, False)]
    for action in actions.tolist():
        reward, terminated = environment.step(action)
        seen.append((environment.observe().tobytes(), float(reward), bool(terminated)))
        if terminated:
            break
    return seen


@pytest.mark.parametrize("task", TASKS)
def test_an_episode_is_a_function_of_seed_and_actions_whatever_came_before(task):
    actions = np.random.default_rng(0).integers(0, tasks.shape(task).actions, 300)
    fresh, used = tasks.make(task), tasks.make(task)
    episode(used, 1, actions[::-1])
    assert episode(fresh, 2, actions) == episode(used, 2, actions)


@pytest.mark.parametrize("task", TASKS)
def test_observations_have_the_shape_that_is_promised(task):
    shape = tasks.shape(task)
    environment = tasks.make(task)
    environment.reset(0)
    observation = environment.observe()
    assert observation.shape == shape.observation and observation.dtype == np.dtype(shape.dtype)


@pytest.mark.parametrize("task", TASKS)
def test_episodes_of_a_member_do_not_depend_on_the_pack_and_can_be_restored(task):
    keys = streams.keys([3, 8], "episodes")
    together, alone = Episodes([task] * 2, keys, 1), Episodes([task], keys[1:], 1)
    restored = Episodes([task], keys[1:], 1)
    for episodes in (together, alone):
        episodes.start()
    rng = np.random.default_rng(0)
    for t in range(400):
        actions = rng.integers(0, tasks.shape(task).actions, 2)
        rewards, ended = together.step(actions)
        reward, end = alone.step(actions[1:])
        assert (rewards[1], ended[1]) == (reward[0], end[0])
        for member in np.flatnonzero(ended[:, 0]).tolist():
            together.restart(member, 0)
        if end[0, 0]:
            alone.restart(0, 0)
        assert np.array_equal(together.observations[1], alone.observations[0])
        if t % 97 == 0:
            restored.load(0, together.save(1))
            assert np.array_equal(restored.observations[0], alone.observations[0])
            assert restored.returns[0, 0] == alone.returns[0, 0]
