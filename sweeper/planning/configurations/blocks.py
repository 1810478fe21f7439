"""The configurations of a space with blocks: those of each block, one after the other."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sweeper.errors import Invalid
from sweeper.planning.configurations.constraints import Rejected
from sweeper.planning.configurations.expansion import Configuration, Expansion, Grid
from sweeper.space.axes import AxisKind, Point
from sweeper.space.blocks.block import BLOCK
from sweeper.space.blocks.parts import block_axis, part, placed
from sweeper.space.space import Space
from sweeper.trainable.contract import Parametrised
from sweeper.trainable.frozen import text_of

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution


_WHOLE = re.compile(r"\.0[,}\]]")


def _of_equal_numbers(text: str) -> str:
    """The text of parameters, in which 1 stands for 1.0, too."""
    if _WHOLE.search(text) is None:
        return text
    return "\n".join(text_of(json.loads(one, parse_float=_plain)) for one in text.splitlines())


def _plain(number: str) -> float:
    value = float(number)
    return int(value) if value.is_integer() else value


class BlockExpansion(Expansion):
    """The configurations of all blocks; each has its block's name as the value of one more axis.

    A configuration that several blocks hold is the first one's, and counts once.
    """

    def __init__(self, space: Space, trainable: Parametrised) -> None:
        self.space, self.trainable = space, trainable
        self.parts: dict[str, Expansion] = {}
        """The expansion of each block."""
        for name in space.blocks:
            with placed(space, name):
                self.parts[name] = Expansion(part(space, name), trainable)
        every = [name for one in self.parts.values() for name in one.axes]
        self.axes = (BLOCK, *dict.fromkeys(every))
        self.conditional = frozenset(
            name
            for name in every
            if any(name not in one.axes or name in one.conditional for one in self.parts.values())
        )
        self.drawn = {}
        self._axis = block_axis(space)
        self._grid = None
        self._grid_is_checked = False

    @property
    def refused(self) -> set[str]:  # type: ignore[override]
        """The texts of the configurations that what is trained was seen to refuse."""
        return {text for one in self.parts.values() for text in one.refused}

    def _computed_grid(self, *, check: bool) -> Grid:
        found: dict[str, Configuration] = {}
        shared: Counter[tuple[str, str]] = Counter()
        dropped = 0
        for name, one in self.parts.items():
            with placed(self.space, name):
                grid = one.grid(check=check)
            dropped += grid.dropped
            for made in grid.configurations:
                own = self._of(name, made)
                first = found.setdefault(self.key(own), own)
                if first is not own:
                    shared[str(first.labels[BLOCK]), name] += 1
        return Grid(tuple(found.values()), dropped, shared)

    def _of(self, name: str, made: Configuration) -> Configuration:
        return replace(
            made, values={BLOCK: name, **made.values}, labels={BLOCK: name, **made.labels}
        )

    def chosen_by(
        self, choose: Callable[[str, BaseDistribution, AxisKind], Any]
    ) -> dict[str, Point]:
        """The block that `choose` names, and the points of the labels that it gives there."""
        axis: Any = self._axis
        name = choose(BLOCK, axis.distribution(BLOCK), axis)
        return {BLOCK: Point(name, name, {}), **self._part(name).chosen_by(choose)}

    def made_of(self, chosen: Mapping[str, Point]) -> Configuration:
        """The configuration of a block and its points; `Rejected` where it is not a valid one."""
        name = str(chosen[BLOCK].label)
        own = {axis: point for axis, point in chosen.items() if axis != BLOCK}
        return self._of(name, self._part(name).made_of(own))

    def twins(self, made: Configuration) -> Iterator[str]:
        """The other blocks that hold the same parameters, as far as their axes tell."""
        key = self.key(made)
        for name, one in self.parts.items():
            if name != made.labels[BLOCK]:
                with suppress(Invalid, KeyError):
                    twin = one.draw(lambda axis, over, kind: _label_in(made, axis))
                    if self.key(self._of(name, twin)) == key:
                        yield name

    def cells(self) -> list[dict[str, str | int | float]]:
        """One without labels: no axis of a block has `grid: true`."""
        return [{}]

    def chosen(self, made: Configuration) -> list[str]:
        """The axes whose values were chosen for it, that of the blocks first."""
        return [BLOCK, *self._part(made.labels[BLOCK]).chosen(made)]

    def sets(self, axis: str) -> tuple[str, ...]:
        """The parameters that an axis sets in any block; that of the blocks sets what these fix."""
        if axis == BLOCK:
            found = [name for block in self.space.blocks.values() for name in block.fixed]
        else:
            holding = [one for one in self.parts.values() if axis in one.axes]
            found = [name for one in holding for name in one.sets(axis)]
        return tuple(dict.fromkeys(found))

    def reference(self) -> Configuration | None:
        """None: blocks have no configuration of all defaults in common."""
        for name, one in self.parts.items():
            with placed(self.space, name):
                one.reference()
        return None

    def check(self, made: Configuration) -> None:
        """Raises `Rejected` where what is trained refuses `made` on one of the tasks."""
        self._part(made.labels[BLOCK]).check(made)

    @property
    def kept_on(self) -> set[tuple[str, str]]:  # type: ignore[override]
        """What `by_task` sets and a configuration of some block has been seen to have."""
        return {key for one in self.parts.values() for key in one.kept_on}

    @property
    def left_out_on(self) -> dict[tuple[str, str], str]:  # type: ignore[override]
        """What `by_task` sets and one of some block has not, with why."""
        return {key: why for one in self.parts.values() for key, why in one.left_out_on.items()}

    def params_on(self, made: Configuration, task: str) -> dict[str, Any]:
        """Every parameter of a configuration on one of the tasks."""
        return self._part(made.labels[BLOCK]).params_on(made, task)

    def key(self, made: Configuration) -> str:
        """What is equal for configurations whose runs are the same, on all tasks."""
        if not self.space.by_task:
            return _of_equal_numbers(made.text)
        params = (self.params_on(made, task) for task in self.space.tasks)
        return _of_equal_numbers("\n".join(map(self.text, params)))

    def combinations(self) -> Iterator[dict[str, Point]]:
        """The points of the active axes, block by block; each changes the one before."""
        for name, one in self.parts.items():
            point = self._axis.point(BLOCK, name)
            for chosen in one.combinations():
                yield {BLOCK: point, **chosen}

    def text(self, params: Mapping[str, Any]) -> str:
        """Parameters as canonical JSON, without those that came after the space was loaded."""
        return self._any.text(params)

    def size(self, most: int) -> int:
        """The number of combinations, or some number above `most` where there are more."""
        return sum(one.size(most) for one in self.parts.values())

    def sizes(self) -> list[int]:
        """The number of combinations of all blocks, what two of them hold counted twice."""
        return [sum(one.size(10**9) for one in self.parts.values())]

    def distribution(self, name: str) -> BaseDistribution:
        """What the labels of an axis are chosen from in the first block that has it."""
        if name == BLOCK:
            return self._axis.distribution(name)
        return next(one for one in self.parts.values() if name in one.axes).distribution(name)

    def _part(self, name: Any) -> Expansion:
        found = self.parts.get(name)
        if found is None:
            raise Rejected(f"is no block: {name}", ("blocks",))
        return found

    @property
    def _any(self) -> Expansion:
        return next(iter(self.parts.values()))


def _label_in(made: Configuration, axis: str) -> Any:
    """The label of an axis, or where it is none there the value of the parameter of its name."""
    return made.labels[axis] if axis in made.labels else made.params[axis]
