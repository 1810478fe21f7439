"""Every way to start workers ends with the same table of runs, bit by bit."""

from __future__ import annotations

from pathlib import Path

import pytest

from sweeper import lookup
from sweeper.results import frames
from sweeper.study.study import Study
from sweeper.worker.worker import Worker
from tests.helpers.command import call

MAY_DIFFER = ["attempts", "seconds", "worker"]
NEEDS = {"slurm": "cluster"}
"""Fixtures without which a test of a dispatch is skipped."""
STAYS = {"slurm": ["watch=true"]}
"""Words that let `sweeper run` stay to the end."""


@pytest.mark.all_formats
@pytest.mark.parametrize("dispatch", lookup.names("sweeper.dispatch"))
def test_the_table_does_not_depend_on_how_workers_are_started(
    dispatch,
    make_study,
    space_file: Path,
    tmp_path: Path,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if dispatch in NEEDS:
        request.getfixturevalue(NEEDS[dispatch])
    direct = make_study(name="direct")
    Worker(direct, pack="1", device="cpu", workers=1).run()
    monkeypatch.chdir(tmp_path)
    words = ["name=started", f"dispatch={dispatch}", "workers=1", *STAYS.get(dispatch, [])]
    assert call("run", space_file.name, *words) == 0
    told = capsys.readouterr().out
    assert "12 runs: 12 complete" in told
    assert "heatmap.pdf" in told
    started = Study.open(tmp_path / "studies" / "started")
    expected, found = (
        frames.runs(study, study.ledger_state()).drop(columns=MAY_DIFFER)
        for study in (direct, started)
    )
    assert found.equals(expected)
    assert frames.reports(started, started.ledger_state()).equals(
        frames.reports(direct, direct.ledger_state())
    )
