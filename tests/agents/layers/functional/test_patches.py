"""Unfolding and folding are adjoint."""

from __future__ import annotations

import torch

from agents.layers.functional.patches import fold, unfold


def test_fold_is_the_adjoint_of_unfold():
    x, y = torch.randn(2, 3, 7, 6, 2), torch.randn(2, 3, 5, 4, 18)
    torch.testing.assert_close((unfold(x, 3) * y).sum(), (x * fold(y, 3)).sum())


def test_tables_that_acting_made_first_serve_where_gradients_are_recorded():
    """A continued run acts before it learns, and acting is in inference mode."""
    x, y = torch.randn(1, 1, 11, 9, 3), torch.randn(1, 1, 9, 7, 27)
    with torch.inference_mode():
        unfold(x, 3), fold(y, 3)
    x.requires_grad_(), y.requires_grad_()
    found = torch.autograd.grad((x * fold(y, 3)).sum() + unfold(x, 3).sum(), (x, y))
    assert all(torch.isfinite(gradient).all() for gradient in found)
