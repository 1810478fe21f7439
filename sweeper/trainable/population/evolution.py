"""The evolution of a population: who goes on from whose state, and with which hyperparameters.

With one sub-population it is truncation selection as in population based training (Jaderberg et
al., 2017, arXiv 1711.09846, section 4.1.1): members in the lowest quantile go on from members of
the highest, drawn at random, and explore. With several, which evolve every so many rounds, it is
MF-PBT (Doulazmi et al., 2025, arXiv 2506.03225, section 4): the four quarters of a sub-population
are its winners, its survivors, those open for migration, and its losers.

All of it follows from the scores, a run's seed and the number of the round.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from sweeper.trainable.population.rules import Rules
from sweeper.trainable.population.searched import Number

Scores = Sequence[float | None]
"""What each member was last evaluated as; `None` of one that diverged or reported nothing."""

Params = Mapping[str, Number]
"""The values of what is searched, of one member, by name."""

Generation = list[tuple[int, Params]]
"""For each member the one whose state it goes on from, and its hyperparameters."""


def first_generation(rules: Rules, seed: int) -> list[Params]:
    """The hyperparameters that members begin with: each is drawn by itself from what it may be."""
    draws = _draws(seed, 0)
    return [
        {name: one.drawn(draws.random()) for name, one in rules.over.items()}
        for _ in range(rules.size)
    ]


def next_generation(
    scores: Scores, params: Sequence[Params], rules: Rules, seed: int, round: int
) -> Generation:
    """The members after a round (1 for the first), from their scores and hyperparameters before.

    A member without a score is replaced in every round. Where nobody has one, all go on as they
    are.
    """
    found: Generation = list(enumerate(params))
    ranks = ranked(scores, rules)
    if not ranks:
        return found
    draws, count = _draws(seed, round), rules.bracket
    for members, frequency in zip(rules.subpopulations, rules.frequencies, strict=True):
        own = [member for member in ranks if member in members]
        unscored = [member for member in members if scores[member] is None]
        evolves = round % frequency == 0
        winners = (own or ranks)[:count]
        lowest = max(0, len(own) + len(unscored) - count)
        losers = own[max(len(winners), lowest) :] if evolves else []
        for loser in [*losers, *unscored]:
            winner = winners[min(int(draws.random() * len(winners)), len(winners) - 1)]
            found[loser] = winner, _explored(params[winner], rules, draws)
        if evolves and own:
            _migrate(own[2 * count : 3 * count], own[0], ranks, rules, params, found)
    return found


def ranked(scores: Scores, rules: Rules) -> list[int]:
    """The members that have a score, the best first; of equal ones the lowest number."""
    sign = 1 if rules.minimise else -1
    known = {member: sign * score for member, score in enumerate(scores) if score is not None}
    return sorted(known, key=lambda member: (known[member], member))


def _migrate(
    open_ones: Sequence[int],
    best: int,
    ranks: Sequence[int],
    rules: Rules,
    params: Sequence[Params],
    found: Generation,
) -> None:
    """Replaces the `open_ones` by better ones of other sub-populations, each used once.

    One of a sub-population that evolves less often brings its hyperparameters; one of those that
    evolve more often goes on with those of the `best` member here.
    """
    each = rules.size // len(rules.frequencies)
    here = best // each
    strangers = [member for member in ranks if member // each != here]
    for member in open_ones:
        if strangers and ranks.index(strangers[0]) < ranks.index(member):
            stranger = strangers.pop(0)
            found[member] = stranger, dict(params[stranger if stranger // each > here else best])


def _explored(params: Params, rules: Rules, draws: np.random.Generator) -> Params:
    """Hyperparameters near `params`: each is perturbed, or at times drawn afresh."""
    found = {}
    for name, one in rules.over.items():
        afresh, share = draws.random() < rules.resample, draws.random()
        found[name] = (
            one.drawn(share) if afresh else one.perturbed(params[name], share, rules.factors)
        )
    return found


def _draws(seed: int, round: int) -> np.random.Generator:
    """Random numbers of one round of one run; only `random()` is used, which is the same for all
    versions of NumPy."""
    return np.random.default_rng([seed, round])
