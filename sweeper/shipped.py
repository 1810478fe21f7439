"""The spaces that come with sweeper, and those in the current folder."""

from __future__ import annotations

from pathlib import Path

import sweeper
from sweeper import document


def spaces() -> list[tuple[Path, str]]:
    """Each space's file, and the figure or table that it re-runs."""
    package = Path(sweeper.__file__).parent
    folders = (Path("spaces"), package / "_spaces", package.parent / "spaces")
    found: dict[Path, Path] = {}
    for folder in folders:
        for path in sorted(folder.glob("*.yaml")):
            found.setdefault(path.resolve(), path)
    return [(path, _about(path)) for path in found.values()]


def _about(path: Path) -> str:
    data = document.read(path).data
    return str(data.get("reference") or data.get("note") or "")
