"""Settings of environments: wrappers, repetition, stacks, keyword arguments, and what is scored."""

from __future__ import annotations

import numpy as np
import pytest

from agents import streams
from agents.envs import tasks
from agents.envs.settings import Settings
from agents.learners import dqn, sac
from agents.training.episodes import Episodes
from tests.helpers.cases import each

gymnasium = pytest.importorskip("gymnasium")


def settings(**given):
    return Settings.of({f"env.{name.replace('__', '.')}": value for name, value in given.items()})


def test_rewards_that_wrappers_change_are_learned_from_and_not_scored(folder):
    given = settings(wrappers=[{"wrap.py:Scale": {"by": 8.0}}, {"ClipReward": {"max_reward": 2.0}}])
    for training, learned in ((True, 2.0), (False, 1.0)):
        environment = tasks.make("gym/CartPole-v1", given, training)
        environment.reset(0)
        outcome = environment.step(0)
        assert (outcome.reward, outcome.score, outcome.steps) == (learned, 1.0, 1)


def test_an_action_is_repeated_until_the_episode_ends_and_its_steps_are_counted():
    environment, plain = (
        tasks.make("gym/CartPole-v1", given) for given in (settings(repeat=3), settings())
    )
    environment.reset(0)
    plain.reset(0)
    steps, over = 0, False
    while not over:
        outcome = environment.step(1)
        ended = [plain.step(1)[1] for _ in range(outcome.steps)]
        over = outcome.terminated
        assert outcome.reward == outcome.score == outcome.steps
        assert outcome.steps == 3 or (over and ended == [False] * (outcome.steps - 1) + [True])
        assert np.array_equal(environment.observe(), plain.observe())
        steps += outcome.steps
    assert steps % 3


def test_wrappers_that_repeat_count_their_steps_too():
    given = settings(wrappers=[{"MaxAndSkipObservation": {"skip": 3}}])
    environment = tasks.make("gym/CartPole-v1", given)
    environment.reset(0)
    assert environment.step(0)[3:] == (3.0, 3)


def test_stacked_observations_begin_with_copies_of_the_first():
    stacked, plain = (tasks.make("gym/CartPole-v1", settings(stack=n)) for n in (3, 1))
    stacked.reset(5)
    plain.reset(5)
    first = plain.observe()
    assert np.array_equal(stacked.observe(), np.concatenate([first] * 3))
    stacked.step(1)
    plain.step(1)
    assert np.array_equal(stacked.observe(), np.concatenate([first, first, plain.observe()]))
    assert tasks.shape("gym/CartPole-v1", settings(stack=3)).observation == (12,)


def test_keyword_arguments_reach_the_environment(folder):
    environment = tasks.make("gym/line:Line-v0", settings(kwargs__bonus=7.25))
    environment.reset(0)
    reward, over = 0.0, False
    while not over:
        reward, over, _ = environment.step(1)
    assert reward == 7.0


def test_images_of_bytes_stay_bytes_and_grey_ones_get_an_axis():
    given = settings(wrappers=["GrayscaleObservation"], stack=2)
    shape = tasks.shape("gym/CarRacing-v3", given)
    assert (shape.observation, shape.dtype, shape.high) == ((96, 96, 2), "uint8", 255.0)


@each(
    "given, says",
    [
        ({"wrappers": ["ClipRewrd"]}, r"env.wrappers: unknown wrapper .*did you mean 'ClipReward'"),
        ({"wrappers": ["ClipReward"]}, "env.wrappers: 'ClipReward' cannot wrap .*InvalidBound"),
        ({"wrappers": ["gone.py:X"]}, "env.wrappers: 'gone.py:X' does not load: .*does not exist"),
        (
            {"wrappers": ["wrap.py:Scal"]},
            "env.wrappers: 'wrap.py:Scal' does not load: .*defines no",
        ),
        ({"wrappers": ["wrap.py:broken"]}, "env.wrappers: 'wrap.py:broken' cannot wrap .*no ROM"),
        (
            {"wrappers": ["wrap.py:nothing"]},
            "env.wrappers: .* must give an environment, but gave a N",
        ),
        (
            {"wrappers": [{"ClipReward": 3}]},
            "env.wrappers must be a list of names, each alone or as",
        ),
        ({"wrappers": ["NormalizeObservation"]}, "not repeatable with env.wrappers=.*np_random"),
        ({"wrappers": ["wrap.py:Forgetful"]}, "not repeatable"),
        ({"wrappers": ["vector"]}, "unknown wrapper"),
        (
            {"kwargs__gravity": 3},
            "cannot be played with env.kwargs.gravity=3: TypeError: .*gravity",
        ),
        ({"repeat": 0}, "env.repeat must be at least 1"),
    ],
)
def test_settings_that_do_not_fit_are_refused(folder, given, says):
    params = {f"env.{name.replace('__', '.')}": value for name, value in given.items()}
    with pytest.raises(ValueError, match=says):
        dqn.Learner.check(params, "gym/CartPole-v1")


@pytest.mark.parametrize("name", ["env.repeat", "env.stack", "env.kwargs.x"])
@pytest.mark.parametrize("task", ["minatar/breakout", "navigation/3", "box2d/BipedalWalker-v3"])
def test_settings_that_a_family_does_not_take_are_refused(name, task):
    learner = dqn.Learner if task.startswith("minatar") else sac.Learner
    setting = name.removesuffix(".x")
    with pytest.raises(ValueError, match=rf"{setting} is no setting of '{task}'; .* gym/"):
        learner.check({name: 2}, task)


def test_episodes_with_settings_are_restored_exactly(folder):
    given = settings(repeat=2, stack=2, wrappers=[{"wrap.py:Scale": {"by": 3.0}}])
    keys, task = streams.keys([4], "episodes"), "gym/CartPole-v1"
    whole, restored = (Episodes([task], keys, 1, settings=given) for _ in range(2))
    whole.start()
    for action in np.random.default_rng(0).integers(0, 2, 40):
        _, terminals, _ = whole.step(np.array([[action]]))
        if terminals.any():
            whole.restart(0, 0)
    restored.load(0, whole.save(0))
    assert np.array_equal(restored.observations, whole.observations)
    for name in ("returns", "lengths", "taken"):
        assert np.array_equal(getattr(restored, name), getattr(whole, name)), name
    assert whole.returns[0, 0] == 2 * whole.lengths[0, 0]


OWN = """
from agents.envs.outcome import Outcome
from agents.envs.minatar import Environment as Game
from agents.envs.settings import PLAIN


class Own(Game):
    settings = ("env.repeat",)
    extra = ("",)

    @staticmethod
    def shape(task, settings=PLAIN):
        return Game.shape(task)

    def __init__(self, task, settings, training):
        super().__init__(task)
        self.described, self.times, self.factor = Game.shape(task), settings.repeat, 2 + training

    def step(self, action):
        _, ended, _ = super().step(action)
        return Outcome(self.factor * 1.5, ended, False, 1.5, self.times)
"""


def test_a_family_of_ones_own_may_take_settings_and_tell_rewards_from_scores(tmp_path):
    pytest.importorskip("minatar")
    (tmp_path / "own.py").write_text(OWN)
    task = f"{tmp_path}/own.py:Own/breakout"
    dqn.Learner.check({"env.repeat": 3}, task)
    with pytest.raises(ValueError, match=r"env.stack is no setting of .*, which takes env.repeat"):
        dqn.Learner.check({"env.stack": 3}, task)
    for training, factor in ((True, 3), (False, 2)):
        environment = tasks.make(task, settings(repeat=3), training)
        environment.reset(0)
        outcome = environment.step(0)
        assert (outcome.reward, outcome.score, outcome.steps) == (factor * 1.5, 1.5, 3)
