"""Every learner in agents/learners keeps its side of the contract."""

from __future__ import annotations

import re
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from agents import lookup
from agents.parameter import Parameter
from tests.helpers import pictures
from tests.helpers.paths import ROOT

NAMES = lookup.names("learners")


@pytest.fixture(params=NAMES)
def learner(request):
    return lookup.find("learners", request.param)


def test_parameters_have_valid_defaults_and_units_of_choice(learner):
    assert learner.metrics and learner.parameters
    for name, parameter in learner.parameters.items():
        assert isinstance(parameter, Parameter)
        parameter.check(name, parameter.default)


def test_every_agent_that_the_page_tells_of_is_there():
    page = (ROOT / "docs" / "how_to" / "choose_an_agent.md").read_text()
    table = page[page.index("| agent |") :].partition("\n\n")[0]
    told = re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)
    assert len(told) > 5 and set(told) <= set(NAMES)


def test_every_task_is_valid_with_the_defaults(learner):
    assert learner.tasks()
    for task in learner.tasks():
        learner.check({}, task)
        assert learner.layers({}, task) >= 2
        assert learner.pack_size(learner.complete({}), task, "cpu") >= 1
        assert isinstance(learner.signature({}, task), str)


def test_unknown_parameters_and_tasks_are_refused(learner):
    with pytest.raises(ValueError, match="nonsense"):
        learner.check({"nonsense": 1}, learner.tasks()[0])
    with pytest.raises(ValueError, match="nonsense/task"):
        learner.check({}, "nonsense/task")


def small_run(learner, seed: int) -> SimpleNamespace:
    schedule = SimpleNamespace(every=30, episodes=1, steps=None, cap=20)
    sizes = {"env.size": 16, "env.repeat": 1, "batch_size": 8, "critic.units": 32}
    sizes["env.quality"] = "lean"
    small = sizes if learner.images else {}
    if small:
        pictures.needed()
    params = learner.complete({"warmup_steps": 40, **small})
    task = next(task for task in learner.tasks() if not task.startswith(("atari/", "gym/")))
    return SimpleNamespace(params=params, task=task, seed=seed, steps=50, evaluation=schedule)


def test_a_pack_trains_reports_saves_and_resumes(learner):
    runs = [small_run(learner, seed) for seed in (0, 1)]
    pack = learner.start(runs, [None, None], "cpu")
    reports = finish(pack)
    assert [(r.member, r.step, r.done) for r in reports] == [
        (0, 30, False), (1, 30, False), (0, 50, True), (1, 50, True),
    ]  # fmt: skip
    assert all(set(r.metrics) <= set(learner.metrics) for r in reports)
    state = pack.save(1)
    assert all(isinstance(value, np.ndarray) for value in state.values())
    assert learner.start(runs[1:], [state], "cpu").step == pack.step == 50
    assert pack.progress >= 50


def test_a_state_in_pieces_is_the_state(learner):
    pack = learner.start([small_run(learner, seed) for seed in (0, 1)], [None, None], "cpu")
    pieces = []
    for step in (20, 45):
        pack.train(step)
        state, rows = pack.save_since(1, pieces[-1].end if pieces else 0)
        pieces.append(replace(rows, arrays={n: column[:] for n, column in rows.arrays.items()}))
    whole = pack.save(1)
    first, rows = pieces
    assert (first.begin, first.end, rows.begin, rows.end) == (0, 20, 20, 45)
    assert whole.keys() == state.keys() | rows.arrays.keys()
    for name, array in state.items():
        assert np.array_equal(array, whole[name])
    for name, array in rows.arrays.items():
        joined = np.concatenate((first.arrays[name], array))[rows.first - first.begin :]
        assert np.array_equal(joined, whole[name])


def test_weights_are_plain_arrays_of_one_member(learner):
    assert learner.keeps_weights
    runs = [small_run(learner, seed) for seed in (0, 1)]
    alone = learner.start(runs[1:], [None], "cpu").weights(0)
    packed = learner.start(runs, [None, None], "cpu").weights(1)
    assert alone.keys() == packed.keys()
    for name, array in alone.items():
        assert np.array_equal(array, packed[name])
        assert array.dtype == np.float32


def test_the_estimate_of_a_state_holds_once_the_replay_is_full(learner):
    run = small_run(learner, 0)
    run.params["replay.capacity"] = 30
    pack = learner.start([run], [None], "cpu")
    finish(pack)
    found = sum(array.nbytes for array in pack.save(0).values())
    assert learner.state_bytes(run.params, run.task, run.steps) == pytest.approx(found, rel=0.02)


def finish(pack) -> list:
    reports: list = []
    while not (reports and reports[-1].done):
        reports += pack.advance()
    return reports
