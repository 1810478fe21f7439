"""Checks a space against the agent or function that it trains, before anything starts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from sweeper import lookup
from sweeper.errors import Invalid, Mistakes, choices, cut, did_you_mean, shown
from sweeper.planning.checks import claims, clocks, command, figures, population
from sweeper.planning.configurations import expanded, sequences
from sweeper.planning.configurations.constraints import Rejected, check_helpers
from sweeper.planning.configurations.expansion import DROP, Expansion
from sweeper.planning.configurations.freezing import own_kinds
from sweeper.planning.configurations.network_depth import shallowest
from sweeper.planning.mistakes import names
from sweeper.planning.parameters import base, baseline, culprit, defaults, span_of
from sweeper.planning.sampling import check_sampler
from sweeper.space.blocks.parts import named_parts, part, placed
from sweeper.space.space import Space
from sweeper.text import agreed
from sweeper.trainable.abilities import Diagnosable, KnowsMoreTasks, SupportsReferences
from sweeper.trainable.contract import Trainable, among, completed
from sweeper.trainable.loading import load_trainable

_CONTRACT = (
    "parameters",
    "metrics",
    "packs",
    "tasks",
    "check",
    "layers",
    "signature",
    "pack_size",
    "start",
)
MAX_RUNS = 1_000_000
"""The most runs of a plan."""

_DRAWN = 1000
"""How many configurations of a sampler's are tried before anything starts."""


def checked(space: Space, folder: Path) -> Space:
    """The space with paths made absolute and layer sets written out.

    Raises `Invalid` with the path of what does not fit; `folder` is the space file's.
    """
    space = absolute(space, folder)
    trainable = load_trainable(space)
    missing = [name for name in _CONTRACT if not hasattr(trainable, name)]
    if missing:
        raise Invalid(f"cannot be trained: it lacks {', '.join(missing)}", ("agent",))
    space = population.settled(space, trainable)
    trainable = load_trainable(space) if space.population is not None else trainable
    names.check(space, trainable.parameters)
    _check_tasks(space, trainable)
    space = _referenced(space, trainable)
    _check_keep(space, trainable)
    _check_blocks(space)
    space = _resolve(space, trainable)
    expansion = expanded(space, trainable)
    command.check(space, expansion)
    metrics = _metrics(space, trainable)
    _check_scores(space, metrics)
    expansion.reference()
    baseline(space, trainable)
    _check_size(space, expansion)
    check_sampler.check(space, expansion)
    mistakes, shown_as = Mistakes(), space
    with mistakes.under():
        _check_trials(space, expansion)
    with mistakes.under():
        shown_as = figures.checked(space, folder, metrics, expansion)
    with mistakes.under():
        clocks.check(space, trainable, expansion)
    with mistakes.under("claims"):
        shown_as = claims.checked(shown_as, metrics, expansion)
    mistakes.check()
    return shown_as


def absolute(space: Space, folder: Path) -> Space:
    """The space with the paths of its agent's, function's and sampler's files made absolute."""
    space = _sampler_found(space, folder)
    if space.command is not None:
        return space
    try:
        if space.function is not None:
            path, name = lookup.split(space.function, folder)
            return space.model_copy(update={"function": f"{path}:{name}"})
        agents = tuple(lookup.located("agents.learners", one, folder) for one in space.agents)
        named = agents[0] if isinstance(space.agent, str) else agents
        return space.model_copy(update={"agent": named})
    except Invalid as error:
        raise error.under("function" if space.function is not None else "agent") from error


def _sampler_found(space: Space, folder: Path) -> Space:
    """The space with the path of its own sampler's file made absolute; nothing is imported."""
    if not space.sampler.own:
        return space
    try:
        path, name = lookup.split(space.sampler.name, folder)
    except Invalid as error:
        raise error.under("sampler") from error
    sampler = space.sampler.model_copy(update={"name": f"{path}:{name}"})
    return space.model_copy(update={"sampler": sampler})


def _check_tasks(space: Space, trainable: Trainable) -> None:
    valid, mistakes = trainable.tasks(), Mistakes()
    for task in space.tasks:
        if not valid or task in valid or ".py:" in task:
            continue
        try:
            known = isinstance(trainable, KnowsMoreTasks) and trainable.check_task(task)
            reason = "" if known else _refusal(trainable, task) or choices(task, valid)
        except ValueError as error:
            known, reason = False, f": {error}"
        if not known:
            mistakes.add(Invalid(f"is no task of {space.identity}{reason}", ("tasks", task)))
    mistakes.check()


def _referenced(space: Space, trainable: Trainable) -> Space:
    """The space with the ends of its tasks from `score.reference` where they are not its own."""
    name, mistakes, tasks = space.score.reference, Mistakes(), dict(space.tasks)
    if name is None:
        return space
    asked = trainable.references if isinstance(trainable, SupportsReferences) else lambda _: {}
    known = {task: asked(task) for task in tasks}
    valid = sorted(set().union(*known.values()))
    if name not in valid:
        why = "must go, as no task has references: write low and high of each"
        if valid:
            near = did_you_mean(name, valid)
            why = f"must be one of {', '.join(valid)}, but got {shown(name)}{near}"
        place = (0,) if space.score.also else ()
        raise Invalid(why, ("score", *place, "reference"))
    for task, own in space.tasks.items():
        with mistakes.under("tasks", task):
            if own.unknown and name not in known[task]:
                raise Invalid(f"needs low and high, as it has no reference {shown(name)}")
            tasks[task] = own.between(*known[task][name]) if own.unknown else own
    mistakes.check()
    return space.model_copy(update={"tasks": tasks})


def _refusal(trainable: Trainable, task: str) -> str:
    """The reason for which it refuses that task with its defaults; empty where it gives none."""
    try:
        trainable.check(completed(trainable.parameters, {}), task)
    except ValueError as error:
        return f": {error}"
    return ""


def _metrics(space: Space, trainable: Trainable) -> Sequence[str]:
    """The metrics that it reports with what is fixed; empty where only running can tell."""
    if not trainable.metrics or not isinstance(trainable, Diagnosable):
        return trainable.metrics
    try:
        return [*trainable.metrics, *trainable.diagnosed(base(space, trainable))]
    except ValueError as error:
        where = culprit(space, str(error))
        raise Invalid(f"cannot be trained by {space.identity}: {error}", where) from error


def _check_scores(space: Space, metrics: Sequence[str]) -> None:
    mistakes = Mistakes()
    for index, rule in enumerate(space.scores):
        if metrics and not among(metrics, rule.metric):
            said = (
                f"must be a metric of {space.identity}, but got {shown(rule.metric)}"
                f"{choices(rule.metric, metrics)}"
            )
            place = [index] if space.score.also else []
            mistakes.add(Invalid(said, ("score", *place, "metric")))
    place = [0] if space.score.also else []
    for metric in space.score.constraints:
        if metrics and not among(metrics, metric):
            said = f"is no metric of {space.identity}{choices(metric, metrics)}"
            mistakes.add(Invalid(said, ("score", *place, "constraints", metric)))
    mistakes.check()


def _check_keep(space: Space, trainable: Trainable) -> None:
    if space.checkpoint.keep == "none" or getattr(trainable, "keeps_weights", False):
        return
    own = {"function": "run.folder", "command": "SWEEPER_FOLDER"}
    where = next((f"in {own[key]}, which stays" for key in own if getattr(space, key)), None)
    where = where or "with packs that have weights()"
    raise Invalid(
        f"must be none, but got {space.checkpoint.keep!r}: {cut(space.identity)} has no weights "
        f"that sweeper knows of; keep files {where}",
        ("checkpoint", "keep"),
    )


def _check_blocks(space: Space) -> None:
    """Raises `Invalid` for helper axes that nothing reads, and for what no block can have."""
    for name, one in named_parts(space):
        with placed(space, name):
            check_helpers(one)
    if space.blocks and own_kinds(space):
        raise Invalid(
            "must go, as an axis is of a kind of your own: give the axes that only some trials "
            "have a when, as in when: {opt: adam}, or write one space for each block",
            ("blocks",),
        )


def _resolve(space: Space, trainable: Trainable) -> Space:
    blocks = {}
    for name, block in space.blocks.items():
        with placed(space, name):
            found = _resolve(part(space, name), trainable)
        own = {one: found.fixed[one] for one in block.fixed}
        blocks[name] = block.model_copy(update={"fixed": own, "axes": found.axes})
    known = base(space, trainable)
    fixed = {name: known[name] for name in space.fixed}
    frozen = space.defaults or defaults(space, trainable)
    space = space.model_copy(update={"fixed": fixed, "defaults": frozen, "blocks": blocks})
    if blocks:
        return space
    for name, axis in space.axes.items():
        if axis.structural:
            span_of(space, trainable, name)
    axes = {}
    for name, axis in space.axes.items():
        try:
            axes[name] = axis.resolved(name, shallowest(space, trainable, name))
        except Invalid as error:
            raise error.under("axes", name) from error
    return space.model_copy(update={"axes": axes})


def _check_size(space: Space, expansion: Expansion) -> None:
    """Raises `Invalid` where there are more than `MAX_RUNS` runs.

    Where combinations are dropped these are counted instead, the dropped ones included.
    """
    if space.sampler.name != "grid":
        runs = (space.trials or 0) * len(space.tasks) * len(space.seeds)
        if runs > MAX_RUNS:
            rule = f"× tasks × seeds make {runs} runs, but a plan has at most {MAX_RUNS}"
            raise Invalid(rule, ("trials",))
        return
    each = 1 if space.invalid == DROP else len(space.tasks) * len(space.seeds)
    count = expansion.size(MAX_RUNS // each)
    if count * each <= MAX_RUNS:
        return
    sizes = " × ".join(str(size) for size in expansion.sizes())
    if space.invalid == DROP:
        what = f"make more than {MAX_RUNS} combinations ({sizes}), dropped ones included"
        raise Invalid(f"{what}, but a plan has at most that many", ("axes",))
    more = "more than " if expansion.conditional else ""
    runs = MAX_RUNS if expansion.conditional else count * each
    raise Invalid(
        f"× tasks × seeds make {more}{runs} runs ({sizes} × {len(space.tasks)} × "
        f"{len(space.seeds)}), but a plan has at most {MAX_RUNS}",
        ("axes",),
    )


def _check_trials(space: Space, expansion: Expansion) -> None:
    if space.sampler.name != "grid":
        _check_draws(space, expansion)
        expansion.check_by_task()
        return
    grid = expansion.grid(check=True)
    if not grid.configurations:
        dropped = agreed(grid.dropped, "combination is", "combinations are")
        raise Invalid(f"hold no trial: all {grid.dropped} {dropped} dropped", ("axes",))
    runs = len(grid.configurations) * len(space.tasks) * len(space.seeds)
    if runs > MAX_RUNS:
        raise Invalid(
            f"× tasks × seeds make {runs} runs, but a plan has at most {MAX_RUNS}", ("axes",)
        )
    expansion.check_by_task()


def _check_draws(space: Space, expansion: Expansion) -> None:
    """Draws a thousand of the configurations that a sampler may draw, each of which must be valid.

    Choices are drawn at random, and of ranges the ends; where combinations are dropped also values
    between them, which may be all that is valid, and one valid configuration is enough.
    """
    rng = np.random.default_rng(0)
    valid = False
    seen: set[tuple[tuple[str, str | int | float], ...]] = set()
    for _ in range(_DRAWN):
        try:
            chosen = expansion.chosen_by(
                lambda _, over, __: sequences.at(over, _share(space, rng, over))
            )
            labels = tuple((name, point.label) for name, point in chosen.items())
            if labels not in seen:
                seen.add(labels)
                expansion.made_of(chosen)
                valid = True
        except Rejected as error:
            if space.invalid != DROP:
                raise Invalid(error.message, error.path) from error
    if not valid:
        raise Invalid(f"hold no trial: {_DRAWN} random combinations are dropped", ("axes",))


def _share(space: Space, rng: np.random.Generator, over: Any) -> float:
    inside = rng.random()
    if hasattr(over, "choices"):
        return float(inside)
    shares = [0.0, 1.0 - 1e-9, *([inside] if space.invalid == DROP else [])]
    return shares[rng.integers(len(shares))]
