"""Every learner trains on a GPU, and there its numbers are the CPU's but for rounding."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from agents import lookup
from tests.contracts.test_packs import NAMES, VARIANTS, runs

if not torch.cuda.is_available():  # hundreds of skipped tests take seconds
    pytest.skip("no GPU", allow_module_level=True)
BEGIN = 40


@pytest.fixture(params=NAMES)
def learner(request: pytest.FixtureRequest) -> Any:
    return lookup.find("learners", request.param)


def test_a_pack_on_a_gpu_trains_reports_saves_drops_and_resumes(learner):
    made = runs(learner)
    pack = learner.start(made, [None] * 3, "cuda")
    pack.train(BEGIN)
    state = pack.save(1)
    pack.drop([0])
    reports = finish(pack)
    assert {r.member for r in reports if r.done} == {1, 2}
    assert all(np.isfinite(list(r.metrics.values())).all() for r in reports)
    assert finish(learner.start(made[1:2], [state], "cuda"))[-1].done
    assert all(np.isfinite(array).all() for array in pack.weights(2).values())


def test_a_pack_is_sized_by_the_memory_of_the_gpu(learner):
    run = runs(learner)[0]
    assert 1 <= learner.pack_size(run.params, run.task, "cuda") <= 256


@pytest.mark.parametrize("variant", [name for name in VARIANTS if name != "published sizes"])
def test_updates_on_a_gpu_are_those_of_the_cpu(learner, variant):
    made = runs(learner, variant, diagnostics=())
    first = learner.start(made, [None] * 3, "cpu")
    first.train(BEGIN)
    states = [first.save(member) for member in range(3)]
    ends = {}
    for device in ("cpu", "cuda"):
        pack = learner.start(made, [dict(state) for state in states], device)
        pack.train(BEGIN + 4)
        ends[device] = [pack.save(member) for member in range(3)]
    for mine, theirs in zip(*ends.values(), strict=True):
        for name in mine:
            if name.startswith("learner."):
                gap = np.linalg.norm(np.subtract(theirs[name], mine[name], dtype=np.float64))
                assert gap <= 2e-3 * np.linalg.norm(mine[name]) + 1e-6, name


def finish(pack: Any) -> list[Any]:
    reports: list[Any] = []
    while not (reports and reports[-1].done):
        reports += pack.advance()
    return reports
