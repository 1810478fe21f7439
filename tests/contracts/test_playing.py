"""Whatever learner: weights that are kept play as the run did; whatever family: pictures of it."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from agents import lookup
from agents.envs import tasks
from agents.training import playing
from tests.contracts.test_envs import chosen, task_of
from tests.contracts.test_packs import STEPS, learner, runs, together
from tests.helpers.paths import ROOT

__all__ = ["learner"]  # a fixture
SEEN = ("minatar/seaquest", "gym/CartPole-v1", "box2d/BipedalWalker-v3")


@pytest.mark.parametrize("variant", ["odd sizes", "norms"])
def test_weights_play_the_last_evaluation_again(learner: Any, variant: str) -> None:
    """Also those of batch norms, with their running statistics."""
    small = {"batch_size": 30, "diagnostics": ()}
    pack, reports = together(learner, variant, **small)
    for member, run in enumerate(runs(learner, variant, **small)):
        last = [r.metrics["return"] for r in reports if r.member == member][-1]
        found = learner.play(run, pack.weights(member), STEPS)
        assert (np.mean(found.returns), found.unseen) == (last, None)
    more = learner.play(run, pack.weights(2), STEPS, 3)
    assert len(more.returns) == 3


def test_weights_of_another_network_are_refused(learner: Any) -> None:
    pack, _ = together(learner)
    weights = pack.weights(0)
    name = next(iter(weights))
    run = runs(learner)[0]
    for other in (
        {n: w for n, w in weights.items() if n != name},
        {**weights, name: np.zeros((1, 2, 3), np.float32)},
        {**weights, "more": weights[name]},
    ):
        with pytest.raises(ValueError, match="another network"):
            learner.play(run, other, STEPS)


def shown(task: str, *, films: bool) -> list[Any]:
    """What a short episode gives, while each step is filmed or none."""
    environment, found = tasks.make(task), []
    environment.reset(3)
    for action in chosen(task, 4):
        found.append(environment.step(action)[0])
        if films:
            picture = environment.render()
            assert picture.dtype == np.uint8 and picture.ndim == 3 and picture.shape[2] == 3
            assert picture.std() > 1 and 5 <= environment.pictures_per_s <= 200
        found.append(environment.observe().tolist())
    return found


@pytest.mark.parametrize("task", [task_of(name) for name in SEEN])
def test_pictures_change_nothing_of_an_episode(task: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    assert shown(task, films=True) == shown(task, films=False)


@pytest.mark.parametrize("task", [task_of(name) for name in ("mujoco/Hopper-v4", "dmc/hopper-hop")])
def test_nor_do_those_of_mujoco(task: str) -> None:
    """In a process of their own, which chooses how to draw before it imports MuJoCo."""
    code = (
        "from agents.training import playing; playing.choose_display()\n"
        "from tests.contracts.test_playing import shown\n"
        f"both = [shown({task!r}, films=films) for films in (True, False)]\n"
        "print('same' if both[0] == both[1] else 'different', flush=True)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    if not done.stdout:
        pytest.skip(f"nothing draws here: {done.stderr[-300:]}")
    assert done.stdout == "same\n"


class Screen:
    """An environment that shows the number of its step, and may break."""

    pictures_per_s = 90.0

    def __init__(self, breaks_at: int = 10**9) -> None:
        self.step, self._breaks_at = 0, breaks_at

    def render(self) -> np.ndarray:
        if self.step >= self._breaks_at:
            raise RuntimeError("no display")
        return np.full((2, 2, 3), self.step, np.uint8)


def filmed(screen: Screen, room: int = 100) -> tuple[list[int], set[float], playing.Camera]:
    """Which steps of an episode of ten are in a film with room for so many pictures."""
    taken: list[int] = []
    paces: set[float] = set()

    def film(picture: np.ndarray, pace: float) -> bool:
        taken.append(int(picture[0, 0, 0]))
        paces.add(pace)
        return len(taken) < room

    camera = playing.Camera(screen, film)
    camera.begin(np.zeros(1), np.zeros(1))
    for screen.step in range(1, 15):
        camera.record(np.zeros((1, 1)), np.zeros((1, 1), bool), np.full((1, 1), screen.step == 10))
    return taken, paces, camera


def test_of_a_fast_task_some_pictures_are_left_out_and_the_last_is_not() -> None:
    taken, paces, camera = filmed(Screen())
    assert (taken, paces, camera.problem) == ([0, 3, 6, 9, 10], {30.0}, None)
    assert filmed(Screen(), room=2)[0] == [0, 3]


def test_a_screen_that_breaks_ends_the_film_and_not_the_evaluation() -> None:
    taken, _, camera = filmed(Screen(breaks_at=4))
    assert (taken, camera.problem) == ([0, 3], "RuntimeError: no display")


@pytest.mark.parametrize("family", lookup.names("envs"))
def test_what_has_pictures_says_how_fast_they_pass(family: str) -> None:
    shown = lookup.find("envs", family)
    assert hasattr(shown, "render") == hasattr(shown, "pictures_per_s")
