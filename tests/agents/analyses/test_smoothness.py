"""Smoothness is the norm of an explicit derivative, of the states that the greedy policy visits."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from agents.analyses.smoothness import Analysis
from agents.envs import tasks
from agents.learners.dqn import Learner

TASK = "minatar/breakout"


def analysis(run: Any, bias: float = 0.0, **params: Any) -> Analysis:
    """The analysis of a fresh agent, with some biases, of which a fresh one has none."""
    weights = Learner.start([run], [None], "cpu").weights(0)
    for name in weights:
        weights[name] += np.float32(bias) * name.endswith("bias")
    own = {"states": 40, "copies": 4} | params
    source = SimpleNamespace(run=run, weights=weights, params=own)
    return Analysis(Learner, [source], [None], "cpu")


def observed(count: int) -> np.ndarray:
    """Observations of random play, [1, count, ...]."""
    env, rng = tasks.make(TASK), np.random.default_rng(0)
    env.reset(3)
    seen = []
    for _ in range(count):
        env.step(int(rng.integers(6)))
        seen.append(env.observe().copy())
    return np.stack(seen)[None]


def plain(weights: dict[str, np.ndarray], x: torch.Tensor) -> torch.Tensor:
    """Q of a convolution, a hidden layer and a head, written with torch's own functions."""
    tensors = {name: torch.from_numpy(value).double() for name, value in weights.items()}
    channels = x.shape[3]
    kernel = tensors["0.weight"].reshape(3, 3, channels, -1).permute(3, 2, 0, 1)
    x = F.conv2d(x.permute(0, 3, 1, 2), kernel, tensors["0.bias"]).relu()
    x = x.permute(0, 2, 3, 1).flatten(1)
    x = (x @ tensors["1.weight"] + tensors["1.bias"]).relu()
    return x @ tensors["2.weight"] + tensors["2.bias"]


def test_it_is_the_norm_of_finite_differences_of_a_plain_network(run):
    found = analysis(run(), bias=0.05)  # without, empty patches are on the kink of their ReLU
    states = observed(3)
    norms, actions = found.slopes(states)
    weights, step = found.learner.weights(0), 1e-6
    for place, state in enumerate(states[0]):
        x = torch.from_numpy(state).double()
        assert int(plain(weights, x[None]).argmax()) == actions[0, place]
        moved = step * torch.eye(x.numel(), dtype=torch.float64).reshape(-1, *x.shape)
        up, down = (plain(weights, x + sign * moved)[:, actions[0, place]] for sign in (1, -1))
        slope = ((up - down) / (2 * step)).norm()
        assert norms[0, place] == pytest.approx(float(slope), rel=1e-4)


def test_a_normalised_head_divides_it_by_its_radius(run):
    bare, normalised = (analysis(run(sn__layers=sets)) for sets in ((), (-1,)))
    states, weights = observed(5), normalised.learner.weights(0)
    radius = weights["2.u"].ravel() @ weights["2.weight"].T @ weights["2.v"].ravel()
    expected, actions = bare.slopes(states)
    norms, same = normalised.slopes(states)
    assert (actions == same).all(), "biases are 0 at first: a factor changes no order"
    assert norms == pytest.approx(expected / abs(radius), rel=1e-5)


def test_every_state_counts_once_and_the_mean_is_below_the_maximum(run):
    found, seen = analysis(run(), states=50, copies=8), []
    visit = found.visit

    def noted(observations, live):
        seen.append(found.slopes(observations)[0][live])
        return visit(observations, live)

    found.visit = noted
    (report,) = found.advance()
    norms = np.concatenate(seen)
    assert (len(norms), report.step, report.done) == (50, 50, True)
    assert report.metrics["grad_max"] == norms.max() > report.metrics["grad_mean"]
    assert report.metrics["grad_mean"] == pytest.approx(norms.mean())
