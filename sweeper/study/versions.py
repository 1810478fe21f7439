"""The versions of a study's space: `plans/0`, then one more file each time it changes.

What changes results may only grow: seeds and their rungs, the values of a grid, the trials of a
sampler. Of two
processes that write one version the first to link its file wins, and the other reads that.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from sweeper.errors import SweeperError, reason, shown
from sweeper.files.atomic import link_first
from sweeper.ledger.claims.folder import abandon, begin, is_folder
from sweeper.ledger.lines.encoding import FORMAT, check_format
from sweeper.ledger.reader import listed
from sweeper.lookup import is_file
from sweeper.paths import StudyPaths
from sweeper.planning.configurations import expanded
from sweeper.planning.configurations.freezing import FrozenCode, asked, frozen
from sweeper.planning.parameters import defaults
from sweeper.space.digest import differences, digest
from sweeper.space.space import Space, keys
from sweeper.study.provenance import Origin, origin
from sweeper.study.sampling.earlier import EarlierTrial
from sweeper.study.sources import sources_of
from sweeper.trainable.contract import Parameter, Parametrised
from sweeper.trainable.frozen import Pinned, tuples
from sweeper.trainable.loading import load_trainable, trained_by

FOLDED = 2
"""The format of plans of studies whose claims stand in folders, which older versions do not see."""

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
    frozen: FrozenCode | None
    """What it holds of the code that it names; `None` in studies that were begun before it did."""
    claims: str | None = None
    """The first folder of claims; `None` where `claims/` is the only one, as in older studies."""
    ended: bool = False
    """Whether runs of the study had ended when it was written: its claims came after these."""
    earlier: Sequence[EarlierTrial] = ()
    """The trials of earlier studies that its sampler knows; the first version alone holds them."""


def read(folder: Path, first: int = 0) -> list[Version]:
    """The versions in `folder` from number `first` on; `SweeperError` where `plans/0` is none."""
    plans = folder / "plans"
    bodies: list[dict[str, Any]] = []
    while first + len(bodies) == 0 or (plans / str(first + len(bodies))).exists():
        bodies.append(_body(plans / str(first + len(bodies))))
    following = first + len(bodies)
    if not first and any(name.isdigit() and int(name) > following for name in listed(plans)):
        raise SweeperError(
            f"{plans / str(following)} is missing: how the space was then is lost; restore it"
        )
    return [_version(plans / str(first + n), body, bodies[n:]) for n, body in enumerate(bodies)]


def join(
    folder: Path,
    space: Space,
    *,
    group: bool,
    extend: bool,
    renew: bool = False,
    files: Collection[str] = (),
    ended: bool = False,
    earlier: Sequence[EarlierTrial] = (),
) -> list[Version]:
    """Makes `space` the newest version of the study in `folder`, and returns all.

    Raises `SweeperError` where it changes results and `extend` does not allow how. With `renew`
    there is a new version in any case, which holds the code that there is now. `files` are hashed
    with those that training is known to run. `ended` says whether any run has ended.
    A new study holds the `earlier` trials.
    """
    plans, space = StudyPaths(folder).plans, asked(space)
    known = _live(folder) if (plans / "0").exists() else []
    if known:
        space = _without_later(known[0], space)
    while not known or renew or not _same(known[-1], space):
        if known:
            _check(folder.name, known[-1].space, space, extend=extend)
            group = known[0].group
        claims = known[0].claims if known else begin(StudyPaths(folder).claims)
        body = {
            "format": FORMAT if claims is None else FOLDED,
            "space": space.dump(),
            "group": group,
            "claims": claims,
            "ended": ended,
            "provenance": asdict(replace(origin(space, files), source=_source(folder, space))),
            "frozen": _frozen(known, space).to_json(),
        }
        if earlier and not known:
            body["earlier"] = [trial.to_json() for trial in earlier]
        data = json.dumps(body, indent=1, ensure_ascii=False)
        first = link_first(plans / str(len(known)), data.encode())
        if not first and not known and claims is not None:
            abandon(StudyPaths(folder).claims / claims)
        known, renew = _live(folder), False
    return known


def _source(folder: Path, space: Space) -> dict[str, str]:
    """What an analysis is of: facts of its source, as it is now; nothing of any other study."""
    found = sources_of(space, folder)
    return {} if found is None else found.facts


def _live(folder: Path) -> list[Version]:
    """All versions; of those that hold nothing of the code that they name it is asked itself."""
    return [replace(version, space=asked(version.space)) for version in read(folder)]


def _without_later(first: Version, space: Space) -> Space:
    """`space` without the defaults of parameters that came after `first` was frozen.

    One that more of several agents have since keeps the default of those that had it.
    """
    old = {**first.space.defaults, **dict.fromkeys(first.space.fixed)}
    kept = {name: value for name, value in space.defaults.items() if name in old}
    differing = [name for name, value in kept.items() if value is None and old[name] is not None]
    if differing and first.frozen is not None:
        then, now = _by_agent(first.frozen.trainable), _by_agent(load_trainable(space))
        for name in differing:
            had = [agent for agent, parameters in then.items() if name in parameters]
            ours = [tuples(now[a][name].default) for a in had if name in now.get(a, {})]
            if had and ours == [then[agent][name].default for agent in had]:
                kept[name] = old[name]
    return space.model_copy(update={"defaults": kept})


def _by_agent(trainable: Parametrised) -> Mapping[str, Mapping[str, Parameter]]:
    found: Mapping[str, Mapping[str, Parameter]] = getattr(trainable, "by_agent", {})
    return found


def _same(newest: Version, space: Space) -> bool:
    """Whether the newest version is of this space, and holds what looking needs."""
    kept, given = ({**one.dump(), **dict.fromkeys(_NAMING)} for one in (newest.space, space))
    return kept == given and newest.frozen is not None


def _frozen(known: Sequence[Version], space: Space) -> FrozenCode:
    """What the next version holds: that of the newest where the spaces do not differ in results.

    The parameters of what is trained are those of the first version, whatever it says now.
    """
    if known and known[-1].frozen is not None and digest(known[-1].space) == digest(space):
        return known[-1].frozen
    trainable = load_trainable(space)
    first = next((version.frozen for version in known if version.frozen is not None), None)
    planned = trainable if first is None else Pinned(first.trainable, trainable)
    return frozen(space, trainable, planned)


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
            "extend=true is for more seeds, more values of a grid, or more trials of a sampler and "
            "as many more entries of enqueue at its end; " + ways[0]
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
    if key in ("axes", "blocks"):
        return _axes_grow(old, new)
    if key == "seeds" and (old.rungs or new.rungs):
        rungs = old.rungs or (len(old.seeds),)  # plain seeds may become the first of them
        alike = set(old.seeds) <= set(new.seeds) and set(old.first_seeds) == set(new.first_seeds)
        return new.rungs[: len(rungs)] == rungs and alike
    before, after = getattr(old, key), getattr(new, key)
    if key == "enqueue":
        more = len(after) - len(before)
        return after[: len(before)] == before and more <= (new.trials or 0) - (old.trials or 0)
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


def _body(plan: Path) -> dict[str, Any]:
    try:
        body: dict[str, Any] = json.loads(plan.read_bytes())
        version, _ = int(body["format"]), body["space"]["axes"]
        claims = body.get("claims")
        if claims is not None and not is_folder(claims):
            raise ValueError(f"claims: {shown(claims)}")
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise _unreadable(plan, reason(error)) from error
    check_format(version, plan.parents[1].name, FOLDED)
    return body


def _version(plan: Path, body: Mapping[str, Any], since: Sequence[Mapping[str, Any]]) -> Version:
    """The version in a plan; no file that its space names is imported.

    What it does not hold of code is taken from the first of `since`, it and those after it, that
    does; of an axis where its keys are the same.
    """
    held = [one for one in since if "frozen" in one]
    try:
        frozen = _held(body, held) if held else None
        group, began = bool(body["group"]), Origin.of_json(body.get("provenance", {}))
        earlier = tuple(EarlierTrial.of_json(trial) for trial in body.get("earlier", ()))
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise _unreadable(plan, reason(error)) from error
    try:
        space = Space.parse(body["space"], {} if frozen is None else frozen.axes)
    except SweeperError as error:
        raise _unreadable(plan, str(error)) from error
    ended = bool(body.get("ended", plan.name != "0"))
    claims = body.get("claims")
    return Version(_with_defaults(space), group, began, frozen, claims, ended, earlier)


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
    if space.defaults or not space.agents or any(map(is_file, space.agents)):
        return space
    trainable = trained_by(space.agents)
    then: Mapping[str, Any] = getattr(trainable, "earlier_defaults", {})
    known = {**defaults(space, trainable), **then}
    absent = {*space.fixed, *getattr(trainable, "later_parameters", ())}
    left = {name: value for name, value in known.items() if name not in absent}
    return space.model_copy(update={"defaults": left})


def _held(body: Mapping[str, Any], held: Sequence[Mapping[str, Any]]) -> FrozenCode:
    found = FrozenCode.of_json(held[0]["frozen"])
    there, ours = held[0]["space"]["axes"], body["space"]["axes"]
    axes = {name: made for name, made in found.axes.items() if there.get(name) == ours.get(name)}
    return FrozenCode(found.trainable, axes)
