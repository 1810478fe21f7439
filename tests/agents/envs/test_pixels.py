"""Tasks that are seen: frames, stacks, repetition, and that pictures are the same everywhere."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import threading

import numpy as np
import pytest

from agents import streams
from agents.envs import display, dmc_pixels, drawing, tasks
from agents.envs.settings import Settings
from agents.learners import dqn, sac
from agents.training.episodes import Episodes
from tests.helpers import pictures
from tests.helpers.paths import ROOT
from tests.helpers.pictures import MANY, acted, begun, digest, stepped

SWINGUP = "dmc_pixels/cartpole-swingup"
SMALL = {"size": 32, "quality": "lean"}


@pytest.fixture
def draws():
    """Skips where nothing draws."""
    pictures.needed()


def settings(**given):
    return Settings.of({f"env.{name}": value for name, value in {**SMALL, **given}.items()})


def test_frames_are_stacked_oldest_first_and_begin_with_copies_of_the_first(draws):
    stacked = acted(tasks.make(SWINGUP, settings(stack=3)), 4)
    frames = acted(tasks.make(SWINGUP, settings()), 4)
    assert all(not np.array_equal(a, b) for a, b in itertools.pairwise(frames))
    for t, seen in enumerate(stacked):
        assert np.array_equal(seen, np.concatenate([frames[max(0, t - n)] for n in (2, 1, 0)], -1))
    assert stacked[0].shape == (32, 32, 9) and stacked[0].dtype == np.uint8


def test_an_action_is_repeated_and_its_rewards_are_added_up(draws):
    environment, plain = (tasks.make(SWINGUP, settings(repeat=n)) for n in (3, 1))
    action, over = np.array([0.3], np.float32), False
    environment.reset(0)
    plain.reset(0)
    steps = 0
    while not over:
        outcome = environment.step(action)
        inner = [plain.step(action) for _ in range(outcome.steps)]
        over = outcome.truncated
        assert outcome.score == outcome.reward == pytest.approx(sum(step[0] for step in inner))
        assert outcome.steps == (1 if over else 3) and inner[-1][2] == over
        steps += outcome.steps
        if steps % 300 == 0:
            assert np.array_equal(environment.observe(), plain.observe())
    assert steps == 1000


@pytest.fixture
def suite_draws(draws, monkeypatch):
    """dm_control draws with what we draw with, also where it was imported before that."""
    from dm_control import _render

    display.display()
    chosen = {"egl": _render._import_egl, "osmesa": _render._import_osmesa}
    monkeypatch.setattr(_render, "Renderer", chosen[os.environ["MUJOCO_GL"]]())


def test_near_pictures_are_near_to_those_of_the_suite(suite_draws):
    """Also of targets that an episode moves, and when both draw in turns."""
    for seed, task in enumerate(["reacher-easy", "cartpole-swingup", "reacher-easy"]):
        ours = tasks.make(f"dmc_pixels/{task}", Settings(size=48))
        ours.reset(seed)
        seen, physics = ours.observe().astype(int), ours._states.physics
        vars(physics).pop("_make_rendering_contexts", None)
        theirs = physics.render(48, 48, camera_id=0).astype(int)
        assert np.abs(seen - theirs).mean() < 1.0 < seen.std()
        ours.step(np.ones(ours.described.actions, np.float32))
        assert not np.array_equal(ours.observe(), seen)
        assert not np.array_equal(physics.render(48, 48, camera_id=0), theirs)


def test_frames_are_those_of_a_fresh_process_whatever_else_is_drawn_between(draws):
    made = [
        (task, tasks.make(task, given)) for task, given in [*MANY.items(), *reversed(MANY.items())]
    ]
    seen = [[begun(environment)] for _, environment in made]
    for _ in range(6):
        for (_, environment), frames in zip(made, seen, strict=True):
            frames.append(stepped(environment))
    programs = {
        task: subprocess.Popen(
            [sys.executable, "-m", pictures.__name__, task], cwd=ROOT, stdout=subprocess.PIPE
        )
        for task in MANY
    }
    alone = {task: program.communicate()[0].decode().strip() for task, program in programs.items()}
    for (task, _), frames in zip(made, seen, strict=True):
        assert digest(frames) == alone[task], task


def test_a_forked_process_draws_the_same_and_ends(draws):
    """As those of multiprocessing do, which end at once."""
    code = f"""
import os
from tests.helpers.pictures import MANY, acted, digest, tasks
environment = tasks.make({SWINGUP!r}, MANY[{SWINGUP!r}])
before = digest(acted(environment, 2))
child = os.fork()
same = digest(acted(environment, 2)) == before
if not child:
    os._exit(not same)
assert same and os.waitpid(child, 0)[1] == 0
"""
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("named", display._LIBRARIES)
def test_what_is_named_to_draw_need_not_be_there(draws, named):
    """The other one draws then; the suite cannot be imported with one that is missing."""
    if display._found(display._LIBRARIES[named]):
        pytest.skip("it is there")
    command = [sys.executable, "-m", pictures.__name__, SWINGUP]
    given = {**os.environ, "MUJOCO_GL": named}
    done = subprocess.run(command, cwd=ROOT, env=given, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_threads_take_turns(draws):
    environment = tasks.make(SWINGUP, settings())
    here, there = digest(acted(environment, 2)), []
    for _ in range(2):
        thread = threading.Thread(target=lambda: there.append(digest(acted(environment, 2))))
        thread.start()
        thread.join()
    assert there == [here, here] == [digest(acted(environment, 2))] * 2


def test_an_episode_is_restored_without_drawing_it_all(draws, monkeypatch):
    given, keys = settings(stack=3, repeat=2), streams.keys([4], "episodes")
    whole, restored = (Episodes([SWINGUP], keys, 1, settings=given) for _ in range(2))
    whole.start()
    for action in np.random.default_rng(0).uniform(-1, 1, (9, 1, 1)).astype(np.float32):
        whole.step(action)
    drawn, draw = [], drawing.Painter.draw
    monkeypatch.setattr(drawing.Painter, "draw", lambda *a: drawn.append(1) or draw(*a))
    restored.load(0, whole.save(0))
    assert len(drawn) == 1 + 3
    assert np.array_equal(restored.observations, whole.observations)
    assert restored.returns[0, 0] == whole.returns[0, 0]
    assert restored.taken[0, 0] == whole.taken[0, 0] == 18


def test_what_is_filmed_is_larger_and_changes_nothing(draws):
    environment = tasks.make(SWINGUP, settings(repeat=2))
    first = acted(environment, 2)
    environment.reset(3)
    film = [environment.render()]
    for _ in range(2):
        environment.step(np.array([0.5], np.float32))
        film.append(environment.render())
    assert np.array_equal(environment.observe(), first[-1])
    assert film[0].shape == (240, 320, 3) and film[0].dtype == np.uint8
    assert not np.array_equal(film[0], film[1]) and film[0].std() > 1
    assert environment.pictures_per_s == 50.0


@pytest.mark.parametrize("task", ["ball_in_cup-catch", "fish-swim", "swimmer-swimmer6"])
def test_cameras_are_those_of_the_models(task):
    suite = pytest.importorskip("dm_control.suite")
    cameras = suite.load(*task.split("-")).physics.model.ncam
    dmc_pixels.Environment.check(task, Settings(camera=cameras - 1))
    with pytest.raises(ValueError, match=rf"{task}' \(0, .*{cameras - 1}\), got {cameras}"):
        dmc_pixels.Environment.check(task, Settings(camera=cameras))


@pytest.mark.parametrize(
    ("task", "given", "says"),
    [
        ("cartpole-swingup", {"size": 4}, "env.size must be at least 8, got 4"),
        ("cartpole-swingup", {"size": 4096}, "env.size must be at most 512, got 4096"),
        ("cartpole-swingup", {"stack": 0}, "env.stack must be at least 1, got 0"),
        ("cartpole-swingup", {"repeat": 0}, "env.repeat must be at least 1, got 0"),
        ("cartpole-swingup", {"quality": "good"}, "env.quality must be one of near, lean"),
        ("cartpole-swingup", {"camera": -1}, "env.camera must be at least 0, got -1"),
        (
            "cheetah-run",
            {"camera": 2},
            r"env.camera must be a camera of 'dmc_pixels/cheetah-run' \(0, 1\), got 2",
        ),
        ("cartpole-swingup", {"wrappers": ["X"]}, "env.wrappers is no setting of .* env.size"),
        ("quadruped-escape", {}, "cannot be had: its ground is another in each episode"),
        ("cheetah-rum", {}, "did you mean 'dmc_pixels/cheetah-run'"),
    ],
)
def test_what_does_not_fit_is_refused_before_anything_starts(task, given, says):
    params = {f"env.{name}": value for name, value in given.items()}
    with pytest.raises(ValueError, match=says):
        sac.Learner.check(params, f"dmc_pixels/{task}")


@pytest.mark.parametrize("name", ["size", "camera"])
def test_tasks_without_pictures_take_none_of_their_settings(name):
    for learner, task in ((sac.Learner, "dmc/cheetah-run"), (dqn.Learner, "minatar/breakout")):
        with pytest.raises(
            ValueError, match=rf"env.{name} is no setting of .*: (atari/…, )?dmc_pixels/…"
        ):
            learner.check({f"env.{name}": 16}, task)


def test_where_nothing_draws_debian_s_packages_are_named(monkeypatch):
    monkeypatch.setattr(display, "_found", lambda library: None)
    monkeypatch.setattr(display, "_DISPLAYS", {})
    with pytest.raises(ValueError, match=r"EGL: .*OSMesa: .*libegl1, libopengl0 and libgl1-mesa"):
        tasks.make(SWINGUP)


@pytest.mark.parametrize("asked", ["99", "-1", "cuda"])
def test_a_device_that_is_not_there_is_named(monkeypatch, asked):
    if not display._found("EGL"):
        pytest.skip("EGL is not installed")
    monkeypatch.setattr(display, "_DISPLAYS", {})
    monkeypatch.setattr(display, "_LIBRARIES", {"egl": "EGL", "osmesa": "none of this name"})
    monkeypatch.setenv("MUJOCO_EGL_DEVICE_ID", asked)
    with pytest.raises(ValueError, match=rf"EGL: MUJOCO_EGL_DEVICE_ID must be .*, got '{asked}'"):
        display.display()


def test_a_study_records_what_draws_and_planning_loads_none_of_it():
    code = (
        "import sys\n"
        "from agents.envs import tasks\n"
        f"print(tasks.describe('{SWINGUP}'))\n"
        "print(sorted({'mujoco', 'dm_control', 'OpenGL'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    told, loaded = done.stdout.splitlines()
    assert loaded == "[]" and "'renderer': " in told
    if pictures.nothing_draws() is None:
        assert "'OpenGL': " in told and display.display().described()["renderer"] in told


class Seeing(sac.Learner):
    """A learner with settings of its own, some of which it leaves."""

    parameters = sac.Learner.parameters | {
        "env.size": dqn.Parameter(int, 20, low=8),
        "env.stack": dqn.Parameter(int, 3, low=1),
    }


def test_a_learner_may_have_settings_of_its_own():
    complete = Seeing.complete({})
    assert Seeing.shape_of(complete, SWINGUP).observation == (20, 20, 9)
    assert Seeing.shape_of(complete | {"env.size": 9}, SWINGUP).observation == (9, 9, 9)
    assert complete["env.repeat"] is None and complete["env.quality"] is None
    assert sac.Learner.shape_of({}, SWINGUP).observation == (84, 84, 3)
    assert [*Seeing.parameters] == [*sac.Learner.parameters]
