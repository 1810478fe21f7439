"""Resets: when they are due, what they draw anew and what stays, what is refused."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from agents import lookup
from agents.optim.resets import Reset, Resets
from tests.helpers import pictures
from tests.helpers.cases import each

QUICK = {
    "warmup_steps": 20,
    "batch_size": 8,
    "replay.capacity": 60,
    "network.units": 9,
    "actor.units": 9,
    "critic.units": 9,
    "update_every": 3,
    "target.every": 11,
}
IMAGES = {"env.size": 21, "env.quality": "lean", "encoder.filters": 2, "encoder.strides": (2, 1)}
EVERY, BEFORE = 13, 39  # the second reset comes before step 40, which has no update


def test_they_come_after_a_step_and_before_the_updates_of_the_next() -> None:
    members = [{"warmup_steps": 10, "reset.every": every} for every in (5, None, 12)]
    members[2]["reset.layers"] = 2
    resets = Resets(members)
    found = {step: due for step in range(30) if (due := resets.due(step))}
    fives = {
        step: [Reset(0, number, None)] for step, number in ((11, 2), (16, 3), (21, 4), (26, 5))
    }
    assert found == {**fives, 13: [Reset(2, 1, 2)], 25: [Reset(2, 2, 2)]}


def reset(name: str, **given: Any) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """The agent of a pack of one before and after its second reset, its checkpoint's arrays."""
    learner = lookup.find("learners", name)
    if learner.images:
        pictures.needed()
        given = IMAGES | given
    task = ("minatar/breakout", "navigation/3")[learner.continuous]
    task = "dmc_pixels/cartpole-swingup" if learner.images else task
    params = learner.complete(
        {n: v for n, v in ({"reset.every": EVERY} | QUICK | given).items() if _knows(learner, n)}
    )
    learner.check(params, task)
    schedule = SimpleNamespace(every=60, episodes=1, steps=None, cap=5)
    run = SimpleNamespace(params=params, task=task, seed=3, steps=60, evaluation=schedule)
    pack = learner.start([run], [None], "cpu")
    pack.train(BEFORE)
    before = pack.learner.save(0)
    pack.train(BEFORE + 1)
    return before, pack.learner.save(0)


def _knows(learner: Any, name: str) -> bool:
    return name in learner.parameters or name.startswith("env.")


def changed(before: dict[str, np.ndarray], after: dict[str, np.ndarray]) -> set[str]:
    assert before.keys() == after.keys()
    return {name for name in before if not np.array_equal(before[name], after[name])}


@pytest.mark.parametrize("name", ["dqn", "sac", "sac_v1"])
def test_all_is_drawn_anew_with_targets_and_optimisers(name: str) -> None:
    before, after = reset(name)
    networks = {n for n in before if n.endswith(("weight", "bias"))}
    kept = {n for n in before if n.startswith("adam.")}
    learned = {"log_beta"} & before.keys()
    assert changed(before, after) == networks | kept | learned
    assert not any(after[n].any() for n in networks if n.endswith("bias"))
    assert not any(after[n].any() for n in kept if ".m." in n or ".v." in n)
    for target in (n for n in networks if n.startswith("target.")):
        online = target.replace("target.", "online." if name == "dqn" else "", 1)
        assert np.array_equal(after[target], after[online])


@pytest.mark.parametrize(
    ("name", "given", "drawn"),
    [
        ("dqn", {}, {"online.2", "target.2", "online.1", "target.1"}),
        (
            "td3",
            {"critic.body": "residual", "critic.layers": 1, "actor.layers": 2},
            {"critic.3", "critic.2", "actor.2", "actor.1"}
            | {"target.critic.3", "target.critic.2", "target.actor.2", "target.actor.1"},
        ),
        (
            "drq",
            {"head": "mlp2"},
            {"critic.2", "critic.1", "actor.2", "actor.1", "target.critic.2", "target.critic.1"},
        ),
    ],
)
def test_the_last_layers_alone(name: str, given: dict[str, Any], drawn: set[str]) -> None:
    """Biases of targets and moments of what is drawn; a temperature and an encoder stay."""
    before, after = reset(name, **given, **{"reset.layers": 2})
    found = changed(before, after)
    layers = {n.rpartition(".")[0] for n in found if n.endswith(("weight", "bias"))}
    assert layers == drawn and not {"log_beta"} & found
    for kept in (n for n in found if ".m." in n or ".v." in n):
        assert not after[kept].any()
    moments = [n for n in found if ".m." in n]
    assert len(moments) == 2 * len([layer for layer in drawn if "target" not in layer])


@pytest.mark.parametrize("layers", [2, 3])
def test_norms_begin_again_with_the_layers_that_they_belong_to(layers: int) -> None:
    """The norm of a residual block belongs to the block's first layer."""
    given = {"critic.body": "residual", "critic.layers": 1, "actor.norm.kind": "batch"}
    before, after = reset("sac", **given, **{"reset.layers": layers})
    found = {n for n in changed(before, after) if ".norm" in n}
    block = {f"{of}critic.norm0.{n}" for of in ("", "target.") for n in ("weight", "bias")}
    first, last = ({f"actor.norm{n}.{part}" for part in ("mean", "variance")} for n in (0, 1))
    assert found == (last if layers == 2 else block | first | last)
    for name in found:
        assert (after[name] == float(name.endswith(("weight", "variance")))).all()


def test_each_reset_draws_other_numbers() -> None:
    members = [{"warmup_steps": 2, "reset.every": 5}] * 2
    first, other = (Resets(members).due(step) for step in (6, 11))
    assert [one.row for one in first] == [0, 1]
    assert {one.stream for one in first} != {one.stream for one in other}
    before, after = reset("dqn", **{"reset.every": BEFORE})
    once, twice = (reset("dqn")[1], after)
    assert not np.array_equal(once["online.0.weight"], twice["online.0.weight"])
    assert not np.array_equal(before["online.0.weight"], after["online.0.weight"])


REFUSED = [
    ({"reset.every": 0}, "reset.every must be at least 1, got 0"),
    ({"reset.every": -5}, "reset.every must be at least 1, got -5"),
    ({"reset.every": 0.5}, "reset.every must be a whole number, got 0.5"),
    ({"reset.every": 5, "reset.layers": 0}, "reset.layers must be at least 1, got 0"),
    ({"reset.layers": 1}, "reset.layers says which layers .* give reset.every, or leave .* got 1"),
    ({"reset.every": 5, "reset.layers": 9}, r"reset.layers must be at most 3, the layers of \w+, "),
]


@each("given, message", REFUSED)
def test_what_cannot_be_drawn_anew_is_refused(given: dict[str, Any], message: str) -> None:
    for name, task in (("dqn", "minatar/breakout"), ("sac", "navigation/3")):
        with pytest.raises(ValueError, match=message):
            lookup.find("learners", name).check(given, task)


def test_the_shallowest_network_says_how_many_layers_there_are() -> None:
    given = {"reset.every": 5, "reset.layers": 3, "actor.layers": 1, "critic.layers": 4}
    with pytest.raises(ValueError, match="at most 2, the layers of actor, got 3"):
        lookup.find("learners", "td3").check(given, "navigation/3")


def test_runs_that_reset_share_packs_with_each_other_alone() -> None:
    for name, task in (("dqn", "minatar/breakout"), ("sac", "navigation/3")):
        given = ({}, {"reset.every": 5}, {"reset.every": 7, "reset.layers": 1})
        learner = lookup.find("learners", name)
        never, all_layers, one_layer = (learner.signature(params, task) for params in given)
        assert never != all_layers == one_layer
