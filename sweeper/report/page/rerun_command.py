"""The command that runs one configuration of a study again, alone and under a name of its own."""

from __future__ import annotations

import json
import os
import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from sweeper.errors import SweeperError
from sweeper.lookup import is_file
from sweeper.planning.configurations.freezing import known_outdated
from sweeper.planning.loading import unchecked
from sweeper.planning.parameters import point_at
from sweeper.schema.yaml_text import scalar
from sweeper.space.blocks.block import BLOCK
from sweeper.space.blocks.parts import part
from sweeper.space.space import DEFAULT_SCALE, Space, keys
from sweeper.study.study import Study

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_./+-]*")
_NAME_LENGTH = 80


def reruns(study: Study, trials: Iterable[int]) -> dict[int, str]:
    """A command for each of `trials`; none where the space's file is gone or holds no space.

    Its runs are the trial's runs, by their ids: what the file says otherwise now, or was told
    otherwise on the command line, is among the words.
    """
    space = study.space
    if space.analysis is not None:
        return {}
    file = Path(space.folder) / Path(space.file).name
    try:
        found = unchecked(file, space.scale)
    except SweeperError:
        return {}
    scale = [] if space.scale in (None, DEFAULT_SCALE) else [f"scale={space.scale}"]
    several = [f"agent={flow(space.agents)}"] if len(space.agents) > 1 else []
    common = ["sweeper", "run", os.path.relpath(file), *scale, *several]
    commands = {}
    for trial in trials:
        differences = list(_differences(_space_of(study, trial), found))
        name = f"{study.name[:_NAME_LENGTH]}-trial-{trial}"
        own = [f"axes={flow(_pinned(study, trial))}", *differences]
        commands[trial] = shlex.join([*common, *own, "figures=[curves]", f"name={name}"])
    return commands


def _space_of(study: Study, trial: int) -> Space:
    """The space of one trial: that of its block, where there are blocks."""
    block = study.plan.trials[trial].labels.get(BLOCK)
    return part(study.space, str(block)) if study.space.blocks else study.space


def _pinned(study: Study, trial: int) -> dict[str, Any]:
    """Axes of one value each: those that are active in the trial, and its derived parameters."""
    pinned, space = {}, _space_of(study, trial)
    for name, label in study.plan.trials[trial].labels.items():
        if name not in space.axes or space.axes[name].helper:
            continue
        params = _set_by(study, space, trial, name, label)
        pinned[name] = (
            _one(params[name])
            if set(params) == {name}
            else {"kind": "variant", "values": {str(label): dict(params)}}
        )
    pinned |= space.dump().get("searched", {})
    made = study.plan.configuration(trial)
    for name in space.derived:
        if f"derived.{name}" not in made.unset:
            pinned[name] = _one(made.params[name])
    return pinned


def _set_by(study: Study, space: Space, trial: int, name: str, label: Any) -> Mapping[str, Any]:
    """What an axis sets in a trial; what a user's own kind draws only trials know."""
    if not is_file(space.axes[name].kind):
        return point_at(space, study.frozen, name, label).params
    params = study.plan.configuration(trial).params
    return {parameter: params[parameter] for parameter in study.plan.expansion.sets(name)}


def _one(value: Any) -> dict[str, Any]:
    return {"kind": "choice", "values": [value]}


def _differences(space: Space, found: Space) -> Iterator[str]:
    """Words that make `found`, what the file says now, the study's space but for its axes."""
    wanted, there = space.dump(), found.dump()
    wanted["fixed"] = {**known_outdated(space), **wanted["fixed"]}
    for key in keys(lambda key: key.repeated):
        if wanted.get(key) != there.get(key) and not (key == "agent" and len(space.agents) > 1):
            yield f"{key}={flow(wanted.get(key))}"
    for key in keys(lambda key: key.chooses and key.given):
        default = Space.model_fields[key].get_default(call_default_factory=True)
        if key != "axes" and getattr(found, key) != default:
            yield f"{key}=null"


def flow(value: Any) -> str:
    """`value` in one line of YAML, as `sweeper.schema.document` reads it back."""
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{flow(key)}: {flow(item)}' for key, item in value.items())}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(flow, value))}]"
    if not isinstance(value, str) or (_PLAIN.fullmatch(value) and scalar(value) == value):
        return value if isinstance(value, str) else json.dumps(value)
    quoted = json.dumps(value, ensure_ascii=False)
    return "".join(c if c.isprintable() else f"\\U{ord(c):08X}" for c in quoted)
