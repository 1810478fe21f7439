"""The spaces and cluster profiles that come with sweeper, and those in the current folder."""

from __future__ import annotations

from pathlib import Path

from sweeper.errors import SweeperError
from sweeper.files.bundled import files
from sweeper.lookup import find, is_file
from sweeper.plan.loading import unchecked
from sweeper.plan.parameters import defaults
from sweeper.schema import document
from sweeper.space.digest import essential_texts
from sweeper.space.space import Space


def spaces() -> list[tuple[Path, str]]:
    """Each space's file, and the figure or table that it re-runs."""
    return [(path, _about(path)) for path in files("spaces", "*.yaml")]


def changed(space: Space) -> list[str]:
    """What `space` fixes or evaluates otherwise than the shipped space of its name and scale."""
    for path, _ in spaces():
        if path.stem != space.study:
            continue
        try:
            shipped = essential_texts(_with_defaults(unchecked(path, space.scale), space))
        except SweeperError:  # another scale, or a file that somebody is at work on
            continue
        return [
            f"{name.removeprefix('fixed.')} {value} for {shipped.get(name, 'the default')}"
            for name, value in essential_texts(space).items()
            if name.startswith(("fixed.", "evaluation.")) and shipped.get(name) != value
        ]
    return []


def _with_defaults(found: Space, space: Space) -> Space:
    """`found` with its agent's defaults; of a user's own, which would run, those of `space`."""
    if found.agent is None or is_file(found.agent):
        return found.model_copy(update={"defaults": space.defaults})
    known = defaults(found, find("agents.learners", found.agent))
    return found.model_copy(update={"defaults": known})


def _about(path: Path) -> str:
    try:
        data = document.read(path).data
    except SweeperError as error:
        return f"({error})"
    return str(data.get("reference") or data.get("note") or "")
