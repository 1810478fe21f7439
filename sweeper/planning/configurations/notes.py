"""Notes on a plan, told before it starts: what formulas leave unset, and text that may mislead."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from itertools import islice
from pathlib import Path

from sweeper.errors import cut
from sweeper.planning.checks import command
from sweeper.planning.configurations.blocks import BlockExpansion
from sweeper.planning.configurations.expansion import Configuration
from sweeper.planning.configurations.sequences import sequence
from sweeper.planning.plan import Plan
from sweeper.schema.template import placeholders
from sweeper.space.blocks.block import BLOCK
from sweeper.space.blocks.parts import every_axis, parts
from sweeper.space.samplers import CONSTRAINED, Sampler
from sweeper.space.space import Space
from sweeper.text import agreed, canonical, counted, few, labels_text

_DRAWN = 200
"""How many random configurations stand for those that a sampler has still to choose."""


_ONCE = "each configuration is drawn for one of them, so that they cannot be compared"

_SWITCHES = ("yes", "no", "on", "off")
"""Words that YAML 1.1 reads as true and false, and YAML 1.2 as text."""


def lines(plan: Plan) -> Iterator[str]:
    """All notes on `plan`."""
    yield from _shared(plan)
    yield from _unset(plan)
    yield from _switches(plan)
    yield from _never_on(plan)
    yield from _unnamed(plan)
    yield from _unfound(plan.space)
    yield from _unconstrained(plan.space)
    yield from _alike(plan)


def _unconstrained(space: Space) -> Iterator[str]:
    """A line for a sampler that does not know of the constraints of the score."""
    sampler = space.sampler
    if space.score.bounds and not sampler.own and sampler.name not in ("grid", *CONSTRAINED):
        known = " and ".join((", ".join(CONSTRAINED[:-1]), CONSTRAINED[-1]))
        yield (
            f"score.constraints: {sampler.name} does not keep to them, as {known} would: only what "
            "is best is best of the trials that keep them"
        )


def _alike(plan: Plan) -> Iterator[str]:
    """A line for each two blocks of which a sampler draws from the same."""
    if plan.space.sampler.name == "grid" or not plan.space.blocks:
        return
    seen: dict[str, str] = {}
    for name, one in zip(plan.space.blocks, parts(plan.space), strict=True):
        first = seen.setdefault(one.model_dump_json(), name)
        if first != name:
            yield f"blocks {cut(first)} and {cut(name)} hold the same: {_ONCE}"
    yield from _overlapping(plan, set(plan.space.blocks) - set(seen.values()))


def _overlapping(plan: Plan, told: Collection[str]) -> Iterator[str]:
    """A line for each two blocks, but those `told`, that both hold some of what is drawn."""
    assert isinstance(plan.expansion, BlockExpansion)
    made = _configurations(plan)[:_DRAWN]
    found: Counter[tuple[str, ...]] = Counter()
    for one in made:
        for other in plan.expansion.twins(one):
            both = (one.labels[BLOCK], other)
            pair = tuple(name for name in plan.space.blocks if name in both)
            if not {*pair} & {*told}:
                found[pair] += 1
    for (first, name), number in found.items():
        share = f"about {100 * number / len(made):.0f} % of what is drawn"
        yield f"blocks {cut(first)} and {cut(name)} both hold {share}: {_ONCE}"


def _shared(plan: Plan) -> Iterator[str]:
    """A line for each two blocks that hold the same configurations."""
    if plan.space.sampler.name != "grid":
        return
    for (first, name), number in plan.expansion.grid().shared.items():
        alike = counted(number, "configuration")
        counts = agreed(number, "it counts", "they count")
        yield f"blocks {first} and {name} both hold {alike}: {counts} once, in {first}"


def _switches(plan: Plan) -> Iterator[str]:
    """A line for each axis or fixed parameter that hands a function `no`, which Python calls true.

    An agent knows which of its parameters are text, and to a command all are.
    """
    if plan.expansion.trainable.parameters or plan.space.command is not None:
        return
    space = plan.space
    made = _configurations(plan)
    chosen = {f"axes.{name}": [one.values.get(name) for one in made] for name in every_axis(space)}
    fixed = {f"fixed.{name}": [value] for name, value in space.fixed.items()}
    for where, values in {**chosen, **fixed}.items():
        words = [item for item in values if isinstance(item, str) and item.lower() in _SWITCHES]
        if words:
            listed = ", ".join(dict.fromkeys(words))
            yield f"{where} is text: {listed}; for truth values write true and false"
        if "None" in values:
            yield f"{where} is text: None; for no value write null"


def _never_on(plan: Plan) -> Iterator[str]:
    """A line for each axis that no configuration of a grid has."""
    may_be_off = plan.expansion.conditional
    if plan.space.sampler.name != "grid" or plan.dropped or not may_be_off:
        return
    found = {name for trial in plan.trials for name in trial.labels}
    for name in every_axis(plan.space):
        if name in may_be_off and name not in found:
            yield f"axes.{name} is never on: no configuration is as its when says"


def _unnamed(plan: Plan) -> Iterator[str]:
    """A line for what tells runs apart and no word of the command names."""
    space = plan.space
    said = {name for word in space.command or () for name in placeholders(word)}
    if space.command is None or "params" in said:
        return
    given = [name for name, axis in every_axis(space).items() if not axis.helper]
    axes = [name for name in given if not said & set(plan.expansion.sets(name))]
    if axes:
        yield f"no word of the command names {few(axes)}: the program must read SWEEPER_PARAMS"
    for name, number in (("seed", len(space.seeds)), ("task", len(space.tasks))):
        if number > 1 and name not in said:
            variable = f"SWEEPER_{name.upper()}"
            yield f"no word of the command names {name}: the program must read {variable}"


def _unfound(space: Space) -> Iterator[str]:
    """A line for a module that a command runs, and that is not there."""
    module = space.command and command.unfound_module(space.command, Path(space.folder))
    if module:
        yield f"command runs the module {cut(module)}, which this Python does not find"


def _unset(plan: Plan) -> Iterator[str]:
    """One line for each derived parameter that some trials lack, and each idle constraint.

    Where a sampler has still to choose trials, random ones stand for them.
    """
    if not plan.space.derived and not plan.space.constraints:
        return
    configurations = _configurations(plan)
    found: dict[tuple[str, str], list[Configuration]] = {}
    idle = {f"constraints[{index}]" for index in range(len(plan.space.constraints))}
    for made in configurations:
        idle &= set(made.unset)
        for formula, absent in made.unset.items():
            found.setdefault((formula, absent), []).append(made)
    for (formula, absent), lacking in found.items():
        if formula.startswith("derived"):
            share = _share(plan, len(lacking), len(configurations))
            where = f"{_reason(plan, absent)}: {labels_text(lacking[0].labels)}"
            left = _left(plan, formula, lacking[0])
            yield f"{formula} {left} in {share}, where {where}"
    for formula in sorted(idle):
        reasons = [_reason(plan, absent) for other, absent in found if other == formula]
        yield f"{formula} is never checked: {' or '.join(reasons)}"


def _configurations(plan: Plan) -> Sequence[Configuration]:
    if not plan.due:
        return [plan.configuration(trial.number) for trial in plan.trials]
    drawing = plan.space.model_copy(update={"sampler": Sampler(name="random")})
    return list(islice(sequence(drawing, plan.expansion), _DRAWN))


def _share(plan: Plan, lacking: int, total: int) -> str:
    if plan.due:
        return f"about {100 * lacking / total:.0f} % of the trials"
    return f"{lacking} of {counted(total, 'trial')}"


def _reason(plan: Plan, absent: str) -> str:
    if absent in plan.space.derived:
        return f"{absent} is not set either"
    return (
        f"{absent} {'is switched off' if absent in plan.expansion.conditional else 'has no value'}"
    )


def _left(plan: Plan, formula: str, made: Configuration) -> str:
    name = formula.removeprefix("derived.")
    known = plan.expansion.trainable.parameters.get(name)
    if known is None or name not in made.params:
        return "is not set"
    return f"keeps its default {canonical(known.default)}"
