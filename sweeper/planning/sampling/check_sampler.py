"""Checks that a space's sampler and pruner support the space."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sweeper.errors import Invalid
from sweeper.planning.configurations.expansion import DROP, Expansion
from sweeper.planning.sampling import enqueued, own_sampler
from sweeper.planning.sampling.pruner_schedule import rungs
from sweeper.schema.rules import one_of
from sweeper.space.blocks.parts import named_parts, part, parts, placed
from sweeper.space.space import Space
from sweeper.text import counted

_EASILY = 10
"""With so many times as many cells as trials it is not counted how many are valid."""


def check(space: Space, expansion: Expansion) -> None:
    """Raises `Invalid` where the sampler or the pruner cannot take the space."""
    _check_lengths(space)
    _check_rungs(space)
    _check_blocks(space)
    _check_warm_start(space)
    _check_gridded(space, expansion)
    if space.sampler.name == "grid":
        if space.trials is not None:
            raise Invalid("must go: a grid has as many trials as it has cells", ("trials",))
        if space.pruner is not None:
            _check_pruner(space)
        enqueued.check(space, expansion)
        return
    if space.trials is None:
        raise Invalid(f"needs the key 'trials': how many {space.sampler.told} plans in all")
    _check_drawn(space)
    _check_names(space)
    _check_ranges(space)
    _check_objectives(space)
    _check_enough(space, expansion)
    enqueued.check(space, expansion)
    if space.pruner is not None:
        _check_pruner(space)


def _check_drawn(space: Space) -> None:
    """Raises `Invalid` for axes of which a sampler draws nothing, in any block."""
    for block, one in named_parts(space):
        with placed(space, block):
            for name, axis in one.axes.items():
                if getattr(axis, "count", None) is not None and not axis.grid:
                    raise Invalid(
                        f"must go: points are counted for a grid, {space.sampler.told} takes the "
                        "whole range (grid: true tries each draw of the other axes with all of "
                        "them)",
                        ("axes", name, "count"),
                    )
                if space.sampler.learns and axis.quantile(0.5) is not None:
                    raise Invalid(
                        f"must be float, with low and high, for {space.sampler.told}: only random "
                        f"and qmc draw from a {axis.kind} distribution",
                        ("axes", name, "kind"),
                    )


def _check_lengths(space: Space) -> None:
    """Raises `Invalid` for a pruner where runs of some tasks are longer than those of others."""
    if space.pruner is not None and not space.one_length:
        task = next(task for task in space.tasks if space.tasks[task].steps)
        raise Invalid("must go: a pruner compares runs of one length", ("tasks", task, "steps"))


def _check_blocks(space: Space) -> None:
    """Raises `Invalid` for samplers that learn, and grids within draws, beside blocks."""
    if not space.blocks:
        return
    if space.sampler.learns:
        raise Invalid(
            f"is {space.sampler.told}, which learns of one set of axes, but the space has blocks: "
            "grid, random and qmc take them; axes with a when are for all samplers",
            ("sampler",),
        )
    for name in space.blocks:
        for axis, found in part(space, name).axes.items():
            if found.grid:
                with placed(space, name):
                    how = "write a block for each value, with it as fixed"
                    raise Invalid(f"must go: the space has blocks; {how}", ("axes", axis, "grid"))


def _check_warm_start(space: Space) -> None:
    """Raises `Invalid` for samplers and pruners that can make nothing of earlier trials."""
    here = ("warm_start",)
    if not space.warm_start:
        return
    if not space.sampler.learns:
        raise Invalid(
            f"must go: {space.sampler.told} learns of no results; tpe, gp and cmaes do", here
        )
    if space.sampler.name == "nsgaii":
        raise Invalid(
            "must go: nsgaii breeds trials of its own alone; tpe, gp and cmaes take others", here
        )
    if space.pruner is not None and space.pruner.name == "hyperband":
        raise Invalid("must go: hyperband's brackets each learn of their own trials alone", here)
    if space.sampler.name != "cmaes":
        return
    for name, axis in space.axes.items():
        if axis.when:
            said = f"must go: cmaes takes earlier trials of the same axes, and {name} has a when"
            raise Invalid(said, here)
    for key in ("sigma0", "use_separable_cma"):
        if space.sampler.options.get(key):
            said = "must go: the earlier trials under warm_start say where cmaes begins"
            raise Invalid(said, ("sampler", "cmaes", key))


def _check_gridded(space: Space, expansion: Expansion) -> None:
    """Raises `Invalid` for `grid: true` where nothing else is drawn, or each draw is a choice."""
    gridded = [name for name, axis in space.axes.items() if axis.grid]
    if not gridded:
        return
    here = ("axes", gridded[0], "grid")
    if space.sampler.name == "grid" or len(gridded) == len(space.axes):
        raise Invalid("must go: all axes are a grid, which sampler: grid is alone", here)
    if space.sampler.learns:
        said = f"must go: {space.sampler.told} chooses all axes, random and qmc need not"
        raise Invalid(said, here)
    for index, group in enumerate(space.zip):
        for place, name in enumerate(group):
            if name in gridded and name != group[0]:
                raise Invalid(
                    f"must not hold {name}, which is a grid of its own: grid: true stands on "
                    f"{group[0]}, the first of them, alone",
                    ("zip", index, place),
                )
    cells = len(expansion.cells())
    if not expansion.conditional and space.invalid != DROP and (space.trials or cells) % cells:
        raise Invalid(
            f"must be a multiple of {cells}, the combinations of {', '.join(gridded)} that each "
            f"draw is tried with, but got {space.trials}",
            ("trials",),
        )


def _check_names(space: Space) -> None:
    options = space.sampler.options
    if space.sampler.own:
        try:
            own_sampler.check(space.sampler)
        except Invalid as error:
            raise error.under("sampler") from None
    kind = options.get("qmc_type")
    if kind is not None:
        try:
            one_of("sobol", "halton")(kind)
        except Invalid as error:
            raise error.under("sampler", "qmc", "qmc_type") from None


def _check_ranges(space: Space) -> None:
    """Raises `Invalid` for CMA-ES with fewer than two ranges: it would silently draw at random."""
    from optuna.distributions import CategoricalDistribution

    if space.sampler.name != "cmaes":
        return
    ranges = [
        name
        for name, axis in space.axes.items()
        if not isinstance(axis.distribution(name), CategoricalDistribution)
    ]
    if len(ranges) < 2:
        listed = f"only {ranges[0]}" if ranges else "choices only"
        raise Invalid(
            "is cmaes, which needs at least two axes that are ranges (low and high), but the space "
            f"has {listed}; use tpe or random instead",
            ("sampler",),
        )


def _check_objectives(space: Space) -> None:
    several = len(space.scores) > 1
    if several and space.sampler.name in ("gp", "cmaes"):
        raise Invalid(
            f"is {space.sampler.told}, which takes one score, but the space has "
            f"{len(space.scores)}; use nsgaii or tpe instead",
            ("sampler",),
        )
    if several and space.pruner is not None:
        raise Invalid("must go: pruners judge one score, but the space has several", ("pruner",))


def _check_enough(space: Space, expansion: Expansion) -> None:
    """Raises `Invalid` where a space of choices has fewer configurations than trials."""
    from optuna.distributions import CategoricalDistribution

    assert space.trials is not None
    kinds = [axis.distribution(name) for one in parts(space) for name, axis in one.axes.items()]
    if not all(isinstance(kind, CategoricalDistribution) for kind in kinds):
        return
    many = _EASILY * space.trials
    if expansion.size(many) > many:
        return
    cells = len(expansion.grid().configurations)
    if cells < space.trials:
        raise Invalid(
            f"must be at most {cells}, the configurations that the space has, "
            f"but got {space.trials}",
            ("trials",),
        )


def _check_rungs(space: Space) -> None:
    if space.rungs and len(space.scores) > 1:
        rule = "must be a number or a list: rungs judge one score, but the space has several"
        raise Invalid(rule, ("seeds",))


def _check_pruner(space: Space) -> None:
    assert space.pruner is not None
    if len(space.scores) > 1:
        raise Invalid("must go: pruners judge one score, but the space has several", ("pruner",))
    seeds = space.pruner.seeds
    if seeds is not None and seeds > len(space.first_seeds):
        whose = "that every trial has" if space.rungs else "of the space"
        raise Invalid(
            f"must be at most {len(space.first_seeds)}, the seeds {whose}, but got {seeds}",
            ("pruner", space.pruner.name, "seeds"),
        )
    if space.pruner.promote and not any(one < space.steps for one in rungs(space)):
        raise Invalid(
            f"must be below steps={space.steps}, or nothing would pause, but got "
            f"{space.pruner.options.get('min_resource')}",
            ("pruner", space.pruner.name, "min_resource"),
        )
    if seeds is not None and space.pruner.name == "wilcoxon":
        raise Invalid(
            "must go: wilcoxon compares run by run, from n_startup_steps runs on",
            ("pruner", "wilcoxon", "seeds"),
        )
    if space.pruner.name == "hyperband":
        _check_hyperband(space.pruner.options)
    _check_reached(space)


def _check_reached(space: Space) -> None:
    """Raises `Invalid` for a pruner that first judges at a step that no run reaches."""
    assert space.pruner is not None
    options = space.pruner.options
    for key in ("min_resource", "n_warmup_steps"):
        least = options.get(key, 0)
        if least != "auto" and least > space.steps:
            raise Invalid(
                f"must be at most {space.steps}, the steps of a run, or nothing is ever pruned, "
                f"but got {least}",
                ("pruner", space.pruner.name, key),
            )
    rate = options.get("min_early_stopping_rate", 0)
    if rate and options.get("min_resource") != "auto" and not rungs(space):
        raise Invalid(
            f"must be less: the first step would be min_resource × reduction_factor^{rate}, and a "
            f"run has {counted(space.steps, 'step')}, so that nothing is ever pruned",
            ("pruner", space.pruner.name, "min_early_stopping_rate"),
        )


def _check_hyperband(options: Mapping[str, Any]) -> None:
    """Raises `Invalid` for arguments that Optuna checks only when a worker first prunes."""
    least = {"min_resource": 1, "max_resource": 1, "reduction_factor": 2, "bootstrap_count": 0}
    for key, bound in least.items():
        given = options.get(key, bound)
        if given != "auto" and given < bound:
            raise Invalid(
                f"must be a whole number of at least {bound}, but got {given}",
                ("pruner", "hyperband", key),
            )
    smallest, largest = options.get("min_resource", 1), options.get("max_resource", "auto")
    if largest != "auto" and smallest > largest:
        raise Invalid(
            f"must be at most max_resource={largest}, but got {smallest}",
            ("pruner", "hyperband", "min_resource"),
        )
