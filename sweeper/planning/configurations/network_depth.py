"""The shallowest network of a space, whose depth limits the layers that layer sets may name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from math import prod

from sweeper.errors import Invalid
from sweeper.planning.configurations.constraints import Rejected
from sweeper.planning.configurations.expansion import DROP, Configuration, Expansion
from sweeper.planning.configurations.sequences import sequence
from sweeper.planning.parameters import by_task
from sweeper.schema.expression import parse
from sweeper.space.axes import Network
from sweeper.space.samplers import Sampler
from sweeper.space.space import Space
from sweeper.text import canonical
from sweeper.trainable.abilities import layers_of
from sweeper.trainable.contract import Trainable

_FEW = 1000
"""So many combinations of whole-number ranges are all looked at, of more the ends of the ranges."""


class _Placed(Invalid):
    """An error whose path starts at the top of the space already."""

    def under(self, *prefix: str | int) -> Invalid:
        """Itself: its path is whole."""
        return self


def shallowest(space: Space, trainable: Trainable, parameter: str) -> Callable[[], Network]:
    """A function that finds the network of fewest layers among all valid combinations, once.

    It is that whose layers `parameter` counts.
    """
    found: list[Network] = []

    def find() -> Network:
        if not found:
            try:
                networks = list(_networks(space, trainable, parameter))
            except Invalid as error:
                raise (_Placed(error.message, error.path) if error.path else error) from error
            found.append(min(networks, key=lambda network: network.layers))
        return found[0]

    return find


def _networks(space: Space, trainable: Trainable, parameter: str) -> Iterator[Network]:
    names = [name for name, axis in space.axes.items() if axis.structural]
    own = by_task(space, trainable)
    refusals: list[Invalid] = []
    valid = False
    for made in _configurations(_structural(space, trainable), trainable, refusals):
        labels = [canonical(made.labels[name]) for name in names if name in made.labels]
        label = " ".join(["network", *labels])
        for task in space.tasks:
            try:
                every = {**made.params, **own.get(task, {})}
                layers = layers_of(trainable, parameter, every, task)
            except ValueError as error:
                if space.invalid == DROP:
                    continue
                raise Invalid(f"cannot count the layers of {label} on {task}: {error}") from error
            valid = True
            yield Network(layers, f"{label} on {task}")
    if not valid:
        dropped = Invalid("needs a network, but all combinations of other axes are dropped")
        raise next(iter(refusals), dropped)


def _configurations(
    space: Space, trainable: Trainable, refusals: list[Invalid]
) -> Iterator[Configuration]:
    """Those of all combinations, else of the ends of ranges; random ones where none is valid.

    Combinations that a formula refuses go to `refusals`.
    """
    drawn = space.sampler.name != "grid"
    if prod(axis.size(name) or 2 for name, axis in space.axes.items()) <= _FEW:
        space = space.model_copy(update={"sampler": Sampler(name="grid")})
    expansion = Expansion(space, trainable)
    valid = False
    for chosen in expansion.combinations():
        try:
            made = expansion.configuration(chosen)
        except Rejected as error:
            refusals.append(error)
            continue
        valid = True
        yield made
    if drawn and not valid:
        drawing = space.model_copy(update={"sampler": Sampler(name="random")})
        yield from islice(sequence(drawing, expansion), _FEW)


def _structural(space: Space, trainable: Trainable) -> Space:
    """`space` with only the axes that the depth of a network may depend on."""
    derived: dict[str, str] = {}
    for name, text in reversed(space.derived.items()):
        known = trainable.parameters.get(name)
        needed = any(name in parse(other).names for other in derived.values())
        if needed or known is None or known.kind is not float:
            derived[name] = text
    axes = {name for name, axis in space.axes.items() if axis.structural}
    for text in derived.values():
        axes |= _named(space, parse(text).names)
    axes = _closed(space, axes)
    left_out = set(space.axes) - axes
    constraints = [
        text
        for text in space.constraints
        if not _named(space, parse(text).names) & left_out
        and not set(parse(text).names) & (set(space.derived) - set(derived))
    ]
    return space.model_copy(
        update={
            "axes": {name: axis for name, axis in space.axes.items() if name in axes},
            "zip": tuple(group for group in space.zip if group[0] in axes),
            "derived": {name: derived[name] for name in space.derived if name in derived},
            "constraints": tuple(constraints),
        }
    )


def _named(space: Space, names: Iterable[str]) -> set[str]:
    """The axes that these names stand for, or that set them."""
    return {
        axis for axis in space.axes for name in names if name == axis or name.startswith(f"{axis}.")
    }


def _closed(space: Space, axes: set[str]) -> set[str]:
    """With these axes all those that they move together with or depend on."""
    closed: set[str] = set()
    while closed != axes:
        closed = set(axes)
        for group in space.zip:
            if closed & set(group):
                axes = axes | set(group)
        for name in closed & set(space.axes):
            axes = axes | set(space.axes[name].when or ())
    return closed
