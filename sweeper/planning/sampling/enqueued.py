"""Configurations that a sampler's study begins with: the key `enqueue` of a space."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from sweeper.errors import Invalid, Mistakes, Path, choices
from sweeper.planning.configurations.constraints import Rejected
from sweeper.planning.configurations.expansion import Configuration, Expansion
from sweeper.planning.configurations.sequences import at, sequence
from sweeper.planning.parameters import point_at
from sweeper.space.space import Space
from sweeper.text import canonical, counted

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

    from sweeper.space.axes import AxisKind

_TRIES = 200
"""So many random draws of the axes that an entry leaves open are tried for a valid one."""

Labels = Mapping[str, Any]


def check(space: Space, expansion: Expansion) -> None:
    """Raises `Invalid` for entries that are no configuration of the space, or come twice."""
    if not space.enqueue:
        return
    _check_sampler(space)
    mistakes, seen = Mistakes(), dict[str, int]()
    for number, labels in enumerate(entries(expansion)):
        here: Path = ("enqueue", number)
        first = seen.setdefault(canonical(dict(sorted(labels.items()))), number)
        if first != number:
            mistakes.add(Invalid(f"repeats enqueue[{first}]", here))
            continue
        with mistakes.under(*here):
            _check_valid(expansion, number, labels)
    mistakes.check()


def _check_sampler(space: Space) -> None:
    here: Path = ("enqueue",)
    if space.sampler.name == "grid":
        raise Invalid("must go: a grid runs all its configurations, samplers choose", here)
    if space.blocks:
        raise Invalid("must go: the space has blocks, each with axes of its own", here)
    gridded = [name for name, axis in space.axes.items() if axis.grid]
    if gridded:
        said = f"must go: each draw is tried with all values of {gridded[0]}, which is a grid"
        raise Invalid(said, here)
    if len(space.enqueue) > (space.trials or 0):
        entries = counted(len(space.enqueue), "configuration")
        raise Invalid(f"holds {entries}, which count in trials, but trials is {space.trials}", here)


def entries(expansion: Expansion) -> list[dict[str, Any]]:
    """The labels of each entry by axis, in the order of the space's axes; raises `Invalid`."""
    found, mistakes = list[dict[str, Any]](), Mistakes()
    for number, entry in enumerate(expansion.space.enqueue):
        labels: dict[str, Any] = {}
        for name, value in entry.items():
            with mistakes.under("enqueue", number, name):
                labels[name] = _label(expansion, name, value)
        found.append({name: labels[name] for name in expansion.axes if name in labels})
    mistakes.check()
    return found


def _label(expansion: Expansion, name: str, value: Any) -> Any:
    """The label of a value of one axis; raises `Invalid`."""
    space = expansion.space
    if name not in space.axes:
        why = f", but fixed at {canonical(space.fixed[name])}" if name in space.fixed else ""
        raise Invalid(f"is no axis{why}{choices(name, space.axes)}")
    leads = next((group[0] for group in space.zip if name in group[1:]), None)
    if leads is not None:
        raise Invalid(f"must go: it moves with {leads}, of which a value tells both")
    try:
        return point_at(space, expansion.trainable, name, value).label
    except Invalid as error:
        raise Invalid(error.message) from None


def _check_valid(expansion: Expansion, number: int, labels: Labels) -> None:
    """Raises `Invalid` where an entry names an axis that is off beside the rest, or is refused."""
    for name in labels:
        for target, valid in expansion.needs(name).items():
            if labels.get(target) not in valid:
                known = " or ".join(map(canonical, sorted(valid, key=str)))
                raise Invalid(f"counts only beside {target}: {known}, which must be said", (name,))
    refused: list[Rejected] = []
    if drawn(expansion, number, labels, refused=refused) is None:
        every = len(labels) == len(expansion.axes)
        tried = "" if every else " whatever the other axes are, as far as they were tried"
        raise Invalid(f"is no valid configuration{tried}: {refused[-1].message}")


def drawn(
    expansion: Expansion,
    number: int,
    labels: Labels,
    fresh: Callable[[Configuration], bool] = lambda _: True,
    refused: list[Rejected] | None = None,
) -> Configuration | None:
    """The configuration of entry `number`, its other axes drawn at random by the sampler's seed.

    The first draw counts that is valid and `fresh`; `None` where none is. What was rejected is
    added to `refused`.
    """
    rng = np.random.default_rng([expansion.space.sampler.seed, number])

    def choose(name: str, over: BaseDistribution, axis: AxisKind) -> Any:
        share = rng.random()
        if name in labels:
            return labels[name]
        own = axis.quantile(share)
        return at(over, share) if own is None else own

    for _ in range(_TRIES):
        try:
            made = expansion.draw(choose)
        except Rejected as error:
            if refused is not None:
                refused.append(error)
            continue
        if fresh(made):
            return made
    return None


def planned(space: Space, expansion: Expansion) -> Iterator[Configuration]:
    """What `random` or `qmc` plan: the entries, what these leave open drawn at random, and then the
    sampler's own sequence without what was there before.
    """
    seen: set[str] = set()

    def fresh(made: Configuration) -> bool:
        return expansion.key(made) not in seen

    for number, labels in enumerate(entries(expansion)):
        made = drawn(expansion, number, labels, fresh)
        if made is not None:
            seen.add(expansion.key(made))
            yield made
    yield from filter(fresh, sequence(space, expansion)) if seen else sequence(space, expansion)
