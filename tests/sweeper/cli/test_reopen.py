"""The next generation of runs that have ended."""

from __future__ import annotations

import subprocess
import sys

import pytest

from sweeper.cli.commands import retry
from sweeper.errors import SweeperError
from sweeper.report import publish
from sweeper.results import failed_runs, frames
from sweeper.results.ranking import ranking
from sweeper.worker.ledger_protocol import LedgerProtocol
from tests.helpers.worked_study import work


def states(found):
    ledger_state = found.ledger_state()
    return [ledger_state.runs[run.id].state for run in found.plan.runs]


@pytest.fixture
def failing(make_study):
    """Of 2 sizes x 3 seeds, the runs of seed 1 raise; of seed 2 some diverge."""
    return work(
        make_study(
            "axes.width={kind: choice, values: [1]}",
            "fixed.raise_at=15",
            "fixed.bad_seed=1",
            "limits.failures=2",
        )
    )


def test_failed_runs_are_tried_again_and_fail_again(failing):
    assert states(failing).count("failed") == 2
    opened = retry.retry(failing)
    assert len(opened) == 2 and states(failing).count("open") == 2
    assert retry.retry(failing) == []
    again = work(failing)
    assert states(again).count("failed") == 2
    record = again.ledger_state().runs[opened[0]]
    assert record.generation == 1 and record.failures == 2


def test_only_the_newest_generation_counts(make_study):
    done = work(make_study())
    before = frames.runs(done, done.ledger_state())
    run = done.plan.runs[4].id
    assert retry.rerun(done, run[:12]) == [run]
    assert not done.ended and publish.due(done, done.ledger_state())
    again = work(done)
    ledger_state = again.ledger_state()
    assert again.ended and ledger_state.runs[run].generation == 1
    columns = ["run", "state", "score", "step"]
    assert frames.runs(again, ledger_state)[columns].equals(before[columns])
    assert not publish.due(again, ledger_state)


def test_a_retry_that_died_before_it_could_write_is_finished_by_the_next(failing):
    dying = (
        "import os, sys; from pathlib import Path; from sweeper.cli.commands import retry;"
        "from sweeper.ledger.writer import Writer; from sweeper.study.study import Study;"
        "write = Writer.write;"
        "Writer.write = lambda self, lines, **_: os._exit(9) if lines else write(self, lines);"
        "retry.retry(Study.open(Path(sys.argv[1])))"
    )
    assert subprocess.call([sys.executable, "-c", dying, str(failing.folder)]) == 9
    assert states(failing).count("failed") == 2
    retry.retry(failing)
    assert states(failing).count("failed") == 0
    assert work(failing).ended


def test_states_that_cannot_be_retried(failing):
    for state in ("complete", "pruned", "open", "lsot"):
        with pytest.raises(SweeperError, match=f"state= must be one of .*, but got '{state}'"):
            retry.retry(failing, [state])


def test_diverged_runs_are_retried_when_asked(make_study):
    done = work(make_study("fixed.nan_at=12", "fixed.bad_seed=2"))
    assert states(done).count("nan") == 4
    assert retry.retry(done) == []
    assert len(retry.retry(done, ["nan"])) == 4


def test_runs_that_cannot_be_rerun(make_study):
    started = make_study()
    run = started.plan.runs[0].id
    with pytest.raises(SweeperError, match=f"the run {run} is open: it has not ended"):
        retry.rerun(started, run)
    with pytest.raises(
        SweeperError, match=r"there is no run 'xyz': `sweeper runs study=hops .*` lists them$"
    ):
        retry.rerun(started, "xyz")
    with pytest.raises(SweeperError, match="12 runs begin with ''"):
        retry.rerun(started, "")


def test_a_run_that_completed_before_its_trial_was_pruned_keeps_its_score(make_study):
    done = work(make_study())
    done.paths.pruned(0).write_text("somebody")
    run = done.plan.runs[0].id
    with pytest.raises(SweeperError, match=f"the run {run} is complete: its trial was pruned"):
        retry.rerun(done, run)


def test_two_at_once_open_one_generation(failing, monkeypatch):
    place = LedgerProtocol.reopen

    def late(self, records):
        monkeypatch.setattr(LedgerProtocol, "reopen", place)
        assert len(retry.retry(failing)) == 2
        return self.reopen(records)

    monkeypatch.setattr(LedgerProtocol, "reopen", late)
    assert retry.retry(failing) == []
    assert {failing.ledger_state().runs[run.id].generation for run in failing.plan.runs} == {0, 1}


def test_what_failed_is_listed_with_its_traceback(failing):
    short = list(failed_runs.failed(failing, trace=False))
    assert len(short) == 4 and short[1] == "    RuntimeError: hopped off at step 15"
    assert "failed at step 10 after 4 attempts: line, seed 1, trial 0: width=1" in short[0]
    long = "\n".join(failed_runs.failed(failing, trace=True))
    assert long.count("Traceback (most recent call last)") == 2 and "in _hop" in long


def test_the_best_are_listed(make_study):
    done = work(make_study("seeds=5"))
    lines = list(ranking.best(done, 2))
    assert lines[0] == "hops: 4 complete trials; iqm of the normalised value"
    table = frames.trials(done, done.ledger_state())
    top = table.sort_values("value", ascending=False).iloc[0]
    assert f"trial {top['trial']}:" in lines[1] and f"{top['value']:.4g} (" in lines[1]
    assert len(lines) == 3
