"""Atari's games against Gymnasium's preprocessing; lives, sticky actions, restoring, refusals."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from agents import streams
from agents.envs import atari, tasks
from agents.envs.settings import Settings
from agents.learners import dqn
from agents.training.episodes import Episodes

gymnasium = pytest.importorskip("gymnasium")
ale_py = pytest.importorskip("ale_py")
cv2 = pytest.importorskip("cv2")


def made(game: str, training: bool = True, **given):
    return tasks.make(f"atari/{game}", Settings(**given), training)


def theirs(name: str, life_ends: bool, size: int, repeat: int, stack: int = 4, **given):
    """Gymnasium's preprocessing; the stack of an episode begins with copies of its first frame."""
    gymnasium.register_envs(ale_py)
    registered = {"frameskip": 1, "repeat_action_probability": 0.0, "full_action_space": False}
    env = gymnasium.make(f"ALE/{name}-v5", **registered, **given).unwrapped
    wrapped = gymnasium.wrappers.AtariPreprocessing(
        env, noop_max=0, frame_skip=repeat, screen_size=size, terminal_on_life_loss=life_ends
    )
    return gymnasium.wrappers.FrameStackObservation(wrapped, stack, padding_type="reset")


@pytest.mark.parametrize(
    ("name", "life_ends", "size", "repeat"),
    [("Breakout", True, 84, 4), ("Seaquest", True, 42, 4), ("Qbert", False, 84, 3)],
)
def test_frames_points_and_ends_are_those_of_gymnasium(name, life_ends, size, repeat):
    """Also after lives that are lost, where our stack begins again, and after games."""
    ours = made(name.lower(), noops=0, size=size, repeat=repeat, life_ends=life_ends)
    other, rng, ends = theirs(name, life_ends, size, repeat), np.random.default_rng(0), 0

    def begin() -> None:
        ours.reset(ends)
        assert np.array_equal(ours.observe(), np.moveaxis(other.reset(seed=ends)[0], 0, -1))

    begin()
    for _ in range(1000):
        action = int(rng.integers(ours.described.actions))
        found = ours.step(action)
        seen, points, terminated, truncated, _ = other.step(action)
        assert (found.score, found.terminated, found.truncated) == (points, terminated, truncated)
        assert np.array_equal(ours.observe()[..., -1], seen[-1])
        assert life_ends or np.array_equal(ours.observe(), np.moveaxis(seen, 0, -1))
        ends += terminated
        if ours.goes_on:
            ours.go_on()
        elif terminated:
            begin()
    assert ends > 1


def episode_until(environment, lost: bool):
    """Steps of random actions until a game, or an episode in it, is over."""
    rng = np.random.default_rng(1)
    for _ in range(2000):
        outcome = environment.step(int(rng.integers(environment.described.actions)))
        if outcome.terminated and (lost or not environment.goes_on):
            return outcome
        if environment.goes_on:
            environment.go_on()
    raise AssertionError("no episode ended")


def test_a_lost_life_ends_an_episode_of_training_and_its_game_goes_on():
    training, evaluating = (made("breakout", mode, size=16) for mode in (True, False))
    training.reset(2)
    evaluating.reset(2)
    assert training._game.lives() == 5
    episode_until(training, lost=True)
    assert training.goes_on and training._game.lives() == 4
    before = training._game.getFrameNumber()
    training.go_on()
    frames = np.split(training.observe(), 4, axis=-1)
    assert not training.goes_on and training._game.getFrameNumber() == before
    assert all(np.array_equal(frame, frames[0]) for frame in frames)
    assert episode_until(evaluating, lost=False).terminated
    assert evaluating._game.lives() == 0 and not evaluating.goes_on


def test_rewards_are_clipped_in_training_alone_and_scored_as_they_are():
    found = {}
    for training, clips in itertools.product((True, False), repeat=2):
        environment = made("space_invaders", training, size=16, clip_rewards=clips, noops=0)
        environment.reset(0)
        outcomes = [environment.step((1, 4, 5)[step // 5 % 3]) for step in range(100)]
        assert max(one.score for one in outcomes) > 1
        found[training, clips] = sum(one.reward != one.score for one in outcomes)
        assert all(one.reward in (one.score, 1.0) for one in outcomes)
    assert found.pop((True, True)) > 0 and set(found.values()) == {0}


def test_a_member_is_restored_in_the_middle_of_a_game_with_sticky_actions():
    task, given = "atari/breakout", Settings(sticky=0.25, size=16)
    keys, rng = streams.keys([5], "episodes"), np.random.default_rng(3)
    whole, restored = (Episodes([task], keys, 1, settings=given) for _ in range(2))
    whole.start()
    lives, state, kept = 0, None, rng.integers(150, 200)
    for step in range(260):
        if step == kept:
            state = whole.save(0)
            assert lives > 0, "no life was lost before"
            restored.load(0, state)
        action = rng.integers(4, size=(1, 1))
        outcomes = [whole.step(action)]
        if state is not None:
            outcomes.append(restored.step(action))
            assert np.array_equal(*(np.array(one) for one in outcomes))
            assert whole.returns[0, 0] == restored.returns[0, 0]
        for episodes in (whole, restored)[: len(outcomes)]:
            if outcomes[0][1][0, 0]:
                lives += episodes.goes_on(0, 0)
                episodes.restart(0, 0)
        if state is not None:
            assert np.array_equal(whole.observations, restored.observations)
            ram = (one.envs[0]._game.getRAM() for one in (whole, restored))
            assert np.array_equal(*ram)


def test_an_action_sticks_as_often_as_is_said():
    environment = made("freeway", sticky=0.25, repeat=1, noops=0, size=16)
    environment.reset(0)
    held = []
    for step in range(1500):
        before, action = environment._held, 1 + step % 2
        environment.step(action)
        if before != environment._codes[action]:
            held.append(environment._held == before)
    assert np.mean(held) == pytest.approx(0.25, abs=0.04)


def test_a_game_begins_with_up_to_so_many_no_ops():
    environment = made("freeway", noops=3, size=16)
    begun = set()
    for seed in range(40):
        environment.reset(seed)
        begun.add(environment._game.getEpisodeFrameNumber())
    assert begun == {0, 1, 2, 3}


def test_a_game_is_truncated_after_so_many_frames():
    environment = made("freeway", most_frames=10, noops=0, size=16)
    environment.reset(0)
    outcomes = [environment.step(0) for _ in range(3)]
    assert [(one.terminated, one.truncated, one.steps) for one in outcomes] == [
        (False, False, 4), (False, False, 4), (False, True, 2)
    ]  # fmt: skip
    screen = cv2.resize(
        environment._game.getScreenGrayscale(), (16, 16), interpolation=cv2.INTER_AREA
    )
    assert np.array_equal(environment.observe()[..., -1], screen), "what is on the screen then"
    assert not np.array_equal(environment.observe()[..., -2], screen)


def test_tables_of_games_are_those_of_ale_py():
    assert len(atari.Environment.tasks) == 54 and set(atari.Environment.tasks) <= {*atari._games()}
    for name in ("enduro", "asteroids", "assault"):
        assert tasks.shape(f"atari/{name}").actions == atari._minimal_actions(name)
    assert tasks.shape("atari/video_pinball").actions == 9
    assert tasks.shape("atari/pong", Settings(actions="full")).actions == 18
    assert tasks.shape("atari/pong").observation == (84, 84, 4)


def test_games_are_those_that_the_emulator_takes():
    """It ends the process at any other."""
    roms = sorted(atari._roms().glob("*.bin"))
    taken = [rom.stem for rom in roms if ale_py.ALEInterface.isSupportedROM(str(rom))]
    assert list(atari._games()) == taken and len(roms) > len(taken)


def test_it_can_be_filmed_and_says_which_rom_it_is():
    environment = made("pong", size=16)
    environment.reset(0)
    assert environment.render().shape == (210, 160, 3) and environment.pictures_per_s == 15.0
    told = tasks.describe("atari/pong")
    assert told["ale_py"] and told["opencv-python-headless"] and len(told["rom"]) == 36


@pytest.mark.parametrize(
    ("task", "given", "says"),
    [
        ("brekout", {}, "did you mean 'atari/breakout'"),
        ("combat", {}, "'atari/combat' cannot be had: it is for two players"),
        ("warlord", {}, "did you mean 'atari/"),
        ("breakout", {"most_frames": 3 * 10**9}, "env.most_frames must be at most 2e.09, got 3"),
        ("breakout", {"size": 4}, "env.size must be at least 8, got 4"),
        ("breakout", {"sticky": 1.5}, "env.sticky must be at most 1, got 1.5"),
        ("breakout", {"noops": -1}, "env.noops must be at least 0, got -1"),
        ("breakout", {"actions": "all"}, "env.actions must be one of minimal, full, got 'all'"),
        ("breakout", {"clip_rewards": 1}, "env.clip_rewards must be true or false, got 1"),
        ("breakout", {"most_frames": 29}, "env.most_frames must be above env.noops.* 29 no-ops"),
        ("breakout", {"camera": 1}, "env.camera is no setting of 'atari/breakout', which takes"),
    ],
)
def test_what_does_not_fit_is_refused_before_anything_starts(task, given, says):
    params = {f"env.{name}": value for name, value in given.items()}
    with pytest.raises(ValueError, match=says):
        dqn.Learner.check(params, f"atari/{task}")


@pytest.mark.parametrize("task", ["breakout", "brekout"])
def test_where_the_emulator_is_missing_the_extra_is_named(monkeypatch, task):
    monkeypatch.setattr(tasks, "is_installed", lambda module: module != "ale_py")
    with pytest.raises(ValueError, match=r"needs ale_py, .* pip install -e '\.\[atari\]'"):
        dqn.Learner.check({}, f"atari/{task}")


def test_a_repetition_of_one_is_not_the_default_of_games():
    given = dqn.Learner.complete({"env.repeat": 1, "env.stack": 1})
    environment = tasks.make("atari/pong", Settings.of(given))
    environment.reset(0)
    assert environment.step(0).steps == 1 and environment.observe().shape == (84, 84, 1)
    dqn.Learner.check(given, "minatar/breakout")
