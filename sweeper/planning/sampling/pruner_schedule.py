"""The steps of a run at which a pruner judges, and words where these are not what was meant."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sweeper.errors import shown
from sweeper.space.samplers import Pruner
from sweeper.space.space import Space
from sweeper.text import counted

_SHARE = 100
"""Resources that are not given are this part of a run's steps; a smaller one may count reports."""

COUNTS = ("min_resource", "max_resource", "n_warmup_steps", "interval_steps")
"""Arguments of pruners that count the environment steps of a run."""

MOST_STEPS = 8
"""The most steps that are listed."""


def defaults(space: Space) -> dict[str, Any]:
    """The resources that Optuna would guess from trials that have ended."""
    assert space.pruner is not None
    given = space.pruner.options
    most = given.get("max_resource", space.steps)
    least = max(1, space.steps // _SHARE, first_report(space) or 1)
    match space.pruner.name:
        case "successivehalving":
            return {"min_resource": least}
        case "hyperband":
            least = least if most == "auto" else min(least, most)
            return {"min_resource": least, "max_resource": space.steps}
    return {}


def lines(space: Space, first: int | None) -> Iterator[str]:
    """What a plan says of the pruner, given the step of a run's first report, if that is known."""
    if space.pruner is not None:
        yield when(space)
        yield from doubts(space, first)


def first_report(space: Space) -> int | None:
    """The step of a run's first report; `None` for a function, which reports when it likes."""
    return None if space.evaluation is None else min(space.evaluation.every, space.steps)


def factor(pruner: Pruner) -> int:
    """One of how many trials goes on from a rung, and how many times as long the next one takes."""
    usual = 4 if pruner.name == "successivehalving" else 3
    return int(pruner.options.get("reduction_factor", usual))


def rungs(space: Space) -> list[int]:
    """The steps at which successive halving, alone or in Hyperband's brackets, halves."""
    assert space.pruner is not None
    options: Mapping[str, Any] = {**defaults(space), **space.pruner.options}
    if options.get("min_resource", "auto") == "auto":
        return []
    times = factor(space.pruner)
    step = options["min_resource"] * times ** options.get("min_early_stopping_rate", 0)
    found = []
    while step <= space.steps:
        found.append(step)
        step *= times
    return found


def when(space: Space) -> str:
    """At which steps the pruner judges trials, and by which of their runs."""
    assert space.pruner is not None
    name, options, seeds = space.pruner.name, space.pruner.options, len(space.first_seeds)
    if name == "wilcoxon":
        return "wilcoxon compares trials run by run, as runs end"
    steps = f"of a run's {counted(space.steps, 'step', ',')}"
    if name == "median":
        every = options.get("interval_steps", 1)
        places = f"from step {options.get('n_warmup_steps', 0):,} {steps} on"
        places += f", every {every:,}" if every > 1 else ""
    elif found := rungs(space):
        places = f"at {_numbers(found)} {steps}"
    else:
        places = "at steps that Optuna finds when a trial has ended"
    if space.pruner.promote:
        share = f"the best 1/{factor(space.pruner)} of those that came there go on"
        return f"{name} pauses trials {places}; {share}, the others wait for worse ones"
    if seeds == 1:
        return f"{name} judges trials {places}"
    least = space.pruner.seeds or 1
    runs = f"as many of their {counted(seeds, 'seed')} as have come there"
    if least == seeds:
        runs = f"all {counted(seeds, 'seed')}"
    elif least > 1:
        runs += f", at least {least}"
    return f"{name} judges trials {places}, by {runs}"


def doubts(space: Space, first: int | None) -> Iterator[str]:
    """What is probably not meant, given the step of a run's first report, if that is known."""
    assert space.pruner is not None
    if space.pruner.name == "wilcoxon":
        return
    options = space.pruner.options
    given = {key: options[key] for key in COUNTS if isinstance(options.get(key), int)}
    if first is None:
        yield from _small(space, given)
    elif first >= space.steps:
        yield _late(space)
    else:
        yield from _early(space, given, first)
    most = given.get("max_resource", space.steps)
    if most != space.steps:
        yield (
            f"max_resource={most} counts steps of a run, which has {space.steps:,}: hyperband's "
            f"brackets are made for {most:,}"
        )


def _small(space: Space, given: Mapping[str, int]) -> Iterator[str]:
    """Numbers that look like numbers of reports, of which only running it tells the first."""
    assert space.pruner is not None
    for key, value in given.items():
        if value * _SHARE < space.steps and (value > 1 or key == "min_resource"):
            yield (
                f"{key}={value} counts steps of a run, which has {space.steps:,}, and not reports: "
                "what lies below a run's first report falls together there"
            )


def _late(space: Space) -> str:
    """What it means for a pruner that the metric is reported at the end of a run alone."""
    assert space.pruner is not None
    what = f"the score's metric {shown(space.score.metric)} is reported at the end of a run only"
    if len(space.first_seeds) in (1, space.pruner.seeds):
        return f"{what}: {space.pruner.name} can end no trial early"
    return f"{what}: {space.pruner.name} can end trials between their runs, but no run early"


def _early(space: Space, given: Mapping[str, int], first: int) -> Iterator[str]:
    """Steps at which nothing has been reported yet."""
    assert space.pruner is not None
    name = space.pruner.name
    below = [step for step in rungs(space) if step < first]
    if below:
        yield (
            f"{name} halves at {_numbers(below)}, before the first report, at step {first:,}, "
            f"where these fall together: min_resource counts steps of a run, not reports, and "
            f"{first} is the least that differs"
        )
    for key in ("n_warmup_steps", "interval_steps"):
        if 1 < given.get(key, 0) < first:
            yield (
                f"{key}={given[key]} changes nothing: it counts steps of a run, not reports, and "
                f"the first report is at step {first:,}"
            )


def _numbers(steps: Sequence[int]) -> str:
    more = ", …" if len(steps) > MOST_STEPS else ""
    listed = ", ".join(f"{step:,}" for step in steps[:MOST_STEPS])
    return f"step{'' if len(steps) == 1 else 's'} {listed}{more}"
