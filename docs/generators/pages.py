"""The pages of docs/reference/, each with the function that writes it from the code."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from docs.generators import agents, commands, figures, profiles, python
from sweeper.space import reference

FOLDER = Path(__file__).parents[1] / "reference"
WRITTEN: Mapping[str, Callable[[], str]] = {
    "agents.md": agents.page,
    "commands.md": commands.page,
    "figures.md": figures.page,
    "profiles.md": profiles.page,
    "python.md": python.page,
    "space.md": reference.page,
}
