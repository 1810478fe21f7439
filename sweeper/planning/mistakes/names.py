"""Checks the names of parameters, of which none is what a key of the space is called."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from sweeper.errors import Invalid, Mistakes, Path, cut
from sweeper.space.blocks.block import Block
from sweeper.space.keys.validators import OF_PARAMETERS
from sweeper.space.space import Space

_OF_RUNS = {
    **dict.fromkeys(("seed", "seeds"), "seeds, a key of the space itself, says which there are"),
    **dict.fromkeys(("task", "tasks"), "tasks, a key of the space itself, says which there are"),
    "steps": "steps, a key of the space itself, says how long runs are, and tasks.NAME.steps those "
    "on one task",
    "trials": "trials, a key of the space itself, says how many configurations a sampler draws",
}
"""What fixed parameters and those by task may not be called, and where such things are said."""


def check(space: Space, known: Collection[str]) -> None:
    """Raises `Invalid` for names that repeat their section, as `fixed.k` below `fixed`; and for
    fixed ones that say how runs are made, as `steps`, where what is trained takes any, as none is
    `known`.
    """
    mistakes = Mistakes()
    for path, fixed in _paths(space):
        name = str(path[-1])
        section, dot, rest = name.partition(".")
        with mistakes.under(*path):
            if dot and section in OF_PARAMETERS:
                raise Invalid(f"is no name of a parameter: leave out {section}, as in {cut(rest)}")
            if fixed and not known and name in _OF_RUNS:
                raise Invalid(f"is no parameter: {_OF_RUNS[name]}; call one of your own otherwise")
    mistakes.check()


def _paths(space: Space) -> Iterator[tuple[Path, bool]]:
    """Where each name of a parameter stands, and whether its value is fixed."""
    places: dict[Path, Space | Block] = {(): space}
    places |= {("blocks", name): block for name, block in space.blocks.items()}
    for here, one in places.items():
        yield from (((*here, "fixed", name), True) for name in one.fixed)
        yield from (((*here, "axes", name), False) for name in one.axes)
        yield from (((*here, "derived", name), False) for name in one.derived)
    for task, params in space.by_task.items():
        yield from ((("by_task", task, name), True) for name in params)
