"""A population in its pack: rounds, leaders, members that diverge, and exact states at any step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from sweeper.trainable.population.evolution import first_generation, next_generation
from sweeper.trainable.population.members import member_run
from sweeper.trainable.population.rules import POPULATION, Rules
from sweeper.trainable.population.trainable import PopulationTrainable
from tests.helpers.counter_agent import Counter, CounterPack, Report

DESCRIBED: dict[str, Any] = {
    "size": 8,
    "every": 20,
    "over": {"size": {"kind": "float", "low": 0.1, "high": 0.9}},
    "quantile": 0.25,
    "perturb": [0.8, 1.2],
    "resample": 0.25,
    "frequencies": [1, 2],
    "metric": "value",
    "direction": "maximize",
}
RULES = Rules.of_json(DESCRIBED)
EVERY = SimpleNamespace(every=10)


def run(seed: int = 3, steps: int = 100, **params: Any) -> Any:
    known = {"width": 1, "pause_s": 0.0, "nan_at": -1, "raise_at": -1, "bad_seed": 0}
    params = {**known, POPULATION: DESCRIBED, **params}
    return SimpleNamespace(
        id="r", params=params, task="line", seed=seed, steps=steps, evaluation=EVERY
    )


def trainable(agent: Any = Counter) -> PopulationTrainable:
    return PopulationTrainable(agent, DESCRIBED)


def trained(pack: Any) -> list[Any]:
    """All reports until the end."""
    reports: list[Any] = []
    while not (reports and reports[-1].done):
        reports += pack.advance()
    return reports


def whole(agent: Any = Counter, **keys: Any) -> list[Any]:
    return trained(trainable(agent).start([run(**keys)], [None], "cpu"))


def of_all(report: Any, what: str, size: int = 8) -> list[float | None]:
    return [report.metrics.get(f"{POPULATION}.{what}.{member}") for member in range(size)]


def test_the_schedule_follows_from_what_was_reported_and_the_seed_alone() -> None:
    reports = whole(seed=11)
    params = first_generation(RULES, 11)
    parents: list[int] = [*range(8)]
    for report in reports:
        assert of_all(report, "size") == [own["size"] for own in params]
        assert of_all(report, "parent") == parents
        if report.step % RULES.every == 0:
            scores = of_all(report, "value")
            made = next_generation(scores, params, RULES, 11, report.step // RULES.every)
            parents, params = [one for one, _ in made], [dict(own) for _, own in made]
    assert [report.step for report in reports] == [*range(10, 101, 10)]
    assert parents != [*range(8)]


def test_a_member_trains_as_the_agent_does_with_its_state_and_hyperparameters() -> None:
    values, reports = [], whole(seed=11)
    params = first_generation(RULES, 11)
    alone = [member_run(run(11), n, {**run(11).params, **own}) for n, own in enumerate(params)]
    pack = CounterPack(alone, [None] * 8)
    for _ in range(2):
        pack.advance()
    values = list(pack.value)
    assert of_all(reports[1], "value") == values
    made = next_generation(values, params, RULES, 11, 1)
    again = [member_run(run(11), n, {**run(11).params, **own}) for n, (_, own) in enumerate(made)]
    states = [{"step": np.array(20), "value": np.array(values[one])} for one, _ in made]
    pack = CounterPack(again, states)
    pack.advance()
    assert of_all(reports[2], "value") == pack.value


@pytest.mark.parametrize("metric", ["value", "twice"])
def test_the_leader_was_best_one_evaluation_before(metric: str) -> None:
    reports = whole()
    leaders = [int(report.metrics[f"{POPULATION}.leader"]) for report in reports]
    assert leaders[0] == 0
    best = [int(np.argmax(of_all(report, "value"))) for report in reports]
    assert leaders[1:] == best[:-1] and len(set(leaders)) > 2
    factor = {"value": 1, "twice": 2}[metric]
    for leader, report in zip(leaders, reports, strict=True):
        assert report.metrics[metric] == factor * report.metrics[f"{POPULATION}.value.{leader}"]


def test_its_mean_is_no_maximum_over_noise() -> None:
    last = [whole(seed=seed, steps=40)[-1] for seed in range(60)]
    led = np.mean([report.metrics["value"] for report in last])
    most = np.mean([max(of_all(report, "value")) for report in last])  # type: ignore[type-var]
    assert abs(led - 0.5) < 0.12 and most > 0.8  # hops are as good as noise


@pytest.mark.parametrize("at", range(0, 100, 10))
def test_one_continued_at_any_step_equals_the_uninterrupted(at: int) -> None:
    expected, found = whole(seed=5), []
    pack: Any = trainable().start([run(5)], [None], "cpu")
    while pack.step < at:
        found += pack.advance()
    state = pack.save(0)
    assert all(isinstance(array, np.ndarray) for array in state.values())
    found += trained(trainable().start([run(5)], [dict(state)], "cpu"))
    assert [(r.step, r.metrics) for r in found] == [(r.step, r.metrics) for r in expected]


def test_one_is_continued_time_after_time() -> None:
    expected, found, state = whole(seed=5), [], None
    while not (found and found[-1].done):
        pack: Any = trainable().start([run(5)], [state], "cpu")
        found += pack.advance()
        state = pack.save(0)
    assert [r.metrics for r in found] == [r.metrics for r in expected]


class Fragile(Counter):
    """Members whose value comes beyond 0.97 diverge."""

    @classmethod
    def start(cls, runs: Any, states: Any, device: str) -> CounterPack:
        return FragilePack(runs, states)


class FragilePack(CounterPack):
    def _hop(self, i: int) -> list[Report]:
        reports = super()._hop(i)
        if self.value[i] > 0.97:
            return [Report(i, self.step, {"value": 99.0}, done=True, diverged=True)]
        return reports

    def save(self, member: int) -> dict[str, np.ndarray]:
        assert member in self.live
        return super().save(member)


def test_a_member_that_diverged_is_replaced_in_the_next_round() -> None:
    reports, lost = whole(Fragile, seed=1), 0
    for before, after in pairwise(reports):
        scores = of_all(before, "value")
        assert 99.0 not in scores and before.metrics["value"] < 0.97
        if before.step % RULES.every == 0:
            gone = [member for member, score in enumerate(scores) if score is None]
            parents = of_all(after, "parent")
            assert all(scores[int(parents[member] or 0)] is not None for member in gone)
            lost += len(gone)
    assert lost > 3 and not any(report.diverged for report in reports)


@pytest.mark.parametrize("at", [10, 20, 30, 50])
def test_one_with_members_that_diverged_is_continued_exactly(at: int) -> None:
    expected, found = whole(Fragile, seed=1), []
    pack: Any = trainable(Fragile).start([run(1)], [None], "cpu")
    while pack.step < at:
        found += pack.advance()
    found += trained(trainable(Fragile).start([run(1)], [pack.save(0)], "cpu"))
    assert [r.metrics for r in found] == [r.metrics for r in expected]


def test_the_run_diverges_where_all_members_did() -> None:
    class Doomed(Counter):
        @classmethod
        def start(cls, runs: Any, states: Any, device: str) -> CounterPack:
            return DoomedPack(runs, states)

    class DoomedPack(CounterPack):
        def _hop(self, i: int) -> list[Report]:
            found = super()._hop(i)
            gone = self.step == 25
            return [Report(i, self.step, {}, done=True, diverged=True)] if gone else found

    reports = whole(Doomed)
    assert [report.step for report in reports] == [10, 20, 30]
    assert reports[-1].diverged and reports[-1].metrics == {}


def test_an_agent_whose_members_report_apart_is_refused() -> None:
    class Apart(Counter):
        @classmethod
        def start(cls, runs: Any, states: Any, device: str) -> CounterPack:
            return ApartPack(runs, states)

    class ApartPack(CounterPack):
        def advance(self) -> list[Report]:
            return [report for report in super().advance() if report.member != 3]

    with pytest.raises(ValueError, match="report together, but at step 10 7 of 8 did"):
        whole(Apart)


def test_what_members_report_in_pieces_is_put_together() -> None:
    class Pieces(Counter):
        @classmethod
        def start(cls, runs: Any, states: Any, device: str) -> CounterPack:
            return PiecesPack(runs, states)

    class PiecesPack(CounterPack):
        def advance(self) -> list[Report]:
            whole = super().advance()
            first = [Report(one.member, one.step, {"twice": one.metrics["twice"]}) for one in whole]
            rest = [replace(one, metrics={"value": one.metrics["value"]}) for one in whole]
            return [*first, *rest]

    assert [(r.metrics, r.done) for r in whole(Pieces)] == [(r.metrics, r.done) for r in whole()]


def test_an_agent_that_goes_on_after_a_report_is_refused() -> None:
    class Hasty(Counter):
        @classmethod
        def start(cls, runs: Any, states: Any, device: str) -> CounterPack:
            return HastyPack(runs, states)

    class HastyPack(CounterPack):
        def advance(self) -> list[Report]:
            return [*super().advance(), *super().advance(), *super().advance()]

    with pytest.raises(ValueError, match="stop where they report"):
        whole(Hasty)


def test_members_seeds_are_their_own() -> None:
    seeds = [member_run(run(seed), member, {}).seed for seed in range(20) for member in range(16)]
    assert len(set(seeds)) == len(seeds) and all(0 <= seed < 2**32 for seed in seeds)
    assert seeds[:2] == [member_run(run(0), member, {}).seed for member in (0, 1)]


def test_parameters_are_the_agents_without_what_is_searched() -> None:
    made = trainable()
    assert set(made.parameters) == {*Counter.parameters, POPULATION} - {"size"}
    assert made.parameters[POPULATION].default == DESCRIBED and not made.packs


def test_members_that_would_share_no_pack_are_refused() -> None:
    described: Mapping[str, Any] = DESCRIBED | {
        "over": {"width": {"kind": "int", "low": 1, "high": 4}}
    }
    made = PopulationTrainable(Counter, described)
    params = {**run().params, POPULATION: described, "size": 1.0}
    with pytest.raises(ValueError, match=r"width cannot be searched by a population: 4 and 1"):
        made.check(params, "line")
    trainable().check(run().params, "line")


def test_what_the_agent_refuses_at_an_end_is_refused() -> None:
    described = DESCRIBED | {"over": {"width": {"kind": "int", "low": 1, "high": 99}}}
    with pytest.raises(ValueError, match="width must be at most 64, but got 99"):
        PopulationTrainable(Counter, described).check(
            {**run().params, POPULATION: described, "size": 1.0}, "line"
        )
