"""Diagnostics of updates are means and maxima over all updates since the last report."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from agents.diagnostics.interval import Interval
from agents.diagnostics.update_gradient_norms import norms
from agents.learners import dqn, td3
from tests.agents.diagnostics.test_diagnostics import NET, SMALL, pack

ASKED = {"diagnostics": ("update_gradient_norms", "update_loss", "gradient_norms")}


class Spy:
    """Keeps the loss and the norm of all gradients of every update, by network."""

    def __init__(self) -> None:
        self.seen: dict[str, list[np.ndarray]] = {}

    def record(self, name: str, loss: torch.Tensor, gradients: Any) -> None:
        members = len(loss)
        flat = np.concatenate([g.reshape(members, -1).double().numpy() for g in gradients], axis=1)
        both = np.stack([np.linalg.norm(flat, axis=1), loss.detach().double().numpy()])
        self.seen.setdefault(name, []).append(both)


@pytest.mark.parametrize(
    ("learner", "task", "params"),
    [(td3.Learner, "navigation/3", SMALL), (dqn.Learner, "minatar/breakout", NET)],
)
def test_they_are_means_and_maxima_of_all_updates_but_those_that_are_undone(
    learner: Any, task: str, params: dict[str, Any]
) -> None:
    members = [params | ASKED | {"warmup_steps": 20}] * 3
    made, spy = pack(learner, task, members, 10), Spy()
    made.learner.watching_updates = (*made.learner.watching_updates, spy)
    for until in (40, 61):
        spy.seen = {}
        made.train(until)
        found = made.diagnostics.measure(made.replay, made.step)
        for name in learner.networks:
            seen = np.stack(spy.seen[name])
            for place, measure in enumerate((f"grad_norm_{name}", f"{name}_loss")):
                mean, most = seen[:, place].mean(0), seen[:, place].max(0)
                assert found[f"{measure}_mean"] == pytest.approx(mean, rel=1e-6)
                assert found[f"{measure}_max"] == pytest.approx(most, rel=1e-6)
    again = made.diagnostics.measure(made.replay, made.step)
    assert np.isnan(again["critic_loss_mean"]).all(), "the interval has just begun"


def test_norms_are_bit_for_bit_those_of_a_member_alone() -> None:
    numbers = torch.Generator().manual_seed(0)
    shapes = [(6, 33, 17), (6, 17), (6, 5, 3, 2), (6, 1), (6, 1000)]
    plain = [torch.randn(shape, generator=numbers) for shape in shapes]
    turned = [g.mT.contiguous().mT if g.dim() > 2 else g for g in plain]  # strides of autograd's
    for gradients in (plain, turned):
        together = norms(gradients, 3)
        exact = [torch.cat([g[2 * m : 2 * m + 2].flatten() for g in plain]) for m in range(3)]
        assert together == pytest.approx([e.double().norm().item() for e in exact], rel=1e-6)
        for member in range(3):
            alone = norms([g[2 * member : 2 * member + 2] for g in gradients], 1)
            assert alone[0] == together[member]


def test_a_continued_interval_is_the_one_that_was_saved() -> None:
    whole, half = (Interval(("a", "b"), 2, torch.device("cpu")) for _ in range(2))
    for interval in (whole, half):
        interval.add("a", torch.tensor([1.0, -3.0]))
    continued = Interval(("a", "b"), 1, torch.device("cpu"))
    continued.load(0, half.save(1))
    whole.add("a", torch.tensor([0.1, -4.0]))
    continued.add("a", torch.tensor([-4.0]))
    for mine, theirs in zip(continued.found(), whole.found(), strict=True):
        assert mine[0, 0] == theirs[1, 0] and not np.isfinite(mine[0, 1])
