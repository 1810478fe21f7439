"""`sweeper check`: what is wrong with a space, at each of its scales."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from sweeper.cli.commands.plan import counts
from sweeper.errors import SweeperError
from sweeper.planning import loading
from sweeper.planning.configurations import notes
from sweeper.planning.plan import Plan
from sweeper.space.overrides import Override
from sweeper.study.analysed import load
from sweeper.trainable.loading import load_trainable


def lines(path: str, scale: str | None, changes: Sequence[Override], root: Path) -> Iterator[str]:
    """What the space in `path` plans at `scale`, or at each of its scales, and what may mislead.

    The study that an analysis is of stands under `root`.
    Raises `SweeperError` for what is wrong at any of them, each mistake once, behind the others.
    """
    wrong: list[str] = []
    for name in loading.scales(path) if scale is None else [scale]:
        try:
            space = load(path, name, changes, root)
            plan = Plan(space, load_trainable(space))
        except SweeperError as error:
            wrong += str(error).splitlines()
            continue
        yield f"{path}{f' scale={name}' if name else ''}: {counts(plan)}"
        yield from (f"  {line}" for line in notes.lines(plan))
    if wrong:
        raise SweeperError("\n".join(dict.fromkeys(wrong)))
