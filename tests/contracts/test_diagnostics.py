"""Every diagnostic measures every learner and leaves no trace in it.

That a pack, its members alone and continued runs are measured alike, test_packs.py tests.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest

from agents import lookup
from agents.diagnostics.base import Sample, SampleDiagnostic, UpdateDiagnostic
from agents.diagnostics.evaluation_rank import STATES
from tests.contracts.test_packs import (
    DIAGNOSED,
    WITH_IMAGES,
    assert_same,
    learner,
    learner_of_images,
    of,
    runs,
    together,
)

__all__ = ["learner"]  # a fixture
NAMES = lookup.names("diagnostics")
ASKED: dict[str, Any] = {**DIAGNOSED, "sn.layers": (-1, -2)}
WITHOUT = ASKED | {"diagnostics": ()}
VARIANTS = ["odd sizes", "norms", "joined layers"]
"""Those of the packs' contract that differ in what is measured."""
CASES = [
    pytest.param(found, variant, id=f"{name}-{variant}")
    for name, found in ((name, lookup.find("learners", name)) for name in lookup.names("learners"))
    for variant in VARIANTS
    if variant in WITH_IMAGES or not learner_of_images(found)
]


@cache
def trained(learner: Any) -> Any:
    """A pack that all tests look at: who changes it puts back what there was."""
    pack = learner.start(runs(learner, **ASKED), [None] * 3, "cpu")
    pack.train(50)
    return pack


@pytest.mark.parametrize("name", NAMES)
def test_it_measures_what_it_says_and_leaves_no_trace(learner: Any, name: str) -> None:
    pack = trained(learner)
    before = [pack.save(member) for member in range(3)]
    metrics = lookup.find("diagnostics", name).metrics(learner.networks)
    first, again = measures(pack, name), measures(pack, name)
    assert set(first) <= set(metrics) and all(first[m].shape == (3,) for m in first)
    policy = getattr(pack.learner, "policy", None)
    if name == "log_pi" and not (policy and policy.is_stochastic):  # which has no density
        assert not first
    else:
        assert any(np.isfinite(values).any() for values in first.values())
    assert_same(first, again)
    for member, state in enumerate(before):
        assert_same(pack.save(member), state)


@pytest.mark.parametrize("name", NAMES)
def test_a_member_that_is_not_finite_hurts_nobody(learner: Any, name: str) -> None:
    pack = trained(learner)
    before, saved = measures(pack, name), pack.learner.save(1)
    for tensor in (t for key, t, _ in pack.learner.tensors() if "weight" in key):
        tensor.detach()[1] = float("nan")
    after = measures(pack, name)
    pack.learner.load(1, saved)
    for metric in before:
        assert np.array_equal(before[metric][[0, 2]], after[metric][[0, 2]], equal_nan=True)


def measures(pack: Any, name: str) -> dict[str, np.ndarray]:
    made = lookup.find("diagnostics", name)(pack.learner, pack.runs)
    sample = Sample(pack.learner, pack.replay, [run.seed for run in pack.runs], pack.step)
    if isinstance(made, SampleDiagnostic):
        return dict(made.measure(sample))
    if isinstance(made, UpdateDiagnostic):
        for network, found in pack.learner.probe_update(sample(8), pack.step).items():
            made.record(network, found.loss, found.gradients)
        return dict(made.found())
    observations = np.repeat(pack.episodes.observations, 2, axis=1)
    draws = np.zeros((3, 4), dtype=np.int64)
    actions = pack.learner.evaluate(observations, draws)
    made.begin(observations, actions)
    for _ in range(STATES):
        made.see(observations, actions, np.ones((3, 2), bool))
    made.record(np.ones((3, 2)), np.ones((3, 2), bool), np.ones((3, 2), bool))
    return dict(made.found())


@pytest.mark.parametrize(("learner", "variant"), CASES)
def test_a_run_is_the_same_with_and_without_diagnostics(learner: Any, variant: str) -> None:
    both = [together(learner, variant, **params) for params in (ASKED, WITHOUT)]
    packs, reports = zip(*both, strict=True)
    metrics = [*learner.metrics, *learner.diagnosed(packs[0].runs[0].params)]
    assert {r.step for r in reports[0]} == {20, 30, 40, 60, 64}
    kinds = [lookup.find("diagnostics", name) for name in NAMES]
    updating = [
        kind.metrics(learner.networks) for kind in kinds if issubclass(kind, UpdateDiagnostic)
    ]
    updates = {name for metrics_of_one in updating for name in metrics_of_one}
    for member in range(3):
        saved = packs[0].save(member)
        learned = {n: v for n, v in saved.items() if not n.startswith("diagnostics.")}
        assert len(learned) < len(saved)
        assert_same(learned, packs[1].save(member))
        told = {step: values for step, values, _ in of(reports[0], member)}
        for step, values, _ in of(reports[1], member):
            assert values == {name: told[step][name] for name in values}
        for values in told.values():
            assert list(values) == [name for name in metrics if name in values]
        assert told[20].keys() == told[40].keys() - updates <= told[64].keys()
        assert told[40].keys() & updates, "updates since the warm-up"
        assert "srank" not in told[30] and not told[20].keys() & set(learner.metrics)


def test_a_normalised_actor_critic_is_measured_like_any() -> None:
    test_a_run_is_the_same_with_and_without_diagnostics(
        lookup.find("learners", "sac"), "normalised"
    )
