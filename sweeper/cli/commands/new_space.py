"""The space that `sweeper new` writes, and the file of a function or program to begin with."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sweeper import lookup
from sweeper.cli.commands import new_axes
from sweeper.converting import space_text
from sweeper.errors import Invalid, SweeperError, cut, shown
from sweeper.errors import Path as Place
from sweeper.files import bundled
from sweeper.planning.loading import load, scales
from sweeper.planning.plan import Plan
from sweeper.schema import document
from sweeper.text import is_number
from sweeper.trainable.contract import Parameter, Trainable
from sweeper.trainable.loading import load_trainable

_STEPS = {"agent": 35_000, "function": 100, "command": 100}
_TASKS = ("minatar/breakout", "gym/CartPole-v1", "gym/Pendulum-v1", "mujoco/Hopper-v4")
"""Tasks to begin with, the first that an agent can be trained on here."""

_REMARKS: Mapping[Place, str] = {
    ("axes",): "what is searched: the grid is their product",
    ("seeds",): "each configuration is judged over all of them",
    ("steps",): "steps of a run",
    ("scales",): "sets of changes: `sweeper run … scale=smoke`; laptop is the default",
}


def begun(kind: str, name: str, folder: Path) -> dict[str, Any]:
    """The keys of a space that trains `name`, without task and axes."""
    key = "command" if kind == "program" else kind
    keys: dict[str, Any] = {"study": "new", key: name}
    if key == "command":
        words = ["python", name] if name.endswith(".py") else [name]
        keys["command"] = [*words, "--seed={seed}", "--steps={steps}"]
    figures: list[Any] = ["curves"]
    metric = "return" if kind == "agent" else "value"
    keys |= {"score": {"metric": metric, "at": "final", "aggregate": "iqm"}, "figures": figures}
    return sized({**keys, "axes": {}}, 5, _STEPS[key])


def sized(keys: Mapping[str, Any], seeds: int, steps: int) -> dict[str, Any]:
    """The keys with so many seeds and steps, and all that hangs on these."""
    keys = {**keys, "seeds": seeds, "steps": steps}
    least = min(400, steps) if "agent" in keys else min(10, steps)
    smoke: dict[str, Any] = {"seeds": 1, "steps": least}
    if "agent" in keys:
        keys["evaluation"] = {"every": max(1, steps // 5), "episodes": 10, "cap": 2000}
        smoke |= {"evaluation.every": max(1, least // 2), "evaluation.episodes": 2}
        fixed = _sooner(str(keys["agent"]), steps)
        keys |= {"fixed": fixed} if fixed else {}
    for name, axis in keys["axes"].items():
        if "count" in axis:
            smoke[f"axes.{name}.count"] = 2
    return {**keys, "scales": {"laptop": {}, "smoke": smoke}}


def tasks(name: str) -> dict[str, Any]:
    """The task with the scores that count as 0 and 1, as a shipped space has them."""
    for path in bundled.files("spaces", "*.yaml"):
        with suppress(SweeperError):
            found = document.read(path).data.get("tasks")
            bounds = found.get(name) if isinstance(found, dict) else None
            if isinstance(bounds, dict) and {"low", "high"} <= set(bounds):
                return {name: {"low": bounds["low"], "high": bounds["high"]}}
    return {name: {"low": 0, "high": 1}}


def task_of(keys: Mapping[str, Any], folder: Path) -> str:
    """A task to begin with."""
    if "agent" not in keys:
        return "default"
    known = [*_trainable(keys, folder).tasks()]
    for name in (*(one for one in _TASKS if one in known), *known):
        with suppress(SweeperError):
            checked({**keys, "tasks": tasks(name)}, folder)
            return name
    return known[0]


def proposed(keys: Mapping[str, Any], folder: Path) -> str:
    """Axes to begin with: the step size, a factor of ten around its default."""
    names = _parameters(keys, folder)
    for name, parameter in names.items():
        if name.rpartition(".")[2] == "lr" and is_number(parameter.default):
            low, high = (f"{parameter.default * factor:.2g}" for factor in (0.1, 10))
            return f"{name}={low}..{high}"
    return "" if names else "lr=1e-4..1e-2"


def searched(keys: Mapping[str, Any], text: str, folder: Path) -> dict[str, Any]:
    """The keys with the axes that `text` says: `lr=1e-4..1e-2 batch_size=32,64`."""
    axes = new_axes.read(text, _parameters(keys, folder))
    found = {**keys, "axes": axes, "figures": _figures(axes)}
    if "command" in keys:
        words = [word for word in keys["command"] if word[:2] != "--" or word[-7:] == "{steps}"]
        words = [*words[:-1], *(f"--{name}={{{name}}}" for name in axes)]
        found["command"] = [*words, "--seed={seed}", "--steps={steps}"]
    return sized(found, keys["seeds"], keys["steps"])


def name_of(keys: Mapping[str, Any]) -> str:
    """A name for the study: what is trained, and on what."""
    if "agent" not in keys:
        return "mine"
    agent = str(keys["agent"]).rpartition(":")[2]
    return re.sub(r"[^A-Za-z0-9_]+", "_", f"{agent}_{next(iter(keys['tasks'])).rpartition('/')[2]}")


def checked_name(kind: str, name: str, folder: Path) -> str:
    """The name of what is trained; `SweeperError` where there is no such thing."""
    if kind == "agent":
        lookup.find("agents.learners", name, folder)
    elif kind == "function":
        path, colon, function = name.rpartition(":")
        if not colon:
            name, path, function = f"{name}:train", name, "train"
        if not path.endswith(".py") or not function.isidentifier():
            raise SweeperError(f"a function is FILE.py:NAME, but got {shown(cut(name))}")
        if (folder / path).exists():
            try:
                lookup.split(name, folder)
            except Invalid as error:
                raise SweeperError(f"the function {error.message}") from error
        elif not (folder / path).parent.is_dir():
            raise SweeperError(f"{cut(path)} is in no folder that exists")
    elif not name.endswith(".py") or set(name) & set(" {}"):
        raise SweeperError(f"a program is FILE.py to begin with, but got {shown(cut(name))}")
    return name


def checked(keys: dict[str, Any], folder: Path) -> dict[str, Any]:
    """The keys; `SweeperError` where they make no space that loads and plans at each scale."""
    with TemporaryDirectory() as place:
        path = Path(place) / "new.yaml"
        held = dict(keys)
        for key in ("function", "command"):
            if key in held:
                (path.parent / "it.py").write_text("def it(config, run):\n    return 0.0\n")
                words = [word for word in keys[key] if word[:2] == "--"]
                held[key] = "it.py:it" if key == "function" else ["python", "it.py", *words]
        if "agent" in held and lookup.is_file(str(held["agent"])):
            file, name = lookup.split(str(held["agent"]), folder)
            held["agent"] = f"{file}:{name}"
        path.write_text("\n".join(space_text.text(held, {})), encoding="utf-8")
        try:
            for scale in scales(path):
                space = load(path, scale)
                Plan(space, load_trainable(space))
        except SweeperError as error:
            said = dict.fromkeys(
                re.sub(r"^.*?new\.yaml:\d+: ", "", str(error), flags=re.M).split("\n")
            )
            raise SweeperError("\n".join(said)) from error
    return keys


def text(keys: Mapping[str, Any]) -> str:
    """The YAML file of the space."""
    remarks = {place: remark for place, remark in _REMARKS.items() if place[0] in keys}
    if not keys["axes"]:
        remarks.pop(("axes",))
    for task, ends in keys["tasks"].items():
        same = ends == {"low": 0, "high": 1}
        what = "put in yours" if same else "returns"
        remarks["tasks", task] = f"the scores that count as 0 and as 1: {what}"
    return "\n".join((*space_text.text(keys, remarks), ""))


def _figures(axes: Mapping[str, Any]) -> list[Any]:
    """A figure over the axes: a band along one, a map over two."""
    names = [*axes]
    if len(names) > 1:
        return [{"heatmap": {"x": names[0], "y": names[1]}}, "curves"]
    return [{"sensitivity": {"x": names[0]}}, "curves"] if names else ["curves"]


def _sooner(agent: str, steps: int) -> dict[str, int]:
    """Parameters of an agent that its defaults set for longer runs."""
    ends = {"warmup_steps": steps // 35, "epsilon.decay_until": steps * 4 // 7}
    with suppress(SweeperError):
        known = lookup.find("agents.learners", agent).parameters
        least = {name: max(2, end) for name, end in ends.items() if name in known}
        return {name: end for name, end in least.items() if end < known[name].default}
    return {}


def _trainable(keys: Mapping[str, Any], folder: Path) -> Trainable:
    found: Trainable = lookup.find("agents.learners", str(keys["agent"]), folder)
    return found


def _parameters(keys: Mapping[str, Any], folder: Path) -> Mapping[str, Parameter]:
    return _trainable(keys, folder).parameters if "agent" in keys else {}
