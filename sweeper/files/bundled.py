"""Files that ship with sweeper, found from any folder."""

from __future__ import annotations

from pathlib import Path

import sweeper


def files(folder: str, pattern: str) -> list[Path]:
    """Files in `folder` here and of sweeper's own, in a wheel or in the repository; each once."""
    package = Path(sweeper.__file__).parent
    found: dict[Path, Path] = {}
    for place in (Path(folder), package / f"_{folder}", package.parent / folder):
        for path in sorted(place.glob(pattern)):
            found.setdefault(path.resolve(), path)
    return list(found.values())
