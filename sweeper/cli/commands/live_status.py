"""`sweeper status watch=true`: the status of a study, shown anew every few seconds."""

from __future__ import annotations

import time

from rich.console import Console
from rich.live import Live

from sweeper.report.status import summarise
from sweeper.report.status_text import summary_lines
from sweeper.study.study import Study

_SHARE = 10
"""What takes long is done seldom: it takes at most a tenth of the time."""


def show(study: Study, *, every_s: float = 3.0) -> None:
    """Shows the study's status until all its runs have ended, or Ctrl-C."""
    console = Console(highlight=False, markup=False)
    with Live(console=console, auto_refresh=False, vertical_overflow="visible") as live:
        while True:
            begin = time.monotonic()
            study.refresh()
            summary = summarise(study)
            live.update("\n".join(summary_lines(summary)), refresh=True)
            if summary.unended == 0:
                return
            time.sleep(max(every_s, _SHARE * (time.monotonic() - begin)))
