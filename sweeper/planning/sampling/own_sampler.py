"""A sampler of the user's own: a class in a file that is one of Optuna's samplers."""

from __future__ import annotations

import inspect
import traceback
from pathlib import Path
from typing import Any

from sweeper.errors import Invalid, Mistakes, choices, reason
from sweeper.log import log
from sweeper.lookup import import_file
from sweeper.space.samplers import Sampler

_SEED = "seed"


def made(sampler: Sampler, seed: int) -> Any:
    """The sampler with its arguments, and with `seed` where it takes one.

    Whatever its code raises goes through.
    """
    path, name = _place(sampler)
    found = getattr(import_file(path), name)
    seeded = {_SEED: seed} if _SEED in _arguments(found) else {}
    return found(**{**sampler.options, **seeded})


def check(sampler: Sampler) -> None:
    """Raises `Invalid` where there is no such sampler, or it refuses its arguments.

    One that takes no seed is told: nobody knows what its draws follow from.
    """
    from optuna.samplers import BaseSampler

    path, name = _place(sampler)
    try:
        found = getattr(import_file(path), name)
    except Exception as error:
        raise Invalid(f"cannot be imported: {failure(sampler, error)}") from error
    if not (isinstance(found, type) and issubclass(found, BaseSampler)):
        what = "a class that derives from optuna.samplers.BaseSampler"
        raise Invalid(f"must name {what}, but {sampler.told} is none")
    known, mistakes = _arguments(found), Mistakes()
    anything = any(one.kind == one.VAR_KEYWORD for one in known.values())
    for key in sampler.options:
        if key not in known and not anything:
            mistakes.add(Invalid(f"is an unknown argument of {name}{choices(key, known)}", (key,)))
    mistakes.check()
    try:
        made(sampler, sampler.seed)
    except Exception as error:
        raise Invalid(f"refuses its arguments: {failure(sampler, error)}") from error
    if _SEED not in known:
        log.warning(
            "sampler: %s takes no argument seed, so that nobody knows whether it draws alike when "
            "the study goes on, or is run again",
            sampler.told,
        )


def failure(sampler: Sampler, error: BaseException) -> str:
    """What its code raised, and the last line of its file, or of one beside it, that did so."""
    folder = _place(sampler)[0].parent
    lines = [
        f"{Path(frame.filename).name}:{frame.lineno}"
        for frame in traceback.extract_tb(error.__traceback__)
        if folder in Path(frame.filename).parents
    ]
    if isinstance(error, SyntaxError) and error.filename:
        lines.append(f"{Path(error.filename).name}:{error.lineno}")
    return f"{reason(error)}{f' ({lines[-1]})' if lines else ''}"


def _place(sampler: Sampler) -> tuple[Path, str]:
    path, _, name = sampler.name.rpartition(":")
    return Path(path), name


def _arguments(found: Any) -> dict[str, inspect.Parameter]:
    """The arguments of its constructor by name."""
    known = dict(inspect.signature(found.__init__).parameters)
    known.pop("self", None)
    return known
