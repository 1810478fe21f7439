"""C51: an update equals the algorithm written plainly; what fits it and what does not."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from agents.learners import c51, dqn
from agents.replay.batch import Batch
from agents.shape import Shape

B, S, A, ATOMS = 16, 5, 3, 11
GIVEN = {
    "network.units": 12,
    "network.head.atoms": ATOMS,
    "network.head.v_min": -2.0,
    "network.head.v_max": 3.0,
    "optimizer.lr": 1e-2,
    "optimizer.eps": 1e-3,
    "batch_size": B,
}


def agent(**given: Any) -> Any:
    params = c51.Learner.complete(GIVEN | given)
    c51.Learner.check(params, "gym/CartPole-v1")
    run = SimpleNamespace(params=params, seed=0, steps=1000, task="gym/CartPole-v1")
    made = c51.Learner([run], Shape((S,), "float32", A), "cpu")
    made.initialise()
    return made


def batch(seed: int, weights: torch.Tensor | None = None) -> Batch:
    generator = torch.Generator().manual_seed(seed)

    def normal(*size: int) -> torch.Tensor:
        return torch.randn(1, B, *size, generator=generator)

    actions = torch.randint(A, (1, B), generator=generator)
    parts = normal(S), actions, normal(), (normal() < 0.7).float(), normal(S)
    return Batch(*parts, weights=weights)


def q_net(state: dict[str, np.ndarray], name: str) -> torch.nn.Sequential:
    layers: list[torch.nn.Module] = []
    for place in (0, 1):
        weight = torch.from_numpy(state[f"{name}.{place}.weight"]).double()
        linear = torch.nn.Linear(*weight.shape, dtype=torch.float64)
        linear.weight.data.copy_(weight.T)
        linear.bias.data.copy_(torch.from_numpy(state[f"{name}.{place}.bias"]))
        layers += [linear, torch.nn.ReLU()]
    return torch.nn.Sequential(*layers[:-1])


def test_an_update_equals_the_algorithm_written_plainly() -> None:
    made = agent()
    state = made.save(0)
    online, target = q_net(state, "online"), q_net(state, "target")
    adam = torch.optim.Adam(online.parameters(), 1e-2, eps=1e-3)
    z = torch.linspace(-2, 3, ATOMS, dtype=torch.float64)
    for update in range(3):
        seen = batch(update)
        made.update(seen)
        with torch.no_grad():
            p = target(seen.next_observations[0].double()).view(B, A, ATOMS).softmax(-1)
            p = p[torch.arange(B), (p * z).sum(-1).argmax(1)]
            moved = seen.rewards[0, :, None] + 0.99 * seen.masks[0, :, None] * z
            moved = moved.clamp(-2, 3)
            y = torch.zeros(B, ATOMS, dtype=torch.float64)
            for row in range(B):
                for j in range(ATOMS):
                    y[row] += p[row, j] * (1 - (moved[row, j] - z).abs() / 0.5).clamp(min=0)
        logits = online(seen.observations[0].double()).view(B, A, ATOMS)
        chosen = logits[torch.arange(B), seen.actions[0]]
        loss = -(y * chosen.log_softmax(-1)).sum(-1).mean()
        adam.zero_grad()
        loss.backward()
        adam.step()
    after = made.save(0)
    for place, layer in ((0, online[0]), (1, online[2])):
        mine = torch.from_numpy(after[f"online.{place}.weight"]).double()
        torch.testing.assert_close(mine.T, layer.weight.data, rtol=1e-4, atol=1e-5)
    assert made.measured(0, 10)["loss"] > 0


def test_values_actions_and_targets_are_means() -> None:
    made, seen = agent(), batch(1)
    observations = seen.observations.numpy()
    net = q_net(made.save(0), "online")
    z = torch.linspace(-2, 3, ATOMS, dtype=torch.float64)
    q = (net(seen.observations[0].double()).view(B, A, ATOMS).softmax(-1) * z).sum(-1)
    actions = made.evaluate(observations, np.full((1, 2 * B), 2**32 - 1))
    assert np.array_equal(actions[0], q.argmax(1).numpy())
    found = made.q_values(observations, actions)[0]
    np.testing.assert_allclose(found, q.amax(1).detach(), rtol=1e-4, atol=1e-5)
    target = made.critic_target(seen)
    assert target.shape == (1, B) and target.min() >= -2 and target.max() <= 3


def test_priorities_are_cross_entropies_and_weights_weigh_losses() -> None:
    weights = torch.linspace(0.1, 1, B)[None]
    made, seen = agent(**{"replay.sampler": "prioritised"}), batch(2, weights)
    readout = made.network("critic").readout
    chosen = readout.chosen(made.network("critic")(seen.observations), seen.actions).detach()
    expected = readout.loss(chosen, made.target_of(seen), None)
    made.update(seen)
    torch.testing.assert_close(made.errors, expected)
    assert made.measured(0, 10)["loss"] == pytest.approx((expected * weights).mean().item())


REFUSED = [
    ({"network.head.v_min": 10.0}, r"network.head.v_min must be below v_max, which is 10"),
    ({"network.head.atoms": 1}, "network.head.atoms must be at least 2, got 1"),
    ({"network.head.kind": "quantile"}, "head.kind: unknown head 'quantile'; valid: categorical"),
    ({"loss": "huber"}, "loss is a parameter of network.head.kind=linear"),
    ({"network.head.kind": "linear", "network.head.atoms": 3}, "is a parameter of network.head"),
]


@pytest.mark.parametrize(("params", "message"), REFUSED)
def test_check_refuses(params: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        c51.Learner.check(params, "minatar/breakout")


def test_c51_is_dqn_with_another_head() -> None:
    made = c51.Learner.complete({})
    same = dqn.Learner.complete({"network.head.kind": "categorical"})
    assert made == same and "loss" not in made
    shape = Shape((10, 10, 4), "bool", 6)
    ours, theirs = (one.sizes(one.complete({}), shape) for one in (c51.Learner, dqn.Learner))
    assert ours.trained - theirs.trained == 129 * 6 * 50
