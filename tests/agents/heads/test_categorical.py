"""The categorical head: projection, means, losses, against plain loops."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from agents.heads import base, categorical

P, B, A = 2, 40, 3


def head(atoms: int = 51, low: float = -10.0, high: float = 10.0) -> categorical.Head:
    sizes = {"head.kind": "categorical", "head.atoms": atoms, "head.v_min": low, "head.v_max": high}
    base.find(sizes).check(sizes)
    return categorical.Head(sizes)


def drawn(*size: int) -> torch.Tensor:
    return torch.randn(*size, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def projected(
    rewards: np.ndarray, discounts: np.ndarray, p: np.ndarray, low: float, high: float
) -> np.ndarray:
    """Algorithm 1 of Bellemare et al. 2017, atom by atom."""
    atoms = p.shape[-1]
    gap = (high - low) / (atoms - 1)
    found = np.zeros_like(p)
    for at in np.ndindex(*rewards.shape):
        for j in range(atoms):
            moved = min(max(rewards[at] + discounts[at] * (low + j * gap), low), high)
            place = (moved - low) / gap
            below, above = int(np.floor(place)), int(np.ceil(place))
            if below == above:
                found[at][below] += p[at][j]
            else:
                found[at][below] += p[at][j] * (above - place)
                found[at][above] += p[at][j] * (place - below)
    return found


@pytest.mark.parametrize(("atoms", "low", "high"), [(51, -10.0, 10.0), (2, 0.0, 1.0), (7, -3, 1)])
def test_the_projection_is_that_of_the_plain_loop(atoms: int, low: float, high: float) -> None:
    one, logits = head(atoms, low, high), drawn(P, B, atoms)
    rewards, discounts = 3 * drawn(P, B), drawn(P, B).sigmoid() * (drawn(P, B) < 1)
    found = one.target(rewards, discounts, logits)
    p = torch.softmax(logits, -1).numpy()
    expected = projected(rewards.numpy(), discounts.numpy(), p, low, high)
    np.testing.assert_allclose(found, expected, atol=1e-9)
    torch.testing.assert_close(found.sum(-1), torch.ones(P, B, dtype=torch.float64))


def test_the_mean_is_kept_where_nothing_is_cut() -> None:
    one, logits = head(), drawn(P, B, 51)
    rewards, discounts = drawn(P, B).tanh(), torch.full((P, B), 0.9, dtype=torch.float64)
    expected = rewards + 0.9 * one.value(logits)
    torch.testing.assert_close(one.mean(one.target(rewards, discounts, logits)), expected)


def test_a_terminal_state_gives_its_reward_alone() -> None:
    one = head(21)  # atoms at the whole numbers
    rewards = torch.tensor([[-10.0, 0.0, 3.0, 2.5, 99.0]])
    target = one.target(rewards, torch.zeros(1, 5), torch.randn(1, 5, 21))[0]
    assert torch.equal(target.argmax(-1), torch.tensor([0, 10, 13, 12, 20]))
    torch.testing.assert_close(target[[0, 1, 2, 4]].amax(-1), torch.ones(4))
    torch.testing.assert_close(target[3, 12:14], torch.tensor([0.5, 0.5]))


def test_actions_are_chosen_with_their_atoms_and_the_best_by_their_means() -> None:
    one, outputs = head(5, 0.0, 4.0), drawn(P, B, A * 5)
    apart = outputs.view(P, B, A, 5)
    values = (torch.softmax(apart, -1) * torch.arange(5)).sum(-1)
    torch.testing.assert_close(one.values(outputs), values)
    actions = torch.arange(B).expand(P, -1) % A
    assert torch.equal(one.chosen(outputs, actions)[1, 4], apart[1, 4, 1])
    torch.testing.assert_close(one.value(one.best(outputs)), values.amax(2))


def test_the_loss_is_the_cross_entropy_with_its_gradient() -> None:
    one, logits = head(7), drawn(P, B, 7).requires_grad_()
    target = torch.softmax(drawn(P, B, 7).flip(1), -1)
    loss = one.loss(logits, target, None)
    expected = torch.nn.functional.cross_entropy(
        logits.flatten(0, 1), target.flatten(0, 1), reduction="none"
    )
    torch.testing.assert_close(loss.flatten(), expected)
    (slope,) = torch.autograd.grad(loss.sum(), logits)
    torch.testing.assert_close(slope, torch.softmax(logits, -1) - target)
    assert (one.errors(logits, target) > 0).all()


@pytest.mark.parametrize(("low", "high"), [(1.0, 1.0), (2.0, -2.0)])
def test_an_empty_support_is_refused(low: float, high: float) -> None:
    with pytest.raises(ValueError, match=r"head.v_min must be below v_max, which is"):
        head(5, low, high)


@pytest.mark.parametrize(
    ("atoms", "low", "high", "says"),
    [
        (51, -10.0, 1e39, "must lie within 1e.30 of 0"),
        (51, -1e31, 0.0, "must lie within 1e.30 of 0"),
        (51, -10.0, -9.999, "head.atoms must be atoms that single precision tells apart"),
        (300_000, -10.0, 10.0, "got 300000 from -10.0 to 10.0"),
    ],
)
def test_a_support_that_single_precision_cannot_have_is_refused(atoms, low, high, says) -> None:
    with pytest.raises(ValueError, match=says):
        head(atoms, low, high)


@pytest.mark.parametrize(("atoms", "low", "high"), [(51, 100.0, 101.0), (2, 0.0, 1e30)])
def test_the_finest_supports_keep_their_mass_in_single_precision(atoms, low, high) -> None:
    one, logits = head(atoms, low, high), drawn(P, B, atoms).float()
    rewards = (low + (high - low) * drawn(P, B).sigmoid()).float()
    mass = one.target(rewards, torch.zeros(P, B), logits).sum(-1)
    torch.testing.assert_close(mass, torch.ones(P, B), rtol=0, atol=2e-3)
