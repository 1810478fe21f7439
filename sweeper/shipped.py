"""The spaces that come with sweeper, and those in the current folder."""

from __future__ import annotations

from pathlib import Path

import sweeper
from sweeper import document
from sweeper.errors import SweeperError


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
    try:
        data = document.read(path).data
    except SweeperError as error:
        return f"({error})"
    return str(data.get("reference") or data.get("note") or "")
