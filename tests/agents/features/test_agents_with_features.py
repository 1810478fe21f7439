"""Agents that read features: their updates, what these leave alone, acting and weights."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from agents import lookup, streams
from agents.collecting import ASYNC
from agents.replay.batch import Batch
from agents.shape import Shape
from agents.training import learned
from tests.helpers.paths import ROOT
from tests.helpers.plain_features import PlainOFENet
from tests.helpers.plain_learners import Plain

S, A, B = 5, 2, 12
FEATURES = {"features.kind": "ofenet", "features.units": 8, "features.layers": 2}
NAMES = ("sac", "sac_v1", "sac_lite", "td3", "ddpg", "td2", "td2_public")


def agent(name: str, **given: Any) -> Any:
    found = lookup.find("learners", name)
    sizes = {"actor.units": 16, "critic.units": 16, "batch_size": B, "optimizer.eps": 1e-3}
    params = found.complete(sizes | FEATURES | given)
    found.check(params, "navigation/5")
    run = SimpleNamespace(params=params, seed=0, steps=100, task="navigation/5")
    made = found([run], Shape((S,), "float32", A, continuous=True), "cpu")
    made.initialise()
    return made


def batch(seed: int) -> Batch:
    generator = torch.Generator().manual_seed(seed)

    def normal(*size: int) -> torch.Tensor:
        return torch.randn(1, B, *size, generator=generator)

    return Batch(normal(S), normal(A).tanh(), normal(), (normal() < 0.7).float(), normal(S))


class Reading(Plain):
    """The plain algorithm on features: critics read z_sa, those of targets the target's."""

    def __init__(self, made: Any, state: dict[str, np.ndarray], actions: int) -> None:
        super().__init__(made.runs[0].params, state, actions)
        mine = {n: v for n, v in state.items() if n.startswith("features.")}
        prefixes = ("features.", "features.target.")
        self.nets = [PlainOFENet(mine, prefix, 1e-3, 0.01).eval() for prefix in prefixes]

    def read(self, seen: Batch) -> SimpleNamespace:
        given = {name: part for name, part in vars(seen).items() if part is not None}
        b = SimpleNamespace(**{name: part[0].double() for name, part in given.items()})
        with torch.no_grad():
            b.observations = self.nets[0].states(b.observations)
            b.next_observations = self.nets[1].states(b.next_observations)
        return b

    def q(self, critics: Any, s: torch.Tensor, a: torch.Tensor) -> torch.Tensor:
        of_target = critics is self.targets["critic"] and critics is not self.critics
        pair = self.nets[of_target].pair(s, a)
        return torch.stack([critic(pair)[:, 0] for critic in critics])

    def update_critic(self, b: Any, next_values: torch.Tensor) -> None:
        y = self.p["reward_scale"] * b.rewards + self.p["gamma"] * b.masks * next_values
        pair = self.nets[0].pair(b.observations, b.actions).detach()
        losses = [self.loss(critic(pair)[:, 0], y.detach()) for critic in self.critics]
        self.descend(self.critic_adam, sum(losses))


@pytest.mark.parametrize("name", ["sac", "sac_v1", "td3", "ddpg"])
def test_updates_equal_the_algorithm_on_features(name):
    made = agent(name)
    for number in range(3):
        made.features.update(batch(100 + number))
    plain = Reading(made, made.save(0), A)
    for update in range(1, 4):
        seen = batch(update)
        generator = torch.Generator().manual_seed(update)
        noise = torch.randn(made.noises, 1, B, A, generator=generator)
        made.updates = update
        made.update(made.featured(seen), *noise)
        getattr(plain, name)(plain.read(seen), *noise[:, 0].double())
    state = made.save(0)
    for copy, critic in enumerate(plain.critics):
        for place in range(3):
            mine = torch.from_numpy(state[f"critic.{place}.weight"][copy]).double()
            torch.testing.assert_close(mine.T, critic[3 * place].weight, rtol=1e-4, atol=1e-5)
    for place in range(3):
        mine = torch.from_numpy(state[f"actor.{place}.weight"][0]).double()
        torch.testing.assert_close(mine.T, plain.actor[3 * place].weight, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_updates_evaluating_and_acting_leave_features_alone(name):
    made = agent(name, warmup_steps=3)
    made.features.update(batch(7))
    before = made.save(0)
    for update in (1, 2):
        made.updates = update
        noise = torch.randn(made.noises, 1, B, A)
        made.update(made.featured(batch(update)), *noise)
    observations = np.random.default_rng(0).standard_normal((1, 3, S)).astype(np.float32)
    made.act(observations[:, :1], 5)
    actions = made.evaluate(observations, np.zeros((1, 6)))
    made.q_values(observations, actions)
    after = made.save(0)
    kept = [n for n in before if n.startswith("features.")]
    assert len(kept) > 30 and all(np.array_equal(after[n], before[n]) for n in kept)
    assert not np.array_equal(after["actor.0.weight"], before["actor.0.weight"])
    made.features.update(batch(8))
    assert not np.array_equal(made.save(0)["features.states.norm0.mean"], kept_of(before))


def kept_of(state: dict[str, np.ndarray]) -> np.ndarray:
    return state["features.states.norm0.mean"]


def test_kept_weights_act_and_are_those_of_states_and_actor():
    made, fresh = agent("sac"), agent("sac")
    for number in range(3):
        made.features.update(batch(number))
    fresh.load_weights(0, made.weights(0))
    observations = np.random.default_rng(0).standard_normal((1, 9, S)).astype(np.float32)
    one, other = (a.evaluate(observations, np.zeros((1, 18))) for a in (made, fresh))
    assert np.array_equal(one, other)
    begin = agent("sac").evaluate(observations, np.zeros((1, 18)))
    assert not np.array_equal(one, begin)
    assert {"features.1.weight", "features.norm1.mean", "0.weight"} <= made.weights(0).keys()


def test_values_and_diagnostics_read_the_same_features():
    made, seen = agent("td3"), batch(5)
    read = made.network_inputs("critic", seen)
    states = made.features.states(seen.observations)
    assert read.shape == (1, B, S + A + 16)
    assert torch.equal(read, made.features.pairs(states, seen.actions))
    assert torch.equal(made.network_inputs("actor", seen), states)
    q = made.q_values(seen.observations.numpy(), seen.actions.numpy())
    assert np.array_equal(q, made.q1(states, seen.actions, iterate=False).detach().numpy())
    before = made.save(0)
    assert made.probe_update(seen, 1).keys() == {"critic", "actor"}
    assert all(np.array_equal(value, before[name]) for name, value in made.save(0).items())
    assert made.diagnosed(made.params) == ["features_loss"]
    assert "features_loss" not in lookup.find("learners", "td3").diagnosed({})


def test_an_actors_gradient_goes_through_the_features_of_pairs():
    """Without it the gradient of Q by an action would be the weights of the action's columns."""
    made, seen = agent("ddpg"), batch(6)
    states = made.features.states(seen.observations)
    actions = seen.actions.clone().requires_grad_()
    (whole,) = torch.autograd.grad(made.q1(states, actions).sum(), actions)
    read = made.features.pairs(states, actions).detach().requires_grad_()
    (of_pairs,) = torch.autograd.grad(made.nets["critic"].first(read).sum(), read)
    direct = of_pairs[..., S + 8 : S + 8 + A]
    assert (whole - direct).abs().max() > 1e-3


COUNTED = str(ROOT / "tests/helpers/counted_env.py:Counted/counted")


@pytest.mark.parametrize(
    "given", [{}, {"collect.cores": 3}, {"collect.env_steps_per_update": ASYNC}]
)
def test_what_is_predicted_at_the_end_of_an_episode_is_its_own_last_state(given: Any) -> None:
    """And not the first one of the next; its observations are episode, step and length."""
    sac = lookup.find("learners", "sac")
    small = {"actor.units": 8, "critic.units": 8, "batch_size": 4, "warmup_steps": 60}
    small["replay.capacity"] = 30_000
    params = sac.complete(small | FEATURES | {"features.pretrain": 0} | given)
    schedule = SimpleNamespace(every=62, episodes=1, steps=None, cap=5)
    run = SimpleNamespace(params=params, seed=0, steps=62, task=COUNTED, evaluation=schedule)
    pack = sac.start([run], [None], "cpu")
    while pack.step < 61:
        pack.train(61)
    state = pack.save(0)
    pack.drop([0])
    _, replay = learned.restored(sac, run, state, "cpu")
    drawn = replay.sample(streams.Draws(streams.keys([1], "x"), 500).at(0))
    now, after = drawn.observations[0], drawn.next_observations[0]
    assert (drawn.masks == 0).any()
    assert torch.equal(after[:, 1], now[:, 1] + 1)
    assert torch.equal(after[:, ::2], now[:, ::2])
