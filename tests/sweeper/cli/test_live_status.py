"""`sweeper status watch=true` shows the study until all its runs have ended."""

from __future__ import annotations

import threading

from sweeper.cli.commands import live_status
from sweeper.worker.worker import Worker


def test_it_ends_with_the_study(make_study, capsys) -> None:
    study = make_study()
    worker = threading.Thread(target=Worker(study, pack="4", device="cpu", workers=1).run)
    worker.start()
    live_status.show(type(study).open(study.folder), every_s=0.1)
    worker.join()
    assert "hops: 12 runs: 12 complete" in capsys.readouterr().out
