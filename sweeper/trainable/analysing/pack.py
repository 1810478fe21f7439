"""A pack of analyses: what has weights is analysed, and what has none ends at once, with why."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from sweeper.trainable.analysing.analysis import SCORE, STEP, KeptRun
from sweeper.trainable.contract import Pack, Report, State


@dataclass(frozen=True)
class AnalysisReport:
    """Satisfies `sweeper.trainable.contract.Report`."""

    member: int
    step: int
    metrics: dict[str, float] = field(default_factory=dict)
    done: bool = False
    diverged: bool = False


class AnalysisPack:
    """Members of `pack`, by their places `kept` among all, whose weights were `found`.

    Every report of theirs also tells the score of the source run, and whence its weights are.
    """

    def __init__(
        self, pack: Pack | None, kept: Sequence[int], found: Sequence[KeptRun | str]
    ) -> None:
        self._pack, self._kept, self._found = pack, list(kept), found
        self._without = [n for n, one in enumerate(found) if isinstance(one, str)]

    @property
    def step(self) -> int:
        """Steps of the analysis that every member has done."""
        return 0 if self._pack is None else self._pack.step

    @property
    def progress(self) -> int:
        """A number that grows while the analysis goes on."""
        return 0 if self._pack is None else self._pack.progress

    def advance(self) -> Sequence[Report]:
        """Goes on for about half a second; members without weights end the first time."""
        if self._without:
            without, self._without = self._without, []
            return [AnalysisReport(member, 0, done=True) for member in without]
        return [] if self._pack is None else [*map(self._told, self._pack.advance())]

    def save(self, member: int) -> State | None:
        """The exact state of a member; `None` of one without weights."""
        if self._pack is None or member not in self._kept:
            return None
        return self._pack.save(self._kept.index(member))

    def weights(self, member: int) -> State:
        """The arrays that stay of a member, as of its last report; none of one without weights."""
        if self._pack is None or member not in self._kept:
            return {}
        found: State = self._pack.weights(self._kept.index(member))  # type: ignore[attr-defined]
        return found

    def drop(self, members: Iterable[int]) -> None:
        """Removes members; the others go on as they would have with them."""
        gone = [self._kept.index(member) for member in members if member in self._kept]
        if self._pack is not None and gone:
            self._pack.drop(gone)

    def left_out(self, member: int) -> str:
        """Why a member has not been analysed; empty where it was."""
        found = self._found[member]
        return found if isinstance(found, str) else ""

    def _told(self, report: Report) -> AnalysisReport:
        member = self._kept[report.member]
        found, metrics = self._found[member], dict(report.metrics)
        if isinstance(found, KeptRun) and not report.diverged:
            metrics |= {SCORE: found.score, STEP: float(found.step)}
        return AnalysisReport(member, report.step, metrics, report.done, report.diverged)
