"""Points in the order in which random and quasi-random samplers draw them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

    from sweeper.plan.expansion import Configuration, Expansion
    from sweeper.space.space import Space


_VAIN = 1000
"""After how many points in a row that are no new configuration a sequence has come to its end."""


def sequence(space: Space, expansion: Expansion) -> Iterator[Configuration]:
    """The configurations of `random` or `qmc` in their order, without end or until none is new.

    A point that is there already, or that the space does not allow, is passed over.
    """
    from sweeper.plan.expansion import Rejected

    seen: set[str] = set()
    vain = 0
    for point in _points(space, len(expansion.axes)):
        place = dict(zip(expansion.axes, point, strict=True))
        vain += 1
        try:
            drawn = expansion.draw(lambda name, over, place=place: at(over, place[name]))  # type: ignore[misc]
        except Rejected:
            drawn = None
        if drawn is not None and drawn.text not in seen:
            seen.add(drawn.text)
            vain = 0
            yield drawn
        if vain >= _VAIN:
            return


def at(distribution: BaseDistribution, share: float) -> Any:
    """The value at `share` (0 ≤ share < 1) of a distribution, each value's part equally long."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if isinstance(distribution, CategoricalDistribution):
        return distribution.choices[int(share * len(distribution.choices))]
    assert isinstance(distribution, FloatDistribution | IntDistribution)
    low, high, step = distribution.low, distribution.high, distribution.step
    if isinstance(distribution, IntDistribution) or step is not None:
        step = step or 1
        if not distribution.log:
            count = int((high - low) / step + 1e-9) + 1
            return low + int(share * count) * step
        low, high = low - 0.5, high + 0.5
        value = round(low * (high / low) ** share)
        return min(max(value, distribution.low), distribution.high)
    value = low * (high / low) ** share if distribution.log else low + (high - low) * share
    return min(max(value, low), high)


def _points(space: Space, axes: int) -> Iterator[Any]:
    """Points of the unit cube [axes]; the first n are the same however many are taken."""
    sampler = space.sampler
    if sampler.name == "random":
        rng = np.random.default_rng(sampler.seed)
        while True:
            yield from rng.random((256, axes))
    from scipy.stats import qmc

    kinds = {"sobol": qmc.Sobol, "halton": qmc.Halton}
    engine = kinds[sampler.options.get("qmc_type", "sobol")](
        axes, scramble=sampler.options.get("scramble", False), rng=sampler.seed
    )
    for _ in range(2**22):
        yield from engine.random(1)
