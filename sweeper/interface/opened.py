"""A study that was opened to be looked at, as tidy tables and figures."""

from __future__ import annotations

import html
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from sweeper import paths
from sweeper.errors import SweeperError, shown
from sweeper.interface.words import plain
from sweeper.ledger.run_record import UNSCORED
from sweeper.ledger.state import LedgerState
from sweeper.report.status import summarise
from sweeper.report.status_text import summary_lines
from sweeper.report.study_status import StudyStatus
from sweeper.results import failed_runs, frames
from sweeper.results.ranking import ranking
from sweeper.results.slices.part import Part
from sweeper.results.verdicts import verdict_text
from sweeper.results.verdicts.verdicts import verdicts
from sweeper.space import figure_options
from sweeper.study import studies
from sweeper.study.study import Study

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_SHOWN = 5
"""How many of the best trials a notebook shows of a study."""


def open(study: str | PathLike[str], root: str | PathLike[str] = paths.STUDIES) -> OpenStudy:
    """The study in the folder `study`, or the one of that name under `root`, to be looked at.

    Raises `SweeperError` where there is none, with those that there are.
    """
    folder = Path(study)
    there = studies.is_one(folder)
    return OpenStudy(Study.open(folder) if there else studies.find(fspath(study), Path(root)))


class OpenStudy:
    """A study, read only: each look is at its ledger as it is then, also while workers write.

    Nothing of the user's code runs, and nothing is written.
    """

    def __init__(self, study: Study) -> None:
        self._study = study
        self._states: dict[bool, LedgerState] = {}

    @property
    def name(self) -> str:
        """What the study is called: its folder's name."""
        return self._study.name

    @property
    def folder(self) -> Path:
        """The study's folder."""
        return self._study.folder

    @property
    def space(self) -> dict[str, Any]:
        """Its space as plain data, with the keys of a space's file."""
        return self._study.space.dump()

    @property
    def trials(self) -> pd.DataFrame:
        """A row a trial: trial, a column an axis, state, value, low, high, n, nan, failed, pruned,
        missing.

        `value` aggregates the scores of the trial's runs, and `low` and `high` are the ends of its
        95 % interval, which is unknown with few seeds.
        """
        return frames.named(frames.trials(self._study, self._now()), self._study.space)

    @property
    def runs(self) -> pd.DataFrame:
        """A row a run: run, trial, task, seed, a column an axis, state, score, value, step,
        attempts, seconds, worker.

        `score` is normalised with the task's low and high, `value` is in the metric's own unit.
        """
        return frames.named(frames.runs(self._study, self._now()), self._study.space)

    @property
    def reports(self) -> pd.DataFrame:
        """A row a report: run, trial, task, seed, a column an axis, step, a column a metric."""
        return frames.reports(self._study, self._now(reports=True))

    @property
    def failed(self) -> pd.DataFrame:
        """A row a run that ended without a score: run, trial, task, seed, state, step, attempts,
        error.
        """
        records = self._now().runs
        found = [(run, records[run.id]) for run in self._study.plan.runs if run.id in records]
        columns = ["run", "trial", "task", "seed", "state", "step", "attempts", "error"]
        rows = [
            (
                *(run.id, run.trial, run.task, run.seed),
                *(record.state, record.step, record.attempts),
                (record.error or failed_runs.SILENT).strip(),
            )
            for run, record in found
            if record.state in UNSCORED
        ]
        return pd.DataFrame(rows, columns=columns)

    @property
    def status(self) -> StudyStatus:
        """Counts of runs and trials by state, workers, pace, the best trial, errors, damage."""
        self._study.refresh()
        return summarise(self._study)

    @property
    def claims(self) -> pd.DataFrame:
        """A row a claim of its space: name, claim, part, source, status, verdict, level, left,
        right, difference, low, high, p, runs, planned, seeds, seeds_needed, why.
        """
        return verdict_text.frame(verdicts(self._study, self._now(reports=True)))

    def best(self, n: int = 5, *, where: Any = None, trial: Any = None) -> pd.DataFrame:
        """The `n` best complete trials, the best first, as `trials` has them.

        With several scores those that no other beats in all. `where` and `trial` choose a part of
        the study, as for `sweeper best`.
        """
        if not isinstance(n, int) or isinstance(n, bool) or n < 1:
            raise SweeperError(f"n must be a whole number from 1, but got {shown(n)}")
        part = {"where": where, "trial": trial}
        given = {key: plain(value) for key, value in part.items() if value is not None}
        asked = figure_options.options("best", given)
        space, state = self._study.space, self._now()
        table = ranking.trials_of(self._study, state, Part.of(self._study, asked))
        front = ranking.ranked(space, ranking.complete(space, table))
        return frames.named(front.head(n), space).reset_index(drop=True)

    def figure(self, name: str, **options: Any) -> Figure:
        """The figure called `name` with the options of its command: `figure("heatmap", x="lr")`.

        Without options it is as the space's `figures` say. Nothing is written: `savefig` does.
        """
        from sweeper import figures

        self._study.refresh()
        chosen = {key: plain(options[key]) for key in options}
        return figures.picture(self._study, name, chosen).figure

    def __repr__(self) -> str:
        return "\n".join(summary_lines(self.status))

    def _repr_html_(self) -> str:
        """Where the study stands and its best trials, as notebooks show it."""
        first, *lines = (html.escape(line.strip()) for line in summary_lines(self.status))
        best = self.best(_SHOWN)
        table = best.to_html(index=False, border=0, float_format="{:.4g}".format)
        shown = table if len(best) else ""
        return f"<p><b>{first}</b><br>{'<br>'.join(lines)}</p>{shown}"

    def _now(self, *, reports: bool = False) -> LedgerState:
        """The state of its runs as the ledger has it now; what was read before is kept."""
        self._study.refresh()
        known = self._states.get(reports)
        if known is None:
            known = self._states[reports] = self._study.ledger_state(reports=reports)
        else:
            known.refresh()
        return known
