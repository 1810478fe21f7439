"""Shipped spaces at their scales; of an analysis the study that it is of is begun first."""

from __future__ import annotations

import functools
import tempfile
from pathlib import Path

from sweeper.planning import loading
from sweeper.schema.document import read
from sweeper.space.space import Space
from sweeper.study import analysed, studies
from sweeper.study.study import Study


@functools.cache
def _root() -> tempfile.TemporaryDirectory[str]:
    """A folder that is gone once this process is."""
    return tempfile.TemporaryDirectory(prefix="sweeper-sources-")


@functools.cache
def source_of(path: Path, scale: str | None) -> Study | None:
    """The study that an analysis is of, planned, not trained; `None` for any other space."""
    data = read(path).data
    named = (data.get("scales") or {}).get(scale) or {}
    of = named.get("of", data.get("of"))
    if of is None:
        return None
    study, _, other = of.partition("-")
    space = loading.load(path.with_name(f"{study}.yaml"), other or None)
    return studies.start(Path(_root().name) / of, space)


def load(path: Path, scale: str | None = None) -> Space:
    """The shipped space in `path`."""
    source = source_of(path, scale)
    return analysed.load(path, scale, (), source.folder.parent if source is not None else None)
