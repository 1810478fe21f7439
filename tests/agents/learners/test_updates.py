"""Updates of every actor-critic learner equal the algorithm written plainly (plain.py)."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from agents import lookup
from agents.replay.batch import Batch
from agents.shape import Shape
from tests.helpers.plain_learners import Plain, mlp

P, B, S, A = 3, 12, 4, 2
DIFFERENT = {
    "actor.lr": (1e-3, 3e-3, 1e-2),
    "critic.lr": (3e-3, 1e-3, 1e-2),
    "gamma": (0.9, 1.0, 0.5),
    "reward_scale": (1.0, 5.0, 0.3),
    "target.tau": (0.1, 0.3, 1.0),
    "smoothing.std": (0.2, 0.6, 0.0),
    "policy.std": (0.1, 0.5, 0.0),
    "entropy.beta": (1.0, 0.1, 3.0),
    "entropy.lr": (3e-3, 1e-2, 3e-4),
    "entropy.target": (-0.5, 0.6, -1.0),
}
ASYMMETRIC = {"asymmetry.alpha": (None, 0.3, 0.7), "asymmetry.beta": (None, None, 0.1)}
SIZES = {"actor.units": 16, "critic.units": 16, "batch_size": B, "optimizer.eps": 1e-3}
"""A large eps: where gradients are about 0, Adam would make much of how they are rounded."""

CASES: list[tuple[str, dict[str, Any]]] = [
    ("ddpg", {}), ("ddpg", {"target.actor": "ema"}), ("ddpg", {"target.networks": False}),
    ("ddpg", {"critic.norm.kind": "layer", "actor.activation": "swish"}),
    ("sac_v1", {"critic.norm.kind": "layer", "critic.activation": "swish"}),
    ("td3", {"actor.units": 7, "critic.units": 5, "critic.activation": "swish"}),
    ("sac", {"actor.units": 7, "critic.units": 5}),
    ("ddpg", ASYMMETRIC), ("ddpg", {"actor.layers": 1, "critic.layers": 3}),
    ("td2", {}), ("td2", {"critics": 5}), ("td2", {"loss": "huber"}),
    ("td2_public", {}), ("td2_public", {"target.actor": "ema"}),
    ("td3", {}), ("td3", {"policy.delay": 1, "target.actor": "online"}),
    ("td3", {"policy.delay": 3, "target.networks": False}),
    ("td3", {"optimizer.beta1": (0.5, 0.0, 0.9), "optimizer.beta2": (0.9, 0.99, 0.5)}),
    ("sac", {}), ("sac", {"entropy.auto": False}), ("sac", {"target.networks": False}),
    ("sac", {"entropy.auto": False, "policy": "deterministic"}),
    ("sac", {"policy.log_std_low": -0.3, "policy.log_std_high": 0.1, **ASYMMETRIC}),
    ("sac_lite", {}), ("sac_lite", {"critics": 1}),
    ("sac_v1", {}), ("sac_v1", {"target.networks": False}), ("sac_v1", {"loss": "huber"}),
    ("sac_v1", {"actor.steps": 2, "actor.objective": "min"}),
    ("td2", {"policy.noise_in": ["targets"], "smoothing.clip": 0.4}),
    ("td2", {"policy.noise_in": ["actor"], "actor.objective": "min", "actor.steps": 2}),
    ("td3", {"actor.steps": 3}), ("td3", {"policy.noise_in": ["targets", "actor"]}),
    ("sac", {"entropy.of": "linear"}), ("sac", {"actor.steps": 3, "actor.objective": "mean"}),
    ("sac_lite", {"actor.objective": "first", "entropy.of": "linear", "actor.steps": 2}),
    ("sac_lite", {"entropy.auto": False, "policy": "deterministic", "policy.noise_in": []}),
    ("sac", {"entropy.auto": False, "policy": "deterministic", "policy.noise_in": ["actor"]}),
]  # fmt: skip


def learner(name: str, given: dict[str, Any]) -> Any:
    """P agents that differ in all numbers that `given` has three of."""
    found = lookup.find("learners", name)
    members = []
    for member in range(P):
        wanted = DIFFERENT | SIZES | given
        own = {n: v[member] if isinstance(v, tuple) else v for n, v in wanted.items()}
        known = {n: v for n, v in own.items() if n in found.parameters}
        kind = {"policy": "squashed_gaussian", **known}
        params = found.complete({n: v for n, v in known.items() if belongs(found, n, kind)})
        found.check(params, "navigation/2")
        members.append(SimpleNamespace(params=params, seed=member, steps=100))
    agents = found(members, Shape((S,), "float32", A, continuous=True), "cpu")
    agents.initialise()
    return agents


def belongs(found: Any, name: str, given: dict[str, Any]) -> bool:
    if name.startswith("smoothing."):
        places = found.parameters["policy.noise_in"].default
        if not given.get("policy.noise_in", places):
            return False
    return "policy" not in found.parameters or found.parameters[name].belongs(given)


def batches(generator: torch.Generator) -> Batch:
    def normal(*size: int) -> torch.Tensor:
        return torch.randn(P, B, *size, generator=generator)

    return Batch(
        observations=normal(S),
        actions=normal(A).tanh(),
        rewards=3 * normal(),
        masks=(normal() < 0.7).float(),
        next_observations=normal(S),
    )


def of(batch: Batch, member: int) -> SimpleNamespace:
    drawn = {n: tensor for n, tensor in vars(batch).items() if tensor is not None}
    return SimpleNamespace(**{n: tensor[member].double() for n, tensor in drawn.items()})


def compare(state: dict[str, np.ndarray], plain: Plain) -> None:
    """All weights of a saved state against the plain agent's."""
    online = {"actor": [plain.actor], "critic": plain.critics}
    online |= {"value": [plain.value]} if plain.value else {}
    expected = online | {f"target.{name}": nets for name, nets in plain.targets.items()}
    for name, nets in expected.items():
        if f"{name}.0.weight" not in state:
            assert nets is plain.targets[name.removeprefix("target.")]
            assert nets[0] is online.get(name.removeprefix("target."), [None])[0]
            continue
        for i, net in enumerate(nets):
            mine = mlp(state, name, i)
            for a, b in zip(mine.parameters(), net.parameters(), strict=True):
                torch.testing.assert_close(a, b, rtol=1e-5, atol=1e-5)
    if plain.p.get("entropy.auto"):
        learned = state["log_beta" if plain.of_log else "beta"]
        assert learned == pytest.approx(plain.learned_beta.item(), abs=1e-5)


@pytest.mark.parametrize(("name", "given"), CASES, ids=str)
def test_updates_equal_the_algorithm_written_plainly(name, given):
    agents, generator = learner(name, given), torch.Generator().manual_seed(0)
    begin = [agents.save(row) for row in range(P)]
    plain = [Plain(agents.runs[row].params, begin[row], A) for row in range(P)]
    for update in range(1, 5):
        batch = batches(generator)
        noise = torch.randn(agents.noises, P, B, A, generator=generator)
        agents.updates = update
        agents.update(batch, *noise)
        for row in range(P):
            getattr(plain[row], name)(of(batch, row), *noise[:, row].double())
            compare(agents.save(row), plain[row])
    for row in range(P):
        state = agents.save(row)
        weights = [n for n in state if n.endswith(".weight") and not n.startswith("adam")]
        assert all(np.abs(state[n] - begin[row][n]).max() > 1e-4 for n in weights)


def test_td3_moves_actor_and_targets_with_every_second_update_alone():
    agents, generator = learner("td3", {}), torch.Generator().manual_seed(0)
    slow = ("actor.", "target.")
    for update in range(1, 5):
        before = agents.save(0)
        agents.updates = update
        agents.update(batches(generator), torch.randn(P, B, A, generator=generator))
        after = agents.save(0)
        moved = {n for n in after if not np.array_equal(after[n], before[n])}
        assert "critic.0.weight" in moved
        assert any(n.startswith(slow) for n in moved) == (update % 2 == 0)


def test_measures_are_means_of_the_updates():
    agents, generator = learner("sac", {"entropy.auto": False}), torch.Generator().manual_seed(0)
    found = []
    for update in range(1, 4):
        agents.updates = update
        agents.update(batches(generator), *torch.randn(2, P, B, A, generator=generator))
        found.append(agents.measured(1, 0))
        agents.reset_metrics()
        assert agents.measured(1, 0) == {}
    assert set(found[0]) == {"critic_loss", "actor_loss", "q", "entropy", "beta"}
    assert all(one["beta"] == pytest.approx(0.1) for one in found)
    again, generator = learner("sac", {"entropy.auto": False}), torch.Generator().manual_seed(0)
    for update in range(1, 4):
        again.updates = update
        again.update(batches(generator), *torch.randn(2, P, B, A, generator=generator))
    for measure, mean in again.measured(1, 0).items():
        assert mean == pytest.approx(np.mean([one[measure] for one in found]), rel=1e-6)
