"""Studies that Optuna advises on and that are killed again and again decide as others do."""

from __future__ import annotations

import random
import time

import pytest

from sweeper.study.study import Study
from tests.helpers.advised_study import maker, work
from tests.helpers.killed_workers import spawn
from tests.helpers.kills import KILLS


@pytest.fixture
def make(tmp_path):
    return maker(tmp_path)


@pytest.mark.parametrize("case", KILLS)
def test_a_study_that_is_killed_and_replayed_decides_as_one_that_was_not(make, case):
    calm = work(make(name="calm", **KILLS[case]))
    started = make(name="killed", **KILLS[case], limits={"deaths": 99})
    rng, kills = random.Random(case), 0
    while not Study.open(started.folder).ended:
        worker = spawn(started, workers=1)
        planned = len(list(started.paths.trials.glob("*[0-9]")))
        if kills < 2:
            deadline = time.monotonic() + 300
            while (
                len(list(started.paths.trials.glob("*[0-9]"))) <= planned
                and worker.is_alive()
                and time.monotonic() < deadline
            ):
                time.sleep(0.01)
            time.sleep(rng.uniform(0, 0.4))
            worker.kill()
            kills += 1
        worker.join(300)
    killed = Study.open(started.folder)
    assert [t.labels for t in killed.plan.trials] == [t.labels for t in calm.plan.trials]
    states = [found.ledger_state() for found in (calm, killed)]
    ends = [[ledger_state.runs[run.id] for run in calm.plan.runs] for ledger_state in states]
    assert [(end.state, end.step, end.score) for end in ends[0]] == [
        (end.state, end.step, end.score) for end in ends[1]
    ]
    judged = [
        {
            trial: {step: (line.prune, line.value) for step, line in steps.items()}
            for trial, steps in ledger_state.judged.items()
        }
        for ledger_state in states
    ]
    assert judged[0] == judged[1]
    if "pruner" in KILLS[case]:
        ended = "paused" if case == "promotion" else "pruned"
        assert {end.state for end in ends[0]} == {"complete", ended}
