"""A converted source as the space that is loaded from what was written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sweeper.converting.draft import Draft
from sweeper.planning.loading import load
from sweeper.planning.plan import Plan
from sweeper.space.space import Space
from sweeper.trainable.loading import load_trainable

_SAME = ("helper", "grid", "log")
"""Keys of axes that are false where they are not said."""


def loaded(draft: Draft, folder: Path) -> Space:
    """The space in the text of a draft, beside a program and a function; it plans, too."""
    (folder / "train.py").write_text("def train(config, run):\n    return 0.0\n")
    (folder / "space.yaml").write_text(draft.text(), encoding="utf-8")
    space = load(folder / "space.yaml")
    assert Plan(space, load_trainable(space)).total
    return space


def axes(space: Space) -> dict[str, dict[str, Any]]:
    """The axes by the keys that somebody said of them."""
    found = {}
    for name, axis in space.axes.items():
        held = axis.model_dump(mode="json", exclude_none=True)
        found[name] = {key: held[key] for key in held if key not in _SAME or held[key]}
    return found


def told(draft: Draft) -> list[str]:
    """The keys of the source that were dropped or changed."""
    return [line.partition(": ")[0] for line in draft.lost]
