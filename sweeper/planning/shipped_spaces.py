"""The spaces and cluster profiles that come with sweeper, and those in the current folder."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from sweeper.errors import SweeperError
from sweeper.files.bundled import files
from sweeper.lookup import is_file
from sweeper.planning import caption_note
from sweeper.planning.loading import unchecked
from sweeper.planning.parameters import defaults
from sweeper.schema import document
from sweeper.space.axes import Point
from sweeper.space.digest import essential_texts
from sweeper.space.space import Space
from sweeper.text import canonical
from sweeper.trainable.loading import trained_by


def spaces() -> list[tuple[Path, str]]:
    """Each space's file, and the figure or table that it re-runs."""
    return [(path, _about(path)) for path in files("spaces", "*.yaml")]


def changed(space: Space) -> list[str]:
    """What `space` trains or evaluates otherwise than the shipped space of its name and scale.

    Its tasks, seeds, steps and trials aside, which whoever compares the two counts.
    """
    for path in files("spaces", "*.yaml"):
        if path.stem != space.study or space.analysis is not None:
            continue
        try:
            shipped = _with_defaults(unchecked(path, space.scale), space)
            if shipped.identity != space.identity:
                return [f"trains {space.identity} for {shipped.identity}"]
            return [*_settings(shipped, space), *_renamed(shipped, space)]
        except SweeperError:  # another scale, or a file that somebody is at work on
            continue
    return []


def _with_defaults(found: Space, space: Space) -> Space:
    """`found` with its agent's defaults; of a user's own, which would run, those of `space`."""
    if not found.agents or any(map(is_file, found.agents)):
        return found.model_copy(update={"defaults": space.defaults})
    known = defaults(found, trained_by(found.agents))
    return found.model_copy(update={"defaults": known})


def _settings(shipped: Space, space: Space) -> Iterator[str]:
    """What both say once for all trials, where it differs.

    A parameter that a study of older code does not have is no difference: its default changes
    nothing.
    """
    before, after = essential_texts(shipped), essential_texts(space)
    newer = {f"fixed.{name}" for name in shipped.defaults if f"fixed.{name}" not in after}
    for name in [name for name in dict.fromkeys([*after, *before]) if name not in newer]:
        once = name.startswith(("fixed.", "evaluation.", "derived.", "direction"))
        if once and before.get(name) != after.get(name):
            values = (found.get(name, "the default") for found in (after, before))
            yield f"{name.removeprefix('fixed.')} {' for '.join(values)}"


def _renamed(shipped: Space, space: Space) -> Iterator[str]:
    """Values of axes that are called as shipped ones are, and set something else."""
    for name in [name for name in space.axes if name in shipped.axes]:
        theirs = {canonical(point.label): point.params for point in _points(shipped, name)}
        for point in _points(space, name):
            label = canonical(point.label)
            for key in dict.fromkeys([*point.params, *theirs.get(label, ())]):
                values = [canonical(of.get(key)) for of in (point.params, theirs.get(label, {}))]
                if label in theirs and values[0] != values[1]:
                    yield f"{key} {' for '.join(values)} in {name} = {label}"


def _points(space: Space, name: str) -> Sequence[Point]:
    """The points of an axis; none of a range that a sampler draws from."""
    axis = space.axes[name]
    drawn = axis.ends is not None and space.sampler.name != "grid"
    return () if drawn else axis.points(name)


def _about(path: Path) -> str:
    try:
        data = document.read(path).data
    except SweeperError as error:
        return f"({error})"
    return str(data.get("reference") or caption_note.plain(data.get("note")))
