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


def named(folder: str) -> dict[str, Path]:
    """The YAML files of `files` by the names that users give them: `slurm/gpu.yaml`."""
    nearest_last = reversed(files(folder, "*.yaml"))
    return {f"{folder}/{path.name}": path for path in nearest_last}


def find(folder: str, name: str) -> Path | None:
    """The file `name`; or of `named(folder)` the one called so, also without folder and ending."""
    if Path(name).is_file():
        return Path(name)
    stem = name.removeprefix(f"{folder}/").removesuffix(".yaml")
    return named(folder).get(f"{folder}/{stem}.yaml")
