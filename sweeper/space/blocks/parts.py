"""The spaces that a space with blocks is made of, and its axes taken together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sweeper.errors import Invalid
from sweeper.space.axes import AxisKind, Point
from sweeper.space.axes.choice import Axis as ChoiceAxis
from sweeper.space.blocks.block import BLOCK, Block
from sweeper.space.space import Space
from sweeper.text import canonical

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution


def part(space: Space, name: str) -> Space:
    """The space of the trials of one block, which has no blocks itself.

    What a block says of a parameter counts in the place of what the space says of it.
    """
    block = space.blocks[name]
    own: set[str] = {*block.fixed, *block.axes, *block.derived}
    axes = {
        one: block.axes.get(one, axis)
        for one, axis in space.axes.items()
        if one in block.axes or one not in own
    }
    axes |= block.axes
    told = {one for one, axis in block.axes.items() if axis == space.axes.get(one)}
    by_task = {
        task: {one: value for one, value in params.items() if one not in own - told}
        for task, params in space.by_task.items()
    }
    replaced = {one: value for one, value in space.fixed.items() if one in own}
    shared = {one: value for one, value in space.fixed.items() if one not in own}
    return space.model_copy(
        update={
            "blocks": {},
            "axes": axes,
            "fixed": {**shared, **block.fixed},
            "by_task": {task: params for task, params in by_task.items() if params},
            "defaults": {
                one: value
                for one, value in {**space.defaults, **replaced}.items()
                if one not in block.fixed
            },
            "zip": (*(group for group in space.zip if {*group} <= {*axes}), *block.zip),
            "derived": {
                **{one: text for one, text in space.derived.items() if one not in own},
                **block.derived,
            },
            "constraints": tuple(dict.fromkeys((*space.constraints, *block.constraints))),
        }
    )


def parts(space: Space) -> list[Space]:
    """The spaces of all blocks; of a space without blocks that itself."""
    return [one for _, one in named_parts(space)]


def named_parts(space: Space) -> list[tuple[str | None, Space]]:
    """The spaces of all blocks with their names; of a space without blocks that itself."""
    return [(name, part(space, name)) for name in space.blocks] or [(None, space)]


def block_axis(space: Space) -> ChoiceAxis:
    """The axis whose values are the blocks' names."""
    return ChoiceAxis(kind="choice", values=list(space.blocks))


def every_axis(space: Space) -> Mapping[str, AxisKind]:
    """All axes by name, for whoever shows them: that of the blocks first, then each block's.

    One that differs from block to block is shown as one.
    """
    if not space.blocks:
        return space.axes
    found: dict[str, list[AxisKind]] = {}
    for one in parts(space):
        for name, axis in one.axes.items():
            known = found.setdefault(name, [])
            if axis not in known:
                known.append(axis)
    blocks: Any = block_axis(space)
    joined: dict[str, AxisKind] = {BLOCK: blocks}
    for name, axes in found.items():
        whole: Any = axes[0] if len(axes) == 1 else JoinedAxis(name, tuple(axes))
        joined[name] = whole
    return joined


@contextmanager
def placed(space: Space, name: str | None) -> Iterator[None]:
    """What is wrong in the space of a block is raised with the block's place in the file.

    Without a name it is the space's own, and has its place already.
    """
    try:
        yield
    except Invalid as error:
        if name is None:
            raise
        first, *others = (_placed(one, space, name) for one in error.each)
        first.others = tuple(others)
        kind = type(error)
        raise kind(first.message, first.path, first.others) from error


def _placed(error: Invalid, space: Space, name: str) -> Invalid:
    key, *rest = error.path or ("",)
    if key not in Block.model_fields:
        return error
    own = getattr(space.blocks[name], str(key))
    before = getattr(space, str(key))
    if isinstance(own, dict):
        here = bool(rest) and rest[0] in own and before.get(rest[0]) != own[rest[0]]
        return error.under("blocks", name) if here else error
    if not rest or not isinstance(rest[0], int) or rest[0] < len(before):
        return error
    return Invalid(error.message, ("blocks", name, key, rest[0] - len(before), *rest[1:]))


@dataclass(frozen=True)
class JoinedAxis:
    """Axes of one name in several blocks, as figures and tables show them: one axis."""

    name: str
    axes: tuple[AxisKind, ...]

    default = None
    when = None
    grid = False
    structural = False

    @property
    def kind(self) -> str:
        """The kind of the first."""
        return self.axes[0].kind

    @property
    def helper(self) -> bool:
        """Whether only formulas read it, in all blocks."""
        return all(axis.helper for axis in self.axes)

    @property
    def title(self) -> str | None:
        """The first title that is given."""
        return next((axis.title for axis in self.axes if axis.title), None)

    @property
    def low(self) -> float | None:
        """The lower end where all are ranges."""
        ends = self.ends
        return None if ends is None else ends[0]

    @property
    def log(self) -> bool:
        """Whether all ranges are spaced by ratio, and all numbers are above 0."""
        ends = self.ends
        ranges = [axis for axis in self.axes if axis.ends is not None]
        above = ends is not None and ends[0] > 0
        return above and all(getattr(axis, "log", False) for axis in ranges)

    @property
    def ends(self) -> tuple[float, float] | None:
        """The outermost ends where all are numbers and one is a range."""
        if all(axis.ends is None for axis in self.axes):
            return None
        numbers: list[Any] = []
        for axis in self.axes:
            labels = [point.label for point in axis.points(self.name)] if axis.ends is None else []
            numbers += axis.ends or labels
        if any(isinstance(number, str) for number in numbers):
            return None
        return min(numbers), max(numbers)

    def size(self, name: str) -> int | None:
        """The number of values of all; `None` where that of one is not known."""
        sizes = [axis.size(name) for axis in self.axes]
        known = [size for size in sizes if size is not None]
        return sum(known) if len(known) == len(sizes) else None

    def points(self, name: str) -> tuple[Point, ...]:
        """The values of all, each once; of ranges their ends."""
        found = {}
        for axis in self.axes:
            ends = axis.ends
            points = axis.points(name) if ends is None else [axis.point(name, end) for end in ends]
            found.update({canonical(one.label): one for one in points})
        return tuple(found.values())

    def point(self, name: str, label: Any) -> Point:
        """The point with this label of the first axis that has it."""
        for axis in self.axes[:-1]:
            try:
                return axis.point(name, label)
            except Invalid:
                continue
        return self.axes[-1].point(name, label)

    def distribution(self, name: str, drawn: Iterable[Any] = ()) -> BaseDistribution:
        """One that holds what each of them draws from; `drawn` are labels that were.

        Where some values are no numbers, it has the listed values and those that were drawn.
        """
        from optuna.distributions import (
            CategoricalDistribution,
            FloatDistribution,
            IntDistribution,
        )

        ends = self.ends
        if ends is None:
            labels = [*(point.label for point in self.points(name)), *drawn]
            return CategoricalDistribution(list(dict.fromkeys(labels)))
        low, high = ends
        kinds = [axis.distribution(name) for axis in self.axes]
        whole = all(
            isinstance(kind, IntDistribution)
            or all(isinstance(one, int) for one in getattr(kind, "choices", [None]))
            for kind in kinds
        )
        if whole:
            return IntDistribution(int(low), int(high), log=self.log)
        return FloatDistribution(low, high, log=self.log)
