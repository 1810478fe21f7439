"""The versions of a study's space: `plans/0`, then one more file each time it changes.

What changes results may only grow: seeds, the values of a grid, the trials of a sampler. Of two
processes that write one version the first to link its file wins, and the other reads that.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sweeper.errors import SweeperError
from sweeper.files.atomic import link_first
from sweeper.ledger.claims.folder import abandon, begin, is_folder
from sweeper.ledger.lines.encoding import FORMAT, check_format
from sweeper.ledger.reader import listed
from sweeper.paths import StudyPaths
from sweeper.plan.configurations.expansion import expanded
from sweeper.plan.parameters import defaults
from sweeper.space.digest import differences, digest
from sweeper.space.space import Space, keys
from sweeper.study.provenance import Origin, origin
from sweeper.trainable.loading import load_trainable

_NAMING = keys(lambda key: key.naming)
"""Keys in which a space may differ without a new version."""

_GROWING = keys(lambda key: key.grows)
"""Keys by which a study may be extended."""


@dataclass(frozen=True)
class Version:
    """A space as it was frozen, and the code and the machine that did so."""

    space: Space
    group: bool
    origin: Origin
    claims: str | None = None
    """The first folder of claims; `None` where `claims/` is the only one, as in older studies."""


def read(folder: Path, first: int = 0) -> list[Version]:
    """The versions in `folder` from number `first` on; `SweeperError` where `plans/0` is none."""
    found: list[Version] = []
    plans = folder / "plans"
    while first + len(found) == 0 or (plans / str(first + len(found))).exists():
        found.append(_read(plans / str(first + len(found))))
    following = first + len(found)
    if not first and any(name.isdigit() and int(name) > following for name in listed(plans)):
        raise SweeperError(
            f"{plans / str(following)} is missing: how the space was then is lost; restore it"
        )
    return found


def join(folder: Path, space: Space, *, group: bool, extend: bool) -> list[Version]:
    """Makes `space` the newest version of the study in `folder`, and returns all.

    Raises `SweeperError` where it changes results and `extend` does not allow how.
    """
    plans = StudyPaths(folder).plans
    known = read(folder) if (plans / "0").exists() else []
    if known:
        space = _without_later(known[0].space, space)
    while not known or not _same(known[-1].space, space):
        if known:
            _check(folder.name, known[-1].space, space, extend=extend)
            group = known[0].group
        claims = known[0].claims if known else begin(StudyPaths(folder).claims)
        frozen = {"format": FORMAT, "space": space.dump(), "group": group, "claims": claims}
        frozen |= {"provenance": asdict(origin(space))}
        data = json.dumps(frozen, indent=1, ensure_ascii=False)
        first = link_first(plans / str(len(known)), data.encode())
        if not first and not known and claims is not None:
            abandon(StudyPaths(folder).claims / claims)
        known += read(folder, len(known))
    return known


def _without_later(first: Space, space: Space) -> Space:
    """`space` without the defaults of parameters that came after `first` was frozen."""
    old = {*first.defaults, *first.fixed}
    kept = {name: value for name, value in space.defaults.items() if name in old}
    return space.model_copy(update={"defaults": kept})


def _same(old: Space, new: Space) -> bool:
    kept, given = ({**space.dump(), **dict.fromkeys(_NAMING)} for space in (old, new))
    return kept == given


def _check(name: str, old: Space, new: Space, *, extend: bool) -> None:
    if digest(old) == digest(new):
        return
    grown, other = growth(old, new)
    if extend and not other:
        return
    ways = ["run the new space under a name of its own (name=…)"]
    if not other:
        ways.append("or let this study grow (extend=true)")
    if extend:
        ways[0] = (
            "extend=true is for more seeds, more values of a grid or more trials of a sampler; "
            + ways[0]
        )
    raise SweeperError(
        f"the study {name} exists with another space:\n"
        + "".join(f"  {line}\n" for line in [*other, *(() if extend else grown)])
        + ", ".join(ways)
    )


def growth(old: Space, new: Space) -> tuple[list[str], list[str]]:
    """The differences between two spaces: those that only extend `old`, and the others."""
    changed = differences(old, new)
    parts = {key: key.removeprefix("what ").partition(".")[0] for key in changed}
    growing = {part for part in set(parts.values()) if part in _GROWING and _grows(part, old, new)}
    grown = [line for key, line in changed.items() if parts[key] in growing]
    other = [line for key, line in changed.items() if parts[key] not in growing]
    return grown, other


def _grows(key: str, old: Space, new: Space) -> bool:
    """Whether all that `old` has under `key`, `new` has too."""
    if key == "axes":
        return _axes_grow(old, new)
    before, after = getattr(old, key), getattr(new, key)
    if before is None or after is None:
        return False
    return bool(before < after if isinstance(before, int) else set(before) < set(after))


def _axes_grow(old: Space, new: Space) -> bool:
    """Whether the grid of `new` holds every cell of the grid of `old`."""
    if {old.sampler.name, new.sampler.name} != {"grid"} or list(old.axes) != list(new.axes):
        return False
    trainable = load_trainable(new)
    cells = [
        {cell.text for cell in expanded(space, trainable).grid().configurations}
        for space in (old, new)
    ]
    return cells[0] <= cells[1]


def _read(plan: Path) -> Version:
    folder = plan.parents[1]
    try:
        frozen: dict[str, Any] = json.loads(plan.read_bytes())
        version = int(frozen["format"])
        space, group = frozen["space"], bool(frozen["group"])
        began = Origin.of_json(frozen.get("provenance", {}))
        claims = frozen.get("claims")
        if claims is not None and not is_folder(claims):
            raise ValueError(f"claims: {claims!r}")
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise _unreadable(plan, repr(error)) from error
    check_format(version, folder.name)
    try:
        return Version(_with_defaults(Space.parse(space)), group, began, claims)
    except SweeperError as error:
        raise _unreadable(plan, str(error)) from error


def _unreadable(plan: Path, why: str) -> SweeperError:
    return SweeperError(
        f"{plan} cannot be read as a study's plan: {why}\n"
        "the space of that version is lost with it: restore it, or run the space under another "
        "name (name=…)"
    )


def _with_defaults(space: Space) -> Space:
    """`space` with the defaults that it had where it was frozen before plans held them.

    Of an agent of a user's own these are not known: those of now count.
    """
    if space.defaults or space.agent is None or ".py:" in space.agent:
        return space
    trainable = load_trainable(space)
    then: Mapping[str, Any] = getattr(trainable, "earlier_defaults", {})
    known = {**defaults(space, trainable), **then}
    left = {name: value for name, value in known.items() if name not in space.fixed}
    return space.model_copy(update={"defaults": left})
