"""Points in the order in which random and quasi-random samplers draw them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from sweeper.planning.configurations.constraints import Rejected

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

    from sweeper.planning.configurations.expansion import Configuration, Expansion
    from sweeper.space.axes import AxisKind
    from sweeper.space.space import Space


_MANY_STEPS = 1000

_MOST_REPEATS = 1000
"""The points in a row without a new configuration after which a sequence ends."""


def sequence(space: Space, expansion: Expansion) -> Iterator[Configuration]:
    """The configurations of `random` or `qmc` in their order, endless or until none is new.

    Points that repeat a configuration, or that the space does not allow, are passed over. Axes with
    `grid: true` are not drawn: each point is combined with all their values.
    """
    seen: set[str] = set()
    repeats = 0
    cells = expansion.cells()
    names = [name for name in expansion.axes if name not in cells[0]]
    for point in _points(space, len(names)):
        place = dict(zip(names, point, strict=True))
        for cell in cells:
            repeats += 1
            drawn = _drawn(expansion, cell, place)
            if drawn is not None and (key := expansion.key(drawn)) not in seen:
                seen.add(key)
                repeats = 0
                yield drawn
        if repeats >= _MOST_REPEATS:
            return


def _drawn(
    expansion: Expansion, cell: Mapping[str, Any], place: Mapping[str, float]
) -> Configuration | None:
    """The configuration of a cell and a point, if the space allows it."""
    try:
        return expansion.draw(
            lambda name, over, axis: cell[name] if name in cell else _label(axis, over, place[name])
        )
    except Rejected:
        return None


def _label(axis: AxisKind, over: BaseDistribution, share: float) -> Any:
    own = axis.quantile(share)
    return at(over, share) if own is None else own


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


def smooth(distribution: BaseDistribution) -> BaseDistribution:
    """A long range without its steps: Optuna's `gp` would look at each of them at every draw.

    What is drawn goes to the nearest step.
    """
    from optuna.distributions import FloatDistribution, IntDistribution

    if not isinstance(distribution, FloatDistribution | IntDistribution) or not distribution.step:
        return distribution
    low, high = distribution.low, distribution.high
    long = (high - low) / distribution.step > _MANY_STEPS
    return FloatDistribution(low, high, log=distribution.log) if long else distribution


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
