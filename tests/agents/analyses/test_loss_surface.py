"""The loss surface is that of plain networks, along directions with the norms of their rows."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from agents import lookup
from agents.analyses import base, loss_surface
from agents.analyses.loss_surface import Analysis, Surface, direction
from agents.learners import dqn, drq, sac_v1, td2
from agents.replay.batch import Batch

SCHEDULE = SimpleNamespace(every=40, episodes=1, steps=None, cap=20, unfinished="drop")
SMALL = {"batch_size": 4, "warmup_steps": 20, "replay.capacity": 1000}
SIZES = {f"{net}.{key}": value for net in ("actor", "critic") for key, value in (("units", 8),)}
PARAMS = {name: one.default for name, one in Analysis.parameters.items()}
PARAMS |= {"grid": 5, "samples": 30, "sharpness.radius": 0.5}


def trained(name: str = "sac_v1", seed: int = 0, **params: Any) -> Any:
    """A run of a small agent, and its state after 40 steps."""
    learner = lookup.find("learners", name)
    own = learner.complete(SMALL | SIZES | params)
    run = SimpleNamespace(params=own, task="navigation/2", seed=seed, steps=40, evaluation=SCHEDULE)
    pack = learner.start([run], [None], "cpu")
    pack.train(40)
    return SimpleNamespace(run=run, weights=pack.weights(0), state=pack.save(0), params=PARAMS)


def ended(sources: list[Any], learner: Any = sac_v1.Learner) -> tuple[Analysis, list[Any]]:
    analysis = Analysis(learner, sources, [None] * len(sources), "cpu")
    while not (reports := analysis.advance()):
        pass
    return analysis, reports


def plain(tensors: list[torch.Tensor], x: torch.Tensor) -> torch.Tensor:
    """A perceptron with torch's own functions, of weights [1, in, out] and biases [1, out]."""
    layers = [tensor[0].double() for tensor in tensors]
    for weight, bias in zip(layers[:-2:2], layers[1:-2:2], strict=True):
        x = (x @ weight + bias).relu()
    return (x @ layers[-2] + layers[-1])[:, 0]


def theta(source: Any, network: str = "critic") -> list[torch.Tensor]:
    """Weights and biases of the first of a run's networks, from the input on."""
    state = {n: v for n, v in source.state.items() if n.startswith(f"learner.{network}.")}
    depth = len(state) // 2
    names = [f"learner.{network}.{at}.{kind}" for at in range(depth) for kind in ("weight", "bias")]
    return [torch.from_numpy(state[name][:1]) for name in names]


def stored(source: Any) -> Batch:
    """All transitions of the replay but the last, as its checkpoint has them, rows [1, N, ...]."""
    frames = torch.from_numpy(source.state["replay.frames"].astype(np.float32))
    outcomes = torch.from_numpy(source.state["replay.outcomes"])
    after = frames.clone()[1:]
    for step, frame in zip(source.state["cuts.steps"], source.state["cuts.frames"], strict=True):
        after[step] = torch.from_numpy(frame)  # an episode was truncated there
    rows = (frames[:-1], outcomes[:-1, 2:], outcomes[:-1, 0], outcomes[:-1, 1], after)
    return Batch(*(row[None] for row in rows))


def test_rows_of_directions_have_the_norms_of_the_weights_rows_and_biases_are_0():
    tensors = [torch.randn(1, 5, 7), torch.randn(1, 7), torch.zeros(1, 7, 3), torch.ones(1, 3)]
    for key in (3, 4):
        found = direction(tensors, key)
        for d, weight in zip(found, tensors, strict=True):
            assert d.shape == weight.shape
            expected = weight[0].norm(dim=0) if weight.dim() == 3 else torch.zeros(())
            norms = d[0].norm(dim=0) if weight.dim() == 3 else d.abs().max()
            torch.testing.assert_close(norms, expected)
    assert not torch.equal(found[0], direction(tensors, 3)[0])
    assert torch.equal(found[0], direction(tensors, 4)[0])


def test_the_loss_at_a_point_is_that_of_a_plain_network_with_these_weights():
    source = trained()
    surface = Surface(sac_v1.Learner, source, "cpu")
    weights, (d, e) = theta(source), surface.directions[0]
    for x, y in ((0.0, 0.0), (0.5, -1.0), (-1.0, 1.0)):
        moved = [w + x * a + y * b for w, a, b in zip(weights, d, e, strict=True)]
        error = plain(moved, surface._x[0].double()) - surface._y[0].double()
        assert surface.loss(0, x, y) == pytest.approx(float(error.square().mean()) / 2, rel=1e-5)


def test_transitions_are_those_of_the_replay_and_targets_those_of_the_value_network():
    """Of all its transitions each is there once, in the order in which they were made."""
    source = trained()
    source.params = {**PARAMS, "samples": 10**6}
    surface, batch, params = (
        Surface(sac_v1.Learner, source, "cpu"),
        stored(source),
        source.run.params,
    )
    read = torch.cat((batch.observations, batch.actions), 2)
    assert torch.equal(surface._x, read) and surface._x.shape[1] == 39
    following = plain(theta(source, "target.value"), batch.next_observations[0].double())
    y = params["reward_scale"] * batch.rewards + params["gamma"] * batch.masks * following
    torch.testing.assert_close(surface._y, y.float(), rtol=1e-5, atol=1e-5)
    assert surface.scale == pytest.approx(float(surface._y.double().var(correction=0)) / 2)
    before = surface._y.clone(), surface.loss(0, 0.0, 0.0)
    surface.loss(0, 1.0, 1.0)
    assert torch.equal(surface._y, before[0]) and surface.loss(0, 0.0, 0.0) == before[1]


@pytest.mark.parametrize("name", ["sac_v1", "td3"])
def test_a_critic_of_features_is_looked_at_as_it_reads_them(name):
    """At the weights Q of transitions is the agent's own, and y moves with the features."""
    kind = {"features.kind": "ofenet", "features.pretrain": 2, "features.batch_size": 4}
    source = trained(name, **kind, **{"features.layers": 2, "features.units": 4})
    learner = lookup.find("learners", name)
    surface = Surface(learner, source, "cpu")
    pack = learner.start([source.run], [source.state], "cpu")
    batch = pack.learner.sample(pack.replay, loss_surface._chosen(39, 30, source.run.seed))
    q = pack.learner.q_values(batch.observations.numpy(), batch.actions.numpy())
    assert surface._x.shape[2] > 4, "features, not only two numbers of a state and two of an action"
    error = torch.from_numpy(q) - surface._y
    assert surface.loss(0, 0.0, 0.0) == pytest.approx(float(error.square().mean()) / 2, rel=1e-5)


def test_streams_of_several_environments_are_all_drawn_from():
    source = trained("sac", **{"collect.envs_per_core": 3, "replay.sampler": "prioritised"})
    source.params = {**PARAMS, "samples": 10**6}
    surface = Surface(lookup.find("learners", "sac"), source, "cpu")
    rows = surface._x[0].unique(dim=0)
    assert len(rows) == surface._x.shape[1] > 2 * 39 // 3


@pytest.mark.parametrize(("valid", "samples"), [(10, 3), (1_000_000, 65_536), (7, 7), (5, 100)])
def test_no_transition_is_drawn_twice(valid, samples):
    (draws,) = loss_surface._chosen(valid, samples, 3)
    steps = draws * valid >> 32
    count = min(valid, samples)
    assert len(np.unique(steps)) == len(steps) == count and 0 <= steps.min() <= steps.max() < valid
    assert (draws < 2**32).all()
    assert (np.diff(steps // (valid / count)) <= 2).all(), "one of each share"


def test_the_middle_of_the_grid_is_the_loss_and_sharpness_is_its_rise_nearby():
    source = trained()
    source.params = {**PARAMS, "pairs": 2}
    analysis, (report,) = ended([source])
    kept, found = analysis.weights(0), report.metrics
    assert report.step == analysis.steps(source.params) == 51 and report.done
    assert kept["losses"].shape == (2, 5, 5) and kept["x"].tolist() == [-1, -0.5, 0, 0.5, 1]
    assert kept["losses"][0, 2, 2] == kept["losses"][1, 2, 2] == found["loss"] == kept["loss"]
    surface = Surface(sac_v1.Learner, source, "cpu")
    assert kept["losses"][1, 3, 0] == surface.loss(1, -1.0, 0.5), "rows are those of y"
    rises = kept["losses"][:, 1:4, 1:4].max(axis=(1, 2)) - found["loss"]
    expected = 100 * rises / (found["scale"] + found["loss"])
    assert found["sharpness"] == pytest.approx(expected.mean()) and found["sharpness"] > 0
    assert rises[0] != rises[1]


@pytest.mark.parametrize("name", ["sac", "td3", "td2_public", "sac_lite", "ddpg"])
def test_packed_and_continued_it_is_the_same_of_other_agents(name, monkeypatch):
    monkeypatch.setattr(base, "SECONDS", 0.0)
    learner, sources = lookup.find("learners", name), [trained(name, seed) for seed in (0, 1)]
    together, reports = ended(sources, learner)
    broken_off = Analysis(learner, sources[1:], [None], "cpu")
    for _ in range(11):
        assert broken_off.advance() == []
    again = Analysis(learner, sources[1:], [broken_off.save(0)], "cpu")
    assert again.step == 11
    while not (last := again.advance()):
        pass
    assert last[0].metrics == reports[1].metrics != reports[0].metrics
    assert np.array_equal(again.weights(0)["losses"], together.weights(1)["losses"])
    assert not np.array_equal(together.weights(0)["losses"], together.weights(1)["losses"])


def test_losses_that_are_not_finite_near_the_weights_end_it_as_diverged():
    source = trained()
    source.state["learner.critic.0.weight"][0] *= np.float32(1e30)
    _, (report,) = ended([source])
    assert report.diverged and report.metrics == {}


def test_what_it_cannot_look_at_is_refused_with_why():
    class Other(td2.Learner):
        """It learns towards other targets, and does not say which."""

        def update(self, batch: Batch, *noise: torch.Tensor) -> None:
            """Nothing."""

    for learner in (drq.Learner, Other):
        with pytest.raises(ValueError, match="needs an agent whose critic reads states and which"):
            Analysis.check(learner)
    for name in ("sac_v1", "sac", "sac_lite", "td3", "ddpg", "td2", "td2_public", "dqn"):
        Analysis.check(lookup.find("learners", name))
    with pytest.raises(ValueError, match=r"sharpness\.radius must be at least 0\.5, .* got 0\.2"):
        Analysis.steps({**PARAMS, "sharpness.radius": 0.2})
    with pytest.raises(
        ValueError, match=r"sharpness\.radius must be at most range, 0\.1, .*got 0\.2"
    ):
        Analysis.steps({**PARAMS, "range": 0.1, "sharpness.radius": 0.2})
    assert Analysis.steps({**PARAMS, "grid": 4, "sharpness.radius": 1 / 3}) == 17
    source = trained()
    source.state = None
    with pytest.raises(ValueError, match="needs the whole state of a run"):
        Analysis(sac_v1.Learner, [source], [None], "cpu")


def test_its_memory_grows_with_what_it_holds():
    def member(**params: Any) -> int:
        own = dqn.Learner.complete({})
        return Analysis.sizes(dqn.Learner, own, "minatar/breakout", {**PARAMS, **params}).member

    assert member() < member(samples=65_536) and member() < member(pairs=50)
    sizes = []
    for more in ({}, {"features.kind": "ofenet", "features.units": 64}):
        own = sac_v1.Learner.complete(SMALL | more)
        asked = {**PARAMS, "samples": 10**6}
        sizes.append(Analysis.sizes(sac_v1.Learner, own, "navigation/2", asked).member)
    assert sizes[1] - sizes[0] > 4 * 10**6 * 64, "what a critic reads of features is wider"
