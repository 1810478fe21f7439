"""Unfolding and folding are adjoint."""

from __future__ import annotations

import torch

from agents.layers.functional.patches import fold, unfold


def test_fold_is_the_adjoint_of_unfold():
    x, y = torch.randn(2, 3, 7, 6, 2), torch.randn(2, 3, 5, 4, 18)
    torch.testing.assert_close((unfold(x, 3) * y).sum(), (x * fold(y, 3)).sum())
