"""`sweeper convert`: a space written from what another tool wrote."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from sweeper.cli.commands.plan import counts
from sweeper.converting.source import converted
from sweeper.errors import SweeperError, cut
from sweeper.files import atomic
from sweeper.planning.configurations import notes
from sweeper.planning.loading import load
from sweeper.planning.plan import Plan
from sweeper.text import counted
from sweeper.trainable.loading import load_trainable


def lines(
    source: str, out: Path, study: str | None, program: str | None, *, sure: bool
) -> Iterator[str]:
    """Writes the space to `out`; says what it could not say, and whether it loads and plans."""
    check_out(out, sure=sure)
    if out.exists() and Path(source).exists() and out.samefile(source):
        raise SweeperError(f"{cut(out)} is what is converted: out= names another file")
    draft = converted(source, study, program)
    atomic.write_durably(out, draft.text().encode())
    yield f"{out}: written from {draft.source}"
    if draft.lost:
        yield f"what it could not say, or says otherwise ({counted(len(draft.lost), 'line')}):"
        yield from (f"  {line}" for line in draft.lost)
    if draft.invented:
        yield "put in where it says nothing, with the words of `sweeper run` that change it:"
        yield from (f"  {line}" for line in draft.invented)
    try:
        space = load(out)
        plan = Plan(space, load_trainable(space))
    except SweeperError as error:
        yield "it does not run yet:"
        yield from (f"  {line}" for line in str(error).splitlines())
    else:
        yield f"it plans {counts(plan)}"
        yield from (f"  {line}" for line in notes.lines(plan))
    yield f"  sweeper plan {out}  # as it was understood: look it over"


def check_out(out: Path, *, sure: bool) -> None:
    """`SweeperError` unless a space may be written to `out`, which overwrites nothing unasked."""
    atomic.check_out(out, (".yaml", ".yml"))
    if out.exists() and not sure:
        raise SweeperError(f"{cut(out)} is there already: yes=true overwrites it")
