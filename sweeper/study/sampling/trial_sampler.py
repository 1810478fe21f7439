"""The sampler that one trial is asked of: made anew for it, and seeded by its number."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from optuna.distributions import CategoricalDistribution
from optuna.trial import FrozenTrial, TrialState, create_trial

from sweeper.errors import Invalid, SweeperError, dotted
from sweeper.planning.configurations.constraints import Rejected
from sweeper.planning.sampling import own_sampler
from sweeper.space import samplers
from sweeper.space.samplers import Sampler
from sweeper.space.space import Space
from sweeper.study.sampling.optuna_memory import OptunaMemory, constraints_of


def made(space: Space, number: int, turn: int, memory: OptunaMemory) -> Any:
    """A sampler for trial `number`, asked for the `turn`-th time; `memory` has earlier studies."""
    drawn = seed(space, number, turn)
    if space.sampler.own:
        return own_sampler.made(space.sampler, drawn)
    options = {**space.sampler.options, "seed": drawn}
    if space.score.bounds and space.sampler.name in samplers.CONSTRAINED:
        options["constraints_func"] = constraints_of
    if space.sampler.name == "cmaes" and (source := list(_source(memory))):
        options["source_trials"] = source
    return samplers.constructor("samplers", samplers.SAMPLERS[space.sampler.name])(**options)


def seed(space: Space, number: int, turn: int) -> int:
    """A seed for each trial and each time that it is asked for."""
    return int(np.random.SeedSequence([space.sampler.seed, number, turn]).generate_state(1)[0])


@contextmanager
def theirs(sampler: Sampler) -> Iterator[None]:
    """What a sampler of the user's own raises inside is told with its file's line."""
    try:
        yield
    except Rejected:
        raise
    except Invalid as error:
        if not sampler.own:
            raise
        said = f"the sampler {sampler.told} chose what there is not: {dotted(error.path)}"
        raise SweeperError(f"{said} {error.message}") from error
    except Exception as error:
        if not sampler.own:
            raise
        said = own_sampler.failure(sampler, error)
        raise SweeperError(f"the sampler {sampler.told} failed: {said}") from error


def _source(memory: OptunaMemory) -> Iterator[FrozenTrial]:
    """The earlier trials from which CMA-ES takes its first distribution, by their ranges."""
    for trial in memory.earlier():
        if trial.state == TrialState.COMPLETE:
            over = {
                name: kind
                for name, kind in trial.distributions.items()
                if not isinstance(kind, CategoricalDistribution)
            }
            yield create_trial(
                params={name: trial.params[name] for name in over},
                distributions=over,
                values=trial.values,
            )
