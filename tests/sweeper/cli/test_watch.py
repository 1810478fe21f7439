"""The watcher of a sweep, as plan and ledger change under it."""

from __future__ import annotations

from rich.console import Console

from sweeper.cli.commands import watch
from sweeper.study.study import Study
from tests.helpers.worked_study import work


class Gone:
    """Workers that have done all there is to do."""

    needed = True
    said = ()
    looks = 0

    def alive(self) -> int:
        return 0

    def replace(self) -> None:
        self.looks += 1
        assert self.looks < 20, "it waits for a run that has ended"

    def stop(self) -> None: ...

    def kill(self) -> None: ...


def test_a_run_that_had_ended_before_its_plan_was_known_is_counted(make_study, monkeypatch):
    """Trials are planned and their runs end between the watcher's looks at plan and ledger."""
    monkeypatch.setattr(watch, "POLL_S", 0.01)
    words = ("axes.size={kind: float, low: 0.1, high: 0.3}", "axes.width.values=[1]", "seeds=1")
    started = make_study(*words, "sampler=tpe", "trials=2", "figures=[]")
    late = Study.open(started.folder)
    assert late.plan.due == 2
    work(started)
    real, looks = late.refresh, iter([False])
    monkeypatch.setattr(late, "refresh", lambda: real() if next(looks, True) else [])
    assert watch.watch(late, Gone, Console())
