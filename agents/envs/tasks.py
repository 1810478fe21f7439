"""Task names: `family/name`, or `path/file.py:Name/name` for an environment of one's own.

A family may know more names than it lists (`locate`), and may take settings (`settings`).
"""

from __future__ import annotations

import functools
import importlib.metadata
import importlib.util
import re
from contextlib import suppress
from pathlib import Path
from typing import Any

from agents import lookup
from agents.envs.settings import PLAIN, Settings
from agents.envs.trial import check_played
from agents.shape import Shape

_OWN = re.compile(r"(?P<path>.+\.py):(?P<name>\w+)/(?P<task>.+)")


def all_tasks() -> tuple[str, ...]:
    """Returns every task that a family which ships lists."""
    families = lookup.names("envs")
    return tuple(f"{f}/{name}" for f in families for name in lookup.find("envs", f).tasks)


def open_families() -> tuple[str, ...]:
    """Returns the families that ship and know more tasks than they list."""
    names = lookup.names("envs")
    return tuple(name for name in names if hasattr(lookup.find("envs", name), "locate"))


def check_name(task: str) -> None:
    """Raises ValueError where there is no such task."""
    _resolve(task)


def check(task: str, settings: Settings = PLAIN) -> None:
    """Raises ValueError where there is no such task, or its packages are not installed.

    A family says by `extra` which of sweeper's extras it needs, and what that must make importable.
    An environment of one's own must also be what its shape says, which one step tells; so must one
    that takes settings, but for a family that ships and checks them by itself (`check`).
    """
    environment, name = _resolve(task)
    check_installed(task, getattr(environment, "extra", ("",)))
    if hasattr(environment, "needs"):
        check_installed(task, environment.needs(name))
    taken = getattr(environment, "settings", ())
    for setting in settings.given:
        if setting not in taken:
            raise ValueError(_refused(setting, task, taken))
    settings = _filled(environment, settings)
    if hasattr(environment, "check"):
        environment.check(name, settings)
    if ".py:" in task or (taken and not hasattr(environment, "check")):
        check_played(environment, name, settings, name if ".py:" in task else task)


def check_installed(task: str, needed: tuple[str, ...]) -> None:
    """Raises ValueError where packages are missing, naming the extra that brings them.

    `needed` are that extra and the packages' modules.
    """
    extra, *modules = needed
    missing = [name for name in modules if not is_installed(name)]
    if missing:
        raise ValueError(
            f"the task {task!r} needs {missing[0]}, which is not installed: "
            f"pip install -e '.[{extra}]' in the checkout of sweeper"
        )


def _refused(setting: str, task: str, taken: tuple[str, ...]) -> str:
    if taken:
        return f"{setting} is no setting of {task!r}, which takes {', '.join(taken)}"
    names = lookup.names("envs")
    takers = [
        name for name in names if setting in getattr(lookup.find("envs", name), "settings", ())
    ]
    return f"{setting} is no setting of {task!r}; tasks that take it: {'/…, '.join(takers)}/…"


@functools.cache
def is_installed(module: str) -> bool:
    """Whether `module` can be imported; looked for once, because every configuration is checked."""
    return importlib.util.find_spec(module) is not None


def shape(task: str, settings: Settings = PLAIN) -> Shape:
    """Returns the task's shape; raises ValueError where there is no such task."""
    environment, name = _resolve(task)
    takes = (_filled(environment, settings),) if hasattr(environment, "settings") else ()
    described: Shape = environment.shape(name, *takes)
    return described


def _filled(environment: Any, settings: Settings) -> Settings:
    return settings.filled(getattr(environment, "defaults", {}))


def describe(task: str) -> dict[str, str]:
    """Returns what results depend on besides a task's name: its shape, packages' versions.

    Where the shape depends on settings, these tell it. A family may `describe` more.
    """
    environment, name = _resolve(task)
    facts = {} if hasattr(environment, "settings") else _described(shape(task))
    needed = [*getattr(environment, "extra", ("",))[1:]]
    needed += environment.needs(name)[1:] if hasattr(environment, "needs") else ()
    module, _, rest = name.partition(":")
    needed += [module.partition(".")[0]] if rest and not module.endswith(".py") else []
    for package in dict.fromkeys(needed):
        with suppress(importlib.metadata.PackageNotFoundError):
            facts[package] = importlib.metadata.version(package)
    return {**facts, **(environment.describe(name) if hasattr(environment, "describe") else {})}


def references(task: str) -> dict[str, tuple[float, float]]:
    """Returns pairs of scores by name, between which returns are measured; many families have none.

    `human` are those of a random policy and of a human.
    """
    environment, name = _resolve(task)
    return dict(environment.references(name)) if hasattr(environment, "references") else {}


def _described(found: Shape) -> dict[str, str]:
    size = " x ".join(str(n) for n in found.observation)
    kind = "numbers" if found.continuous else "choices"
    return {"observation": f"{size} {found.dtype}", "actions": f"{found.actions} {kind}"}


def bytes_each(task: str) -> int:
    """Returns bytes of one environment of the task; 0 where its family does not say."""
    environment, name = _resolve(task)
    return int(environment.bytes_each(name)) if hasattr(environment, "bytes_each") else 0


def make(task: str, settings: Settings = PLAIN, training: bool = True) -> Any:
    """Returns a new environment of the task; one that takes settings knows whether it trains."""
    environment, name = _resolve(task)
    if hasattr(environment, "settings"):
        return environment(name, _filled(environment, settings), training)
    return environment(name)


def _resolve(task: str) -> tuple[Any, str]:
    family, name = _split(task)
    if not (".py:" in family or family in lookup.names("envs")):
        raise lookup.unknown("task", task, all_tasks())
    environment = lookup.find("envs", family)
    reason = getattr(environment, "unfit", {}).get(name)
    if reason is not None:
        raise ValueError(f"{task!r} cannot be had: {reason}")
    if name in environment.tasks:
        return environment, name
    if hasattr(environment, "locate"):
        check_installed(task, getattr(environment, "extra", ("",)))
        environment.locate(name)
        return environment, name
    raise lookup.unknown("task", task, [f"{family}/{known}" for known in environment.tasks])


def _split(task: str) -> tuple[str, str]:
    """Returns family and name; of two ways to read a task the one whose file is there."""
    family, _, name = task.partition("/")
    own = _OWN.fullmatch(task)
    if own is None or (family in open_families() and not _is_there(own["path"])):
        return family, name
    return f"{own['path']}:{own['name']}", own["task"]


def _is_there(path: str) -> bool:
    with suppress(ValueError):
        return lookup.located(Path(path)).is_file()
    return False
