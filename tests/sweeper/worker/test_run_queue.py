"""The queue of open runs, as plan and ledger change under it."""

from __future__ import annotations

from sweeper.study.study import Study
from sweeper.worker.process.memory import MemoryGauge
from sweeper.worker.run_queue import RunQueue
from tests.helpers.worked_study import work


def test_a_run_that_had_ended_before_its_plan_was_known_is_not_waited_for(make_study):
    """A quick worker plans a trial and ends its runs between another's looks at plan and ledger."""
    words = ("axes.size={kind: float, low: 0.1, high: 0.3}", "axes.width.values=[1]", "seeds=1")
    started = make_study(*words, "sampler=tpe", "trials=2")
    late = Study.open(started.folder)
    assert late.plan.due == 2
    work(started)
    ledger_state = late.ledger_state(reports=False)
    queue = RunQueue(late, ledger_state, "late", MemoryGauge(1), pack="1", device="cpu", workers=1)
    assert not queue.finished
    queue.refresh()
    assert queue.finished and queue.pick() == []
