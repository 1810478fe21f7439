"""`sweeper agents`: the agents, or the parameters, tasks and metrics of one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from sweeper import lookup
from sweeper.errors import shown
from sweeper.text import valid_values
from sweeper.trainable.contract import Parameter, Trainable, listed_of, only_of

_PACKAGE = "agents.learners"


def agents() -> Iterator[str]:
    """Every agent's name, and the first line of its file's docstring."""
    names = lookup.names(_PACKAGE)
    width = max(map(len, names))
    for name in names:
        yield f"{name:{width}}  {lookup.about(_PACKAGE, name)}"


def agent(name: str) -> Iterator[str]:
    """The parameters of one agent with their defaults and valid values, its tasks and metrics.

    `*` marks parameters in which the runs of a pack may differ. Raises `SweeperError` for an
    unknown name.
    """
    trainable: Trainable = lookup.find(_PACKAGE, name, Path.cwd())
    if not lookup.is_file(name):
        yield lookup.about(_PACKAGE, name)
    rows = [
        (
            f"{'*' if parameter.packable else ' '} {key}",
            default_text(parameter),
            valid_text(parameter),
        )
        for key, parameter in trainable.parameters.items()
    ]
    widths = [max((len(row[column]) for row in rows), default=0) for column in range(2)]
    yield "parameters, their defaults and what is valid (* may differ within a pack):"
    for key, default, valid in rows:
        yield f"{key:{widths[0]}}  {default:{widths[1]}}  {valid}"
    yield f"metrics: {', '.join(trainable.metrics)}"
    yield f"tasks: {', '.join(trainable.tasks())}"


def default_text(parameter: Parameter) -> str:
    """The parameter's default as a space has it."""
    value = parameter.default
    if parameter.kind in (tuple, list):
        return f"[{', '.join(map(str, value))}]"
    return value if isinstance(value, str) else shown(value)


def valid_text(parameter: Parameter) -> str:
    """The values that the parameter may have, in words."""
    low, high, valid = parameter.low, parameter.high, parameter.choices
    return valid_values(parameter.kind, low, high, valid, only_of(parameter), listed_of(parameter))
