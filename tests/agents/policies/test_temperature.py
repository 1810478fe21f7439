"""The temperature: its gradient, where it goes, where it stays."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from agents.policies.temperature import Temperature

ACTIONS = 3


def made(*members: dict[str, Any], **given: Any) -> Temperature:
    kind = given.pop("kind", "adam")
    defaults = {"auto": True, "of": "log", "beta": 1.0, "lr": 0.01, "target": -0.5} | given
    complete = [{f"entropy.{k}": v for k, v in (defaults | m).items()} for m in members or ({},)]
    complete = [{"optimizer.kind": kind, **params} for params in complete]
    temperature = Temperature(complete, ACTIONS, "cpu")
    temperature.initialise()
    return temperature


def log_probs(*entropies: float) -> torch.Tensor:
    """log pi [P, 256] whose means are minus these."""
    noise = torch.randn(len(entropies), 256, generator=torch.Generator().manual_seed(0))
    return noise - noise.mean(1, keepdim=True) - torch.tensor(entropies)[:, None]


def test_it_follows_autograd_and_adam():
    """E[beta (-log pi - H)] with beta = exp(log beta), for each member's own H, lr and start."""
    betas, targets, lrs = (1.0, 0.2, 5.0), (-0.5, 1.0, -2.0), (0.01, 0.1, 0.003)
    members = zip(betas, targets, lrs, strict=True)
    temperature = made(*({"beta": b, "target": t, "lr": lr} for b, t, lr in members))
    theirs = [torch.tensor(beta).log().requires_grad_() for beta in betas]
    adams = [torch.optim.Adam([log], lr) for log, lr in zip(theirs, lrs, strict=True)]
    for step in range(5):
        log_prob = log_probs(0.4 * step, -2.0, 1.0 + step)
        temperature.step(log_prob)
        for log, adam, row, target in zip(theirs, adams, log_prob, targets, strict=True):
            adam.zero_grad()
            (log.exp() * (-row - ACTIONS * target)).mean().backward()
            adam.step()
        torch.testing.assert_close(temperature.beta[:, 0], torch.stack(theirs).detach().exp())


def test_beta_itself_may_learn_and_fall_below_0():
    """Spec D27: a surplus of entropy of 0.3 takes beta from 1 below 0 in 3,400 updates of 3e-4,
    and the beta of a learned log beta to about 0.4."""
    linear, log = (made(of=of, lr=3e-4) for of in ("linear", "log"))
    for _ in range(3_400):
        for one in (linear, log):
            one.step(log_probs(-0.5 * ACTIONS + 0.3))
    assert linear.beta.item() == pytest.approx(1 - 3_400 * 3e-4, abs=0.01)
    assert log.beta.item() == pytest.approx(0.36, abs=0.08)
    assert (linear.name, log.name) == ("beta", "log_beta")


@pytest.mark.parametrize(("kind", "moves"), [("sgd", 0.01 * 0.5), ("rmsprop", 0.01 / 0.95**0.5)])
def test_it_takes_steps_of_the_networks_kind(kind, moves):
    """The first: lr g, and of centred RMSprop lr g / sqrt(0.05 g^2 - (0.05 g)^2)."""
    temperature = made({}, kind=kind)
    temperature.step(log_probs(-1.5 - 0.5))
    factor = 1.0 if kind == "sgd" else 1.0 / 0.05**0.5
    assert temperature.learned.item() == pytest.approx(moves * factor, rel=1e-4)


def test_it_rises_where_entropy_lacks_and_falls_where_there_is_too_much():
    temperature = made({}, {}, {})
    temperature.step(log_probs(-1.5 - 0.5, -1.5 + 0.5, -1.5 + 5.0))
    low, high, higher = temperature.beta[:, 0].tolist()
    assert low > 1.0 > high and higher < 1.0


def test_a_fixed_one_stays_even_at_0():
    temperature = made({"beta": 0.3}, {"beta": 0.0}, auto=False)
    before = temperature.beta.clone()
    temperature.step(log_probs(-9.0, 9.0))
    assert torch.equal(temperature.beta, before)
    assert before[:, 0].tolist() == pytest.approx([0.3, 0.0])
    assert temperature.learned.isfinite().all()


def test_entropy_is_met_in_the_end():
    """A policy whose entropy rises with beta: log beta itself."""
    temperature = made({"beta": 2.0, "lr": 0.02}, {"beta": 0.01, "lr": 0.02})
    for _ in range(2000):
        temperature.step(log_probs(*temperature.learned[:, 0].tolist()))
    assert temperature.learned[:, 0].tolist() == pytest.approx([-0.5 * ACTIONS] * 2, abs=0.01)
