"""What formulas of a space leave unset: told before anything starts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from sweeper.plan.configurations.expansion import Configuration
from sweeper.plan.configurations.sequences import sequence
from sweeper.plan.plan import Plan
from sweeper.space.samplers import Sampler
from sweeper.text import canonical, counted, labels_text

_DRAWN = 200
"""How many random configurations stand for those that a sampler has still to choose."""


def lines(plan: Plan) -> Iterator[str]:
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
            yield f"{formula} {_left(plan, formula)} in {share}, where {where}"
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


def _left(plan: Plan, formula: str) -> str:
    known = plan.expansion.trainable.parameters.get(formula.removeprefix("derived."))
    return "is not set" if known is None else f"keeps its default {canonical(known.default)}"
