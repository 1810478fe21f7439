"""The part of a study that a figure, a table or an export shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from sweeper.errors import NothingToShow, SweeperError
from sweeper.results import frames
from sweeper.results.axis_choice import ALL
from sweeper.results.captions import OPTIMISTIC
from sweeper.results.data import Data
from sweeper.results.ranking import ranking
from sweeper.results.slices import best_trials
from sweeper.results.slices.conditions import Condition, Mask, chosen, conditions
from sweeper.space.blocks.parts import every_axis
from sweeper.space.space import Space
from sweeper.study.study import Study
from sweeper.text import agreed, counted, ranges


@dataclass(frozen=True)
class Part:
    """Conditions, trials by number, and how many of the best ones of what these leave."""

    conditions: tuple[Condition, ...] = ()
    trials: tuple[int, ...] = ()
    """Those that are asked for; empty for all."""
    top: int | None = None
    pool: str = ALL
    """What a point shows of axes that are not shown, one of `POOLS`."""
    mask: Mask | None = None
    """Which planned runs [runs] conditions and numbers choose; `None` for all."""

    @staticmethod
    def of(study: Study, options: Mapping[str, Any]) -> Part:
        """What the options `where`, `trial`, `top` and `pool` choose of `study`, by its plan alone.

        They are in the form that `figure_options.checked` gives them. `SweeperError` for a name, a
        value or a trial that there is not; `NothingToShow` where no run is left.
        """
        found = conditions(study, options.get("where") or ())
        trials, count = tuple(options.get("trial") or ()), len(study.plan.trials)
        if trials and trials[-1] >= count:
            raise SweeperError(
                f"trial must be of the study's trials (0 to {count - 1}), but got {trials[-1]}"
            )
        mask = chosen(study, found) if found else None
        if trials:
            numbers = np.fromiter((run.trial for run in study.plan.runs), int, len(study.plan.runs))
            own = np.isin(numbers, trials)
            mask = own if mask is None else mask & own
            if not mask.any():
                which = ranges(sorted(set(numbers[chosen(study, found)].tolist())))
                raise NothingToShow(
                    f"no run of {_numbered(trials)} of {study.name} is one {_where(found)}; "
                    f"such runs are those of trials {which}"
                )
        return Part(tuple(found), trials, options.get("top"), options.get("pool", ALL), mask)

    @property
    def said(self) -> str:
        """What the conditions and numbers choose, as captions say it."""
        parts = [_where(self.conditions)] if self.conditions else []
        return ", ".join([*parts, *([_numbered(self.trials)] if self.trials else [])])

    def data(self, data: Data, at: str | None = None) -> Data:
        """This part of `data`, with another point `at` of each curve as its run's value."""
        if self.mask is not None:
            data = data.within(self.mask, self.said, self.trials)
        data = replace(data.rescored(at), choice=replace(data.choice, pool=self.pool))
        if self.top is None:
            return data
        data.check_scored("top")
        order = best_trials.in_order(data)
        if not order:
            raise NothingToShow(
                f"top={self.top} has nothing to show: no configuration of {data.name} is complete"
            )
        best = order[: self.top]
        every = counted(best_trials.known(data), "complete configuration")
        said = f"the best {len(best)} of {every}, {OPTIMISTIC}"
        if len(data.tables.scores) > 1:
            which = f"the {len(order)} of {every} that no other beats in all scores"
            said = (
                f"{which if len(best) == len(order) else f'{len(best)} of {which}'}, {OPTIMISTIC}"
            )
        return data.within(data.runs["trial"].isin(best), said, best)

    def table(self, every: pd.DataFrame, space: Space) -> Mask:
        """Which rows of a study's runs, as `frames.runs` gives them, are of this part."""
        kept = np.ones(len(every), bool) if self.mask is None else self.mask
        if self.top is None:
            return kept
        trials = frames.of_runs(every[kept], space, list(every_axis(space)))
        order = ranking.ranked(space, ranking.complete(space, trials))
        return kept & every["trial"].isin(order["trial"].head(self.top)).to_numpy()


def _where(found: tuple[Condition, ...] | list[Condition]) -> str:
    return f"where {' and '.join(map(str, found))}" if found else ""


def _numbered(trials: tuple[int, ...]) -> str:
    return f"{agreed(len(trials), 'trial', 'trials')} {ranges(trials)}"
