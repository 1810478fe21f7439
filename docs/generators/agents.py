"""The reference of agents: their parameters, metrics and tasks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from docs.generators.markdown import filled, head, joined, table
from sweeper import lookup
from sweeper.cli.commands.agents import default_text, valid_text

_PACKAGE = "agents.learners"


def page() -> str:
    """The whole page, in Markdown."""
    found = {name: lookup.find(_PACKAGE, name) for name in lookup.names(_PACKAGE)}
    intro = (
        "`sweeper agents NAME` prints what one agent takes. What each of them is for: "
        "[Choose an agent](../how_to/choose_an_agent.md)."
    )
    named = [(f"`{name}`", lookup.about(_PACKAGE, name)) for name in found]
    parts = [head("Agents", intro), table(("agent", "what it is"), named)]
    parts += ["## Parameters", filled(_PARAMETERS), _parameters(found)]
    parts += ["## Metrics", filled(_METRICS), _metrics(found), "## Tasks", _tasks(found)]
    return joined(parts)


_PARAMETERS = (
    "Each stands under `fixed`, or is searched by an axis. Runs that differ in parameters marked * "
    "alone may train in one pack. A parameter has a row for each default that agents give it."
)
_METRICS = (
    "A score or a figure may name any of them; `return` is the mean return of an evaluation. "
    "[Diagnostics](../how_to/diagnostics.md) add their own."
)


def _parameters(found: Mapping[str, Any]) -> str:
    takers: defaultdict[tuple[str, str, str, str], list[str]] = defaultdict(list)
    for agent, trainable in found.items():
        for name, parameter in trainable.parameters.items():
            star = "*" if parameter.packable else ""
            takers[name, star, f"`{default_text(parameter)}`", valid_text(parameter)].append(agent)
    rows = [
        (f"`{name}`", star, said, may_be, _agents(agents, list(found)))
        for (name, star, said, may_be), agents in takers.items()
    ]
    order = list(dict.fromkeys(row[0] for row in rows))
    rows.sort(key=lambda row: order.index(row[0]))
    return table(("parameter", "*", "default", "valid", "agents"), rows)


def _metrics(found: Mapping[str, Any]) -> str:
    takers: defaultdict[str, list[str]] = defaultdict(list)
    for agent, trainable in found.items():
        for metric in trainable.metrics:
            takers[metric].append(agent)
    rows = [(f"`{name}`", _agents(agents, list(found))) for name, agents in takers.items()]
    return table(("metric", "agents"), rows)


def _tasks(found: Mapping[str, Any]) -> str:
    takers: defaultdict[str, list[str]] = defaultdict(list)
    for agent, trainable in found.items():
        for task in trainable.tasks():
            takers[task].append(agent)
    families: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for task, agents in takers.items():
        family, _, name = task.partition("/")
        families[family, _agents(agents, list(found))].append(f"`{name}`")
    rows = [
        (f"`{family}`", ", ".join(names), agents) for (family, agents), names in families.items()
    ]
    return table(("family", "tasks, each `family/task`", "agents"), sorted(rows))


def _agents(some: Sequence[str], of: Sequence[str]) -> str:
    """The agents by name, or all but those that are not among them, whichever is shorter."""
    others = [f"`{name}`" for name in of if name not in some]
    if not others:
        return "all"
    if len(others) <= 2:
        return f"all but {' and '.join(others)}"
    return ", ".join(f"`{name}`" for name in some)
