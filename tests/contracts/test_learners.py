"""Every learner in agents/learners keeps its side of the contract."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from agents import lookup
from agents.parameter import Parameter

NAMES = lookup.names("learners")


@pytest.fixture(params=NAMES)
def learner(request):
    return lookup.find("learners", request.param)


def test_parameters_have_valid_defaults_and_units_of_choice(learner):
    assert learner.metrics and learner.parameters
    for name, parameter in learner.parameters.items():
        assert isinstance(parameter, Parameter)
        parameter.check(name, parameter.default)


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
    params = learner.complete({"warmup_steps": 10})
    return SimpleNamespace(
        params=params, task=learner.tasks()[0], seed=seed, steps=50, evaluation=schedule
    )


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


def finish(pack) -> list:
    reports: list = []
    while not (reports and reports[-1].done):
        reports += pack.advance()
    return reports
