"""The runs that an analysis is of: a study whose weights were kept, looked at run by run."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from sweeper.errors import SweeperError
from sweeper.files import arrays
from sweeper.ledger.run_record import UNENDED, Point
from sweeper.ledger.state import LedgerState
from sweeper.lookup import find
from sweeper.planning.plan import Run
from sweeper.space.space import Space
from sweeper.text import agreed, counted
from sweeper.trainable.analysing.analysis import KeptRun
from sweeper.trainable.contract import RunSpec
from sweeper.trainable.frozen import text_of

if TYPE_CHECKING:
    from sweeper.study.study import Study

_KINDS = {
    "best": "of each run's best evaluation",
    "final": "of each run's end",
    "state": "and all else of each run's end",
}

NO_STATE = (
    "only weights are kept of its source run: checkpoint.keep: state of its space keeps the whole "
    "state of runs that end from then on (sweeper rerun trains a run once more)"
)
"""Why a run whose weights are kept cannot be analysed where the whole state is needed."""


class KeptRuns:
    """Finds the weights of the study in `folder`; it need not be there any more.

    With `state` it finds whole states, which are there where the study kept them.
    """

    def __init__(self, folder: Path, *, state: bool = False) -> None:
        self._folder, self._needs_state = folder, state
        self._state: LedgerState | None = None

    @property
    def name(self) -> str:
        """What the study is called."""
        return self._folder.name

    @property
    def study(self) -> Study | None:
        """The study; `None` where it is gone or damaged."""
        return None if isinstance(self._opened, str) else self._opened

    @cached_property
    def _opened(self) -> Study | str:
        """The study, or why there is none, in words."""
        from sweeper.study.study import Study

        if not (self._folder / "plans" / "0").is_file():
            return f"the study {self._folder.name} is gone"
        try:
            return Study.open(self._folder)
        except SweeperError as error:
            return f"the study {self._folder.name} cannot be read: {str(error).splitlines()[0]}"

    @property
    def weights(self) -> str:
        """Which weights are kept, in words."""
        keep = self.study.space.checkpoint.keep if self.study is not None else "none"
        return f"weights {_KINDS.get(keep, 'that were kept')} (checkpoint.keep: {keep})"

    @property
    def facts(self) -> dict[str, str]:
        """What a study that is of these runs records of them."""
        found = {"study": self._folder.name, "weights": self.weights}
        code = self.study.versions[0].origin.code if self.study is not None else {}
        return found | ({"trained with": f"sweeper {code['sweeper']}"} if "sweeper" in code else {})

    def run_of(self, run: RunSpec) -> Run | None:
        """The run that `run` is an analysis of; `None` where there is none any more."""
        if self.study is None:
            return None
        self._take_in_growth()
        params = {name: run.params[name] for name in self._names if name in run.params}
        return self._runs.get((text_of(params), run.task, run.seed))

    def find(self, run: RunSpec) -> KeptRun | str:
        """The run that `run` is an analysis of and its weights, or why there are none."""
        source = self.run_of(run)
        why = self.lack(run)
        if why or source is None or self.study is None:
            return why
        try:
            weights, state = arrays.read_kept(self._file(source), state=self._needs_state)
        except ValueError:
            return "the weights of its source run are damaged: sweeper rerun trains it once more"
        record = self._ledger_state(source).runs[source.id]
        step, _ = kept_at(self.study.space, record.reports)
        score = float(record.score or 0.0)
        return KeptRun(self.study.completed(source), weights, step, score, state)

    def lack(self, run: RunSpec) -> str:
        """Why `run` has nothing to analyse, in words; empty where its weights are there."""
        if isinstance(self._opened, str):
            return self._opened
        source = self.run_of(run)
        if source is None:
            return f"{self.name} has no such run any more"
        record = self._ledger_state(source).runs.get(source.id)
        state = "open" if record is None else record.state
        if state in UNENDED:
            return "its source run has not ended yet"
        if state != "complete":
            return f"its source run ended as {state}"
        if not self._file(source).is_file():
            return "no weights are kept of its source run"
        return NO_STATE if self._needs_state and not arrays.has_state(self._file(source)) else ""

    def _file(self, source: Run) -> Path:
        return self._folder / "weights" / f"{source.id}.npz"

    def _ledger_state(self, source: Run) -> LedgerState:
        """The state of the source's runs: read anew while that of `source` has not ended."""
        if self._state is None:
            self._state = LedgerState(self.study.paths)  # type: ignore[union-attr]
            self._state.refresh()
        record = self._state.runs.get(source.id)
        if record is None or record.end is None:
            self._state.refresh()
        return self._state

    def _take_in_growth(self) -> None:
        """What was planned since: a source may have been extended."""
        if self.study is not None and self.study.refresh():
            self.__dict__.pop("_runs", None)
            self.__dict__.pop("_names", None)

    @cached_property
    def _names(self) -> Collection[str]:
        """The parameters that any run of the study has: not every run has all of them."""
        runs = self.study.plan.runs if self.study is not None else ()
        each = {id(run.params): run.params for run in runs}.values()
        return {name for params in each for name in params}

    @cached_property
    def _runs(self) -> dict[tuple[str, str, int], Run]:
        texts: dict[int, str] = {}
        found = {}
        for run in self.study.plan.runs if self.study is not None else ():
            text = texts.get(id(run.params)) or text_of(run.params)
            texts[id(run.params)] = text
            found[text, run.task, run.seed] = run
        return found


def folder_of(of: str, root: Path) -> Path:
    """The folder of the study that an analysis names: under `root`, or a path with a slash."""
    return Path(of) if os.sep in of else root / of


def sources_of(space: Space, folder: Path) -> KeptRuns | None:
    """The runs that an analysis in `folder` is of; `None` for any other study."""
    if space.of is None:
        return None
    state = getattr(find("agents.analyses", str(space.analysis)), "needs_state", False)
    return KeptRuns(folder_of(space.of, folder.parent), state=state)


def lines(sources: KeptRuns | None, runs: Sequence[Run]) -> Iterator[str]:
    """How many `runs` of an analysis have weights to analyse, and why others have none."""
    if sources is None:
        return
    lacks = Counter(map(sources.lack, runs))
    ready = lacks.pop("", 0)
    whole, have = counted(len(runs), "run"), agreed(ready, "has", "have")
    yield f"of {sources.name}: {ready} of {whole} {have} {sources.weights}"
    for why, count in lacks.most_common():
        yield f"  not analysed: {counted(count, 'run')}: {why}"


def check(study: Study) -> None:
    """`SweeperError` where no run of an analysis has weights to analyse."""
    sources = study.sources
    if sources is None or not study.plan.runs:
        return
    lacks = Counter(map(sources.lack, study.plan.runs))
    if not lacks[""]:
        why = "; ".join(f"{counted(n, 'run')}: {words}" for words, n in lacks.most_common())
        raise SweeperError(
            f"{study.name} has nothing to analyse: no run of {sources.name} has weights ({why})"
        )


def ready_again(study: Study) -> list[Run]:
    """Runs of an analysis that had nothing to analyse when they ended, and have now."""
    sources = study.sources
    if sources is None:
        return []
    records = study.ledger_state(reports=False).runs
    failed = (run for run in study.plan.runs if run.id in records)
    return [run for run in failed if records[run.id].state == "failed" and not sources.lack(run)]


def any_weights(study: Study, *, state: bool = False) -> bool:
    """Whether weights of some run are kept, or its whole `state`, whatever its space says now."""
    kept = study.paths.weights.glob("[!.]*.npz")
    return any(not state or arrays.has_state(file) for file in kept)


def kept_at(space: Space, reports: Sequence[Point]) -> tuple[int, float | None]:
    """The step at which weights were kept, and the return that was reported there, if any."""
    last = reports[-1][0] if reports else space.steps
    step = last
    if space.checkpoint.keep == "best":
        sign = 1 if space.direction == "maximize" else -1
        found = [(sign * m[space.score.metric], -s) for s, m in reports if space.score.metric in m]
        step = -max(found)[1] if found else last
    return step, dict(reports).get(step, {}).get("return")
