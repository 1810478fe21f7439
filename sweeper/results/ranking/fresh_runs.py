"""The study `<name>.rerank`, which trains the best configurations of a study on fresh seeds.

It has one axis, whose labels are trials of the first study, and grows when more configurations or
seeds are asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import count, islice
from pathlib import Path
from typing import Any

from sweeper.errors import NothingToShow, SweeperError
from sweeper.planning.check import checked
from sweeper.planning.parameters import base
from sweeper.results import frames
from sweeper.results.ranking import ranking
from sweeper.space.space import Space, keys
from sweeper.study import studies
from sweeper.study.study import Study

AXIS = "configuration"
_SUFFIX = ".rerank"
_TRIAL = "trial "


def folder_of(study: Study) -> Path:
    """The folder of the fresh runs of `study`, whether it exists or not."""
    return study.folder.with_name(studies.check_name(study.name + _SUFFIX))


def first_of(other: Study) -> Study | None:
    """The study whose configurations `other` trains on fresh seeds; `None` for any other study."""
    folder = other.folder.with_name(other.name.removesuffix(_SUFFIX))
    known = list(other.space.axes) == [AXIS] and folder != other.folder and studies.is_one(folder)
    return Study.open(folder) if known else None


def space_of(study: Study, top: int, seeds: int | None) -> Space:
    """The space of the fresh runs: the `top` best complete trials and all that it had before.

    `seeds` is the number of fresh seeds: those held out first, then those above all of the space;
    by default those held out. `NothingToShow` where no trial is complete; `SweeperError` where
    there is no seed, or the study itself holds fresh runs.
    """
    if study.name.endswith(_SUFFIX):
        raise SweeperError(f"{study.name} holds what was re-ranked already: name the first study")
    chosen = _chosen(study, top)
    if not chosen:
        raise NothingToShow(f"{study.name}: no trial is complete yet")
    fresh = _fresh(study.space, seeds)
    folder = folder_of(study)
    values: dict[str, Any] = {}
    if studies.is_one(folder):
        before = Study.open(folder).space
        if list(before.axes) != [AXIS]:
            raise SweeperError(
                f"{folder.name} is a study of another kind, where fresh runs must go"
            )
        values.update(before.axes[AXIS].values)
        fresh = sorted({*before.seeds, *fresh})
    known = base(study.space, study.frozen)
    for trial in chosen:
        params = study.plan.configuration(trial).params
        own = {name: value for name, value in params.items() if known.get(name, params) != value}
        anything = next(name for name in params if name not in study.space.fixed)
        values[f"{_TRIAL}{trial}"] = own or {anything: params[anything]}  # all of it are defaults
    return _space(study.space, folder.name, values, fresh)


def study_of(study: Study) -> Study | None:
    """The study of the fresh runs of `study`; `None` where there is none."""
    folder = study.folder.with_name(study.name + _SUFFIX)
    other = Study.open(folder) if studies.is_one(folder) else None
    return other if other is not None and list(other.space.axes) == [AXIS] else None


def _chosen(study: Study, top: int) -> list[int]:
    table = frames.trials(study, study.ledger_state(reports=False))
    ranked = ranking.in_order(study.space, ranking.complete(study.space, table))
    return [int(trial) for trial in ranked["trial"].head(top)]


def _fresh(space: Space, number: int | None) -> list[int]:
    if number is None and not space.held_out:
        raise SweeperError(
            "seeds= is needed, the number of fresh seeds: the space holds none out, as "
            "seeds: {tune: 5, test: 10} would"
        )
    behind = count(max((*space.seeds, *space.held_out)) + 1)
    wanted = len(space.held_out) if number is None else number
    return [*space.held_out[:wanted], *islice(behind, max(0, wanted - len(space.held_out)))]


def _space(space: Space, name: str, values: Mapping[str, Any], seeds: Iterable[int]) -> Space:
    """`space` with these configurations instead of its axes."""
    chosen = keys(lambda key: key.chooses)
    repeated = {key: value for key, value in space.dump().items() if key not in chosen}
    changed = {
        "name": name,
        "note": f"the best of {space.name} on seeds by which no trial was chosen",
        "axes": {AXIS: {"kind": "variant", "values": dict(values)}},
        "seeds": list(seeds),
        "figures": [{"sensitivity": {"x": AXIS}}] if len(values) > 1 else [],
    }
    return checked(Space.parse({**repeated, **changed}), Path(space.folder))


def originals(other: Study) -> dict[int, int]:
    """From trials of the fresh runs to the first study's trials that they repeat."""
    return {
        trial.number: int(str(trial.labels[AXIS]).removeprefix(_TRIAL))
        for trial in other.plan.trials
    }
