"""A population of DQN agents: copies go on from whole states, bit for bit, under new numbers."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

from agents.learners.dqn import Learner
from sweeper.trainable.contract import defaults_of
from sweeper.trainable.population.members import Members, taken
from sweeper.trainable.population.rules import POPULATION, Rules
from sweeper.trainable.population.trainable import PopulationTrainable

DESCRIBED: dict[str, Any] = {
    "size": 4,
    "every": 40,
    "over": {
        "optimizer.lr": {"kind": "float", "low": 1e-4, "high": 1e-2, "log": True},
        "gamma": {"kind": "float", "values": [0.9, 0.99]},
    },
    "quantile": 0.25,
    "perturb": [0.5, 2.0],
    "resample": 0.0,
    "frequencies": [1],
    "metric": "train_return",
    "direction": "maximize",
}
RULES = Rules.of_json(DESCRIBED)
TRAINABLE = PopulationTrainable(Learner, DESCRIBED)
SMALL = {
    "network.convs": (2,),
    "network.hidden": 8,
    "batch_size": 8,
    "warmup_steps": 16,
    "replay.capacity": 64,
}
EVALUATION = SimpleNamespace(
    every=40, episodes=None, steps=20, cap=20, unfinished="count", streams=1
)


def run() -> Any:
    known = defaults_of(TRAINABLE.parameters) | SMALL
    params = {name: value for name, value in known.items() if name in Learner.complete(known)}
    params = {**params, POPULATION: DESCRIBED}
    return SimpleNamespace(
        id="r", params=params, task="minatar/breakout", seed=1, steps=120, evaluation=EVALUATION
    )


def until(pack: Any, step: int) -> list[Any]:
    """What it reports up to a step, that of the step itself included."""
    reports: list[Any] = []
    while not reports or reports[-1].step < step:
        reports += pack.advance()
    return reports


def test_one_continued_equals_the_uninterrupted_bit_for_bit() -> None:
    pack: Any = TRAINABLE.start([run()], [None], "cpu")
    reports, states = [], {}
    for step in (40, 80, 120):
        reports += until(pack, step)
        states[step] = pack.save(0)
    assert [report.step for report in reports] == [40, 80, 120]
    parents = [report.metrics[f"{POPULATION}.parent.{n}"] for report in reports for n in range(4)]
    assert parents[:4] == [0, 1, 2, 3] and parents[4:] != 2 * [0, 1, 2, 3]
    for step in (40, 80):
        again: Any = TRAINABLE.start([run()], [dict(states[step])], "cpu")
        found = until(again, 120)
        assert [r.metrics for r in found] == [r.metrics for r in reports if r.step > step]
        last = again.save(0)
        assert last.keys() == states[120].keys()
        assert all(np.array_equal(last[name], states[120][name]) for name in last)


def test_a_copy_begins_with_its_parents_state_and_learns_by_its_own_numbers() -> None:
    pack: Any = TRAINABLE.start([run()], [None], "cpu")
    until(pack, 40)
    before = pack.save(0)
    members = Members.load(before, RULES).evolved(RULES, 1)
    (copy,) = [one for one, parent in enumerate(members.parents) if one != parent]
    parent = members.parents[copy]
    theirs, own = (taken(dict(before), one) for one in (parent, copy))
    assert members.params[copy] != members.params[parent]
    pack._evolve()
    after = taken(pack.save(0), copy)
    assert all(np.array_equal(after[name], theirs[name]) for name in theirs)
    assert any(not np.array_equal(after[name], own[name]) for name in own)
    assert taken(pack.save(0), parent).keys() == theirs.keys()
    until(pack, 80)
    later = [taken(pack.save(0), one) for one in (copy, parent)]
    weights = [name for name in theirs if name.startswith("learner") and theirs[name].ndim > 1]
    assert weights
    assert any(not np.array_equal(later[0][name], later[1][name]) for name in weights)


def test_the_weights_that_are_kept_are_the_leaders() -> None:
    pack: Any = TRAINABLE.start([run()], [None], "cpu")
    reports = until(pack, 120)
    leader = int(reports[-1].metrics[f"{POPULATION}.leader"])
    state = taken(pack.save(0), leader)
    kept = pack.weights(0)
    played = TRAINABLE.play(run(), kept, 120, None, None)
    assert np.mean(played.returns) == reports[-1].metrics["return"]
    told = {name: kept.pop(name) for name in [*kept] if name.startswith(POPULATION)}
    assert told.pop(f"{POPULATION}.leader") == leader
    for name, value in told.items():
        assert value == reports[-1].metrics[f"{name}.{leader}"]
    saved = {name: [one for key, one in state.items() if key.endswith(f".{name}")] for name in kept}
    assert kept and all(any(np.array_equal(kept[n], one) for one in saved[n]) for n in kept)


def test_its_memory_is_that_of_all_members() -> None:
    params, task = run().params, run().task
    member = {n: v for n, v in params.items() if n != POPULATION}
    one = Learner.state_bytes(member, task, 120)
    assert TRAINABLE.state_bytes(params, task, 120) == 4 * one
    pack = Learner.pack_bytes(member, task, 120, 4)
    assert TRAINABLE.pack_bytes(params, task, 120, 1) == pack + 6 * one
