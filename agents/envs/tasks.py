"""Task names: `family/name`, or `path/file.py:Name/name` for an environment of one's own."""

from __future__ import annotations

import functools
import importlib.metadata
import importlib.util
import re
from contextlib import suppress
from typing import Any

import numpy as np

from agents import lookup
from agents.shape import Shape

_TASK = re.compile(r"(?P<family>.+\.py:\w+|[^/]+)/(?P<name>.+)")


def all_tasks() -> tuple[str, ...]:
    """Returns every task of every family that ships."""
    families = lookup.names("envs")
    return tuple(f"{f}/{name}" for f in families for name in lookup.find("envs", f).tasks)


def check(task: str) -> None:
    """Raises ValueError where there is no such task, or its packages are not installed.

    A family says by `extra` which of sweeper's extras it needs, and what that must make importable.
    An environment of one's own must also be what its shape says, which one step tells.
    """
    environment, name = _resolve(task)
    extra, *modules = getattr(environment, "extra", ("",))
    missing = [name for name in modules if not is_installed(name)]
    if missing:
        raise ValueError(
            f"the task {task!r} needs {missing[0]}, which is not installed: "
            f"pip install -e '.[{extra}]' in the checkout of sweeper"
        )
    if ".py:" in task:
        _try(environment, name)


@functools.cache
def is_installed(module: str) -> bool:
    """Whether `module` can be imported; looked for once, because every configuration is checked."""
    return importlib.util.find_spec(module) is not None


@functools.cache
def _try(environment: Any, name: str) -> None:
    """Makes one step of one environment; raises ValueError where its shape is not kept."""
    declared: Shape = environment.shape(name)
    try:
        instance = environment(name)
        instance.reset(0)
        seen = np.shape(instance.observe())
        instance.step(np.zeros(declared.actions) if declared.continuous else declared.actions - 1)
    except Exception as error:
        raise ValueError(f"{name!r} cannot be played: {type(error).__name__}: {error}") from error
    if seen != declared.observation:
        raise ValueError(f"{name!r} gives observations {seen}, but says {declared.observation}")


def shape(task: str) -> Shape:
    """Returns the task's shape; raises ValueError where there is no such task."""
    environment, name = _resolve(task)
    described: Shape = environment.shape(name)
    return described


def describe(task: str) -> dict[str, str]:
    """Returns what results depend on besides a task's name: its shape, packages' versions."""
    environment, name = _resolve(task)
    found = environment.shape(name)
    size = " x ".join(str(n) for n in found.observation)
    kind = "numbers" if found.continuous else "choices"
    facts = {"observation": f"{size} {found.dtype}", "actions": f"{found.actions} {kind}"}
    for package in getattr(environment, "extra", ("",))[1:]:
        with suppress(importlib.metadata.PackageNotFoundError):
            facts[package] = importlib.metadata.version(package)
    return facts


def bytes_each(task: str) -> int:
    """Returns bytes of one environment of the task; 0 where its family does not say."""
    environment, name = _resolve(task)
    return int(environment.bytes_each(name)) if hasattr(environment, "bytes_each") else 0


def make(task: str) -> Any:
    """Returns a new environment of the task."""
    environment, name = _resolve(task)
    return environment(name)


def _resolve(task: str) -> tuple[Any, str]:
    parts = _TASK.fullmatch(task)
    ships = lookup.names("envs")
    if parts is None or not (".py:" in parts["family"] or parts["family"] in ships):
        raise lookup.unknown("task", task, all_tasks())
    environment = lookup.find("envs", parts["family"])
    reason = getattr(environment, "unfit", {}).get(parts["name"])
    if reason is not None:
        raise ValueError(f"{task!r} cannot be had: {reason}")
    if parts["name"] not in environment.tasks:
        valid = [f"{parts['family']}/{name}" for name in environment.tasks]
        raise lookup.unknown("task", task, valid)
    return environment, parts["name"]
