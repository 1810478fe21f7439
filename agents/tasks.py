"""Task names: `family/name`, or `path/file.py:Name/name` for an environment of one's own."""

from __future__ import annotations

import importlib.util
import re
from typing import Any

from agents import lookup
from agents.shape import Shape

_TASK = re.compile(r"(?P<family>.+\.py:\w+|[^/]+)/(?P<name>.+)")


def all_tasks() -> tuple[str, ...]:
    """Every task of every family that ships."""
    families = lookup.names("envs")
    return tuple(f"{f}/{name}" for f in families for name in lookup.find("envs", f).tasks)


def check(task: str) -> None:
    """ValueError where there is no such task, or its packages are not installed.

    A family says by `extra` which of sweeper's extras it needs, and what that must make importable.
    """
    environment, _ = _resolve(task)
    extra, *modules = getattr(environment, "extra", ("",))
    missing = [name for name in modules if importlib.util.find_spec(name) is None]
    if missing:
        raise ValueError(
            f"the task {task!r} needs {missing[0]}, which is not installed: "
            f"pip install 'sweeper[{extra}]'"
        )


def shape(task: str) -> Shape:
    """The task's shape; ValueError where there is no such task."""
    environment, name = _resolve(task)
    described: Shape = environment.shape(name)
    return described


def make(task: str) -> Any:
    """One environment of the task."""
    environment, name = _resolve(task)
    return environment(name)


def _resolve(task: str) -> tuple[Any, str]:
    parts = _TASK.fullmatch(task)
    ships = lookup.names("envs")
    if parts is None or not (".py:" in parts["family"] or parts["family"] in ships):
        raise ValueError(f"unknown task {task!r}; valid: {', '.join(all_tasks())}")
    environment = lookup.find("envs", parts["family"])
    if parts["name"] not in environment.tasks:
        valid = ", ".join(f"{parts['family']}/{name}" for name in environment.tasks)
        raise ValueError(f"unknown task {task!r}; valid: {valid}")
    return environment, parts["name"]
