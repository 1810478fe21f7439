"""Studies that one worker of this process trained to their end, figures and report included."""

from __future__ import annotations

from sweeper.report import publish
from sweeper.study.study import Study
from sweeper.worker.worker import Worker


def work(started: Study) -> Study:
    """Trains all that is open, as a dispatched worker does; returns the study, opened again."""
    again = Study.open(started.folder)
    Worker(again, pack="auto", device="cpu", workers=1, conclude=publish.once).run()
    return Study.open(started.folder)
