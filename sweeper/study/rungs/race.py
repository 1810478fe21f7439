"""The race for seeds: what the trials of a rung have scored, and who goes on."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from sweeper.ledger.run_record import SCORED
from sweeper.ledger.state import LedgerState
from sweeper.planning.plan import Plan
from sweeper.score import Array
from sweeper.stats import LEVEL
from sweeper.stats.choosing import race
from sweeper.study.rungs.decisions import Decision


def waiting(plan: Plan, ledger_state: LedgerState) -> list[int]:
    """The trials that wait for a decision on further seeds: all their runs count.

    Of a trial of which a run failed nothing is decided, unless that is run again and counts.
    """
    return [trial for trial in plan.rising if _counts(plan, ledger_state, trial)]


def decide(plan: Plan, ledger_state: LedgerState, trials: Sequence[int]) -> Decision:
    """The decision on those of `trials` that have the fewest seeds, which all have ended.

    They are compared with all trials that have as many seeds, by the means of these. A run that
    diverged counts as the worst of all that did not. Where the score has constraints, the best is
    one of the trials that keep them, and trials that surely break one end, too.
    """
    space = plan.space
    seeds = min(map(plan.seeds_of, trials))
    judged = [trial for trial in trials if plan.seeds_of(trial) == seeds]
    others = [t for t in range(len(plan.trials)) if _counts(plan, ledger_state, t, seeds)]
    values, excess = _values(plan, ledger_state, others, seeds)
    kept = (excess.mean(axis=2) <= 0).all(axis=0)
    best, found = race.behind(values if space.direction == "maximize" else -values, kept)
    looks = (len(space.rungs) - 1) * (1 + len(excess))
    surely = np.min([found, *map(race.beyond, excess)], axis=0)
    ended = {
        trial: float(p)
        for trial, p in zip(others, surely, strict=True)
        if trial in judged and p < (1 - LEVEL) / looks
    }
    to = next(after for before, after in pairwise(space.rungs) if after > seeds)
    going_on = [trial for trial in judged if trial not in ended]
    return Decision(seeds, others[best], going_on, to, ended)


def _counts(plan: Plan, ledger_state: LedgerState, trial: int, seeds: int | None = None) -> bool:
    """Whether all runs of a trial count, or those under its first `seeds`, which it must have."""
    if seeds is not None and plan.seeds_of(trial) < seeds:
        return False
    wanted = plan.space.seeds[:seeds]
    records = (ledger_state.runs.get(run.id) for run in plan.runs_of(trial) if run.seed in wanted)
    return all(record is not None and record.state in SCORED for record in records)


def _values(
    plan: Plan, ledger_state: LedgerState, trials: Sequence[int], seeds: int
) -> tuple[Array, Array]:
    """The means over tasks of normalised scores, [trials × seeds], and of by how much metrics break
    their bounds, [bounds × trials × seeds], infinite where a run diverged."""
    space = plan.space
    tasks = {task: place for place, task in enumerate(space.tasks)}
    places = {seed: place for place, seed in enumerate(space.seeds[:seeds])}
    scores = np.full((len(trials), seeds, len(tasks)), np.nan)
    excess = np.full((len(space.score.bounds), *scores.shape), np.inf)
    for row, trial in enumerate(trials):
        for run in plan.runs_of(trial):
            record = ledger_state.runs[run.id]
            if run.seed in places and record.state != "nan" and record.score is not None:
                at = row, places[run.seed], tasks[run.task]
                scores[at] = record.score
                bounded = (record.end.also if record.end else None) or ()
                pairs = zip(excess, space.score.bounds, bounded, strict=False)
                for own, bound, value in pairs:
                    own[at] = bound.excess(value)
    pick = np.nanmin if space.direction == "maximize" else np.nanmax
    worst = float(pick(scores)) if np.isfinite(scores).any() else 0.0
    found: Array = np.where(np.isfinite(scores), scores, worst).mean(axis=2)
    return found, excess.mean(axis=3)
