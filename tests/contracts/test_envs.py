"""Every environment in agents/envs: its tasks, its shape, and episodes that seeds decide."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from agents import streams
from agents.envs import tasks
from agents.envs.settings import PLAIN, Settings
from agents.training.episodes import Episodes
from tests.helpers.own_tasks import OWN_IDS
from tests.helpers.pictures import nothing_draws

SEEN = "dmc_pixels/"
GAMES = "atari/"


def task_of(name: str) -> Any:
    """A case, skipped where its packages are not installed, or what draws it."""
    try:
        tasks.check(name)
    except ValueError as error:
        return pytest.param(name, marks=pytest.mark.skip(str(error)))
    if name.startswith(SEEN) and nothing_draws() is not None:
        return pytest.param(name, marks=pytest.mark.skip(str(nothing_draws())))
    return name


def tried() -> list[str]:
    """Every task, but of those that are seen one of each robot: they differ in rewards alone.

    Of Atari's games one without lives, and one whose memory a reset alone does not clear.
    """
    robots: dict[str, str] = {}
    for name in tasks.all_tasks():
        if not name.startswith(GAMES):
            robots.setdefault(name.partition("-")[0] if name.startswith(SEEN) else name, name)
    return [*robots.values(), f"{GAMES}freeway", f"{GAMES}seaquest", *OWN_IDS]


TASKS = [task_of(name) for name in tried()]


def quick(task: str) -> Settings:
    """The settings of a task, with which drawing takes less long."""
    if task.startswith(GAMES):
        return Settings(size=16, sticky=0.25, repeat=8)
    return Settings(size=16, quality="lean", stack=2) if task.startswith(SEEN) else PLAIN


def chosen(task: str, *size: int) -> np.ndarray:
    """Random actions, numbers as float32."""
    shape, rng = tasks.shape(task), np.random.default_rng(0)
    if shape.continuous:
        return rng.uniform(-1, 1, (*size, shape.actions)).astype(np.float32)
    return rng.integers(0, shape.actions, size)


def episode(environment, seed: int, actions: np.ndarray) -> list[tuple[bytes, float, bool, bool]]:
    environment.reset(seed)
    seen = [(environment.observe().tobytes(), 0.0, False, False)]
    for action in actions.tolist() if actions.ndim == 1 else actions:
        reward, terminated, cut = environment.step(action)[:3]
        seen.append((environment.observe().tobytes(), float(reward), bool(terminated), bool(cut)))
        if terminated or cut:
            break
    return seen


@pytest.fixture(scope="module", params=TASKS)
def three(request: pytest.FixtureRequest) -> tuple[str, list[Any]]:
    """A task and three environments of it, which take long to make: tests share them.

    No test may care what was played in them before; the first finds them fresh.
    """
    task = request.param
    return task, [tasks.make(task, quick(task)) for _ in range(3)]


def test_an_episode_is_a_function_of_seed_and_actions_whatever_came_before(three):
    task, (fresh, *_, used) = three
    actions = chosen(task, 60)
    episode(used, 1, actions[::-1])
    assert episode(fresh, 2, actions) == episode(used, 2, actions)


def test_observations_have_the_shape_that_is_promised(three):
    task, (environment, *_) = three
    shape = tasks.shape(task, quick(task))
    environment.reset(0)
    observation = environment.observe()
    assert observation.shape == shape.observation and observation.dtype == np.dtype(shape.dtype)


def test_episodes_of_a_member_do_not_depend_on_the_pack_and_can_be_restored(three):
    task, envs = three
    keys = streams.keys([3, 8], "episodes")
    together, alone = (
        Episodes([task] * len(own), keys[-len(own) :], 1, own, quick(task))
        for own in (envs[:2], envs[2:])
    )
    saved = []
    for episodes in (together, alone):
        episodes.start()
    for t, actions in enumerate(chosen(task, 51, 2)):
        rewards, *ends = together.step(actions)
        reward, *end = alone.step(actions[1:])
        ended, end = ends[0] | ends[1], end[0] | end[1]
        assert (rewards[1], ended[1]) == (reward[0], end[0])
        for member in np.flatnonzero(ended[:, 0]).tolist():
            together.restart(member, 0)
        if end[0, 0]:
            alone.restart(0, 0)
        assert np.array_equal(together.observations[1], alone.observations[0])
        if t % 49 == 0:
            saved.append((together.save(1), alone.observations[0].copy(), alone.returns[0, 0]))
    restored = Episodes([task], keys[1:], 1, envs[:1], quick(task))
    for state, observations, total in saved:
        restored.load(0, state)
        assert np.array_equal(restored.observations[0], observations)
        assert restored.returns[0, 0] == total
