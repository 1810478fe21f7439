"""The pace of the last minutes, and the time that is left, by a clock that is handed in."""

from __future__ import annotations

import os
from types import SimpleNamespace

import pytest

from sweeper.cli.commands import retry
from sweeper.ledger.run_record import RunRecord
from sweeper.ledger.snapshots import compaction
from sweeper.paths import StudyPaths
from sweeper.report.progress.recent_work import MOST, Pace, RecentWork
from sweeper.report.progress.work_left import WorkLeft, rate, reached
from sweeper.report.status import summarise
from sweeper.report.status_text import summary_lines
from sweeper.worker.worker import Worker
from tests.helpers.worker_parts import WorkerParts, dead

NOW = 1e6


def record(run, began, step, ended=None, resumed=0, worker="w", state="running"):
    """A run whose newest attempt began then, from step `resumed` on."""
    attempt = SimpleNamespace(began=began, resumed=resumed, step=step, worker=worker)
    end = None if ended is None else SimpleNamespace(state="complete", step=step)
    return SimpleNamespace(
        run=run, tries={0: attempt}, last=0, step=step, end=end, ended=ended, state=state,
        worker=worker, resume_from=None,
    )  # fmt: skip


@pytest.fixture
def work(tmp_path):
    """The work of some records, runs of 1,000 steps, by a worker that wrote at `NOW`."""
    paths = StudyPaths(tmp_path)
    paths.ledger.mkdir()

    def made(*records, wrote=NOW):
        file = paths.ledger / "w.0.jsonl"
        file.touch()
        os.utime(file, (wrote, wrote))
        found = RecentWork(paths, 1000)
        for one in records:
            found.note(one, NOW)
        return found

    return made


def test_what_ended_lately_tells_the_pace(work):
    """Two runs, one after the other, 100 s each."""
    pace = work(record("a", NOW - 200, 1000, NOW - 100), record("b", NOW - 100, 1000, NOW)).pace(
        NOW
    )
    assert pace == pytest.approx(Pace(10.0, 36.0))


def test_workers_beside_each_other_add_up(work):
    records = [record(str(k), NOW - 100, 1000, NOW) for k in range(4)]
    assert work(*records).pace(NOW) == pytest.approx(Pace(40.0, 144.0))


def test_of_long_runs_what_they_did_so_far_tells_it(work):
    """It resumed at 5,000; it wrote last 50 s ago: of what it did since nobody knows."""
    going = record("a", NOW - 150, 6000, resumed=5000)
    assert work(going, wrote=NOW - 50).pace(NOW) == pytest.approx(Pace(10.0, 36.0))


def test_what_was_long_ago_does_not_count(work):
    """Slow hours before, quick minutes now."""
    slow = record("a", NOW - 9000, 90, NOW - 400)
    quick = record("b", NOW - 100, 1000, NOW)
    assert work(slow, quick).pace(NOW).steps_per_s == pytest.approx(10.0)
    going = record("c", NOW - 3000, 30_000)
    assert work(going).pace(NOW).steps_per_s == pytest.approx(10.0), "as fast as ever"


def test_pauses_do_not_count(work):
    before = record("a", NOW - 290, 500, NOW - 240)
    after = record("b", NOW - 50, 500, NOW)
    assert work(before, after).pace(NOW).steps_per_s == pytest.approx(10.0)


def test_between_short_runs_nobody_pauses(work):
    """What it takes to claim one is part of the work: 20 runs, half the time between them."""
    records = [record(str(k), NOW - 20 + k, 5, NOW - 19.5 + k) for k in range(20)]
    pace = work(*records).pace(NOW)
    assert pace.steps_per_s == pytest.approx(5.0, rel=0.05)
    assert pace.runs_per_h == pytest.approx(3600, rel=0.05)


def test_where_nobody_works_there_is_no_pace(work):
    assert work().pace(NOW) is None
    assert work(record("a", NOW - 200, 1000, NOW - 100)).pace(NOW) is None
    held = work(record("a", NOW - 200, 1000, worker="gone"))
    assert held.pace(NOW, {"gone"}) is None
    assert held.pace(NOW) is not None


def test_of_very_many_short_runs_the_last_tell_it(work):
    """More than are kept, a thousand a second."""
    records = [
        record(str(k), NOW - 10 + k / 1e3, 5, NOW - 10 + (k + 1) / 1e3) for k in range(10_000)
    ]
    found = work(*records)
    assert len(found._ended) == MOST
    assert found.pace(NOW) == pytest.approx(Pace(5000.0, 3.6e6), rel=0.01)


def test_the_time_that_is_left_is_that_of_the_steps_that_are_left():
    left = WorkLeft(3, 6000)
    assert left.line() == "3 runs and 6,000 steps to do"
    going = left.at(Pace(10.0, 36.0))
    assert (
        going.line()
        == "3 runs and 6,000 steps to do, 10 steps/s, 36 runs/h, about 10 min 00 s left"
    )
    assert left.at(Pace(10.0, 36.0), share=0.5).eta_s == 300
    assert left.at(None) == left.at(Pace(0.0, 0.0)) == left
    assert WorkLeft(0, 0).at(Pace(10.0, 36.0)).line() == "nothing to do"


@pytest.mark.parametrize(
    ("number", "said"), [(12345.6, "12,300"), (45.67, "45.7"), (0.789, "0.789"), (0.0123, "0.0123")]
)
def test_rates_have_three_digits(number, said):
    assert rate(number) == said


def test_a_run_goes_on_from_what_is_not_lost():
    assert reached(RunRecord("r")) == 0
    assert reached(record("a", NOW, 700)) == 700
    assert reached(record("a", NOW, 700, state="open")) == 0
    saved = record("a", NOW, 700, state="open")
    saved.resume_from = SimpleNamespace(step=600)
    assert reached(saved) == 600
    assert reached(record("a", NOW, 700), "open") == 0, "its worker died"
    assert reached(record("a", NOW, 700, ended=NOW)) == 700


def test_status_tells_what_is_left_of_a_study_that_is_half_done(make_study):
    """Four of twelve runs are done, and one was given up at its tenth of 40 steps."""
    study = make_study()
    assert "  12 runs and 480 steps to do" in summary_lines(summarise(study))
    done = make_study("seeds=1", name="done")
    Worker(done, pack="2", device="cpu", workers=1).run()
    assert summarise(done).progress == WorkLeft(0, 0)
    first = WorkerParts(study)
    (hold,) = first.claim()
    pack = study.trainable.start([hold.run], [None], "cpu")
    first.attempts.report([(hold, (10, {"value": 0.5}))], sync=True)
    going = summarise(study).progress
    assert (going.runs_left, going.steps_left, going.running_at) == (12, 470, (10, 10))
    assert going.last_values == (0.5, 0.5)
    line = "  running at step 10, last value 0.5: `sweeper runs state=running` lists them"
    assert line in summary_lines(summarise(study))
    first.attempts.release([hold], "stopped")
    assert (summarise(study).progress.steps_left) == 480, "nothing of it was saved"
    assert pack.step == 0


def test_nothing_is_to_come_of_the_dead(make_study):
    study = make_study()
    gone = WorkerParts(study, dead())
    (hold,) = gone.claim()
    gone.attempts.report([(hold, (10, {"value": 0.5}))], sync=True)
    left = summarise(study).progress
    assert (left.running_at, left.eta_s, left.steps_left) == (None, None, 480)


def test_a_snapshot_changes_nothing_of_it(make_study):
    study = make_study("seeds=2")
    Worker(study, pack="2", device="cpu", workers=1).run()
    retry.rerun(study, study.plan.runs[3].id)
    before = summarise(study).progress
    assert compaction.write(study.paths) is not None
    assert summarise(study).progress == before
    assert (before.runs_left, before.steps_left) == (1, 40)
