"""What counts of several attempts at a run, whatever the order in which lines are read."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest

from sweeper.errors import SweeperError
from sweeper.ledger.lines import kinds
from sweeper.ledger.lines.kinds import Json
from sweeper.ledger.state import LedgerState
from sweeper.paths import StudyPaths


def line(kind: str, att: int, seq: int, **fields: Any) -> Json:
    return {"kind": kind, "run": "r", "gen": 0, "att": att, "seq": seq, **fields}


def claim(
    att: int,
    step: int = 0,
    supersedes: int | None = None,
    file: str | None = None,
    worker: str = "a",
) -> Json:
    fields = {"worker": worker, "step": step, "supersedes": supersedes, "file": file}
    return line("claim", att, 0, time=1.0 + att, **fields)


def report(att: int, seq: int, step: int, value: float) -> Json:
    return line("report", att, seq, step=step, metrics={"m": value})


def end(att: int, seq: int, state: str = "complete") -> Json:
    return line("end", att, seq, state=state, step=40, score=0.5, value=5.0, time=9.0)


def state_of(tmp_path: Path, *entries: tuple[str, Json]) -> LedgerState:
    ledger_state = LedgerState(StudyPaths(tmp_path))
    for worker, item in entries:
        ledger_state.add(worker, kinds.of_json(item))
    return ledger_state


FIRST = [
    ("a", claim(0)),
    ("a", line("start", 0, 1, pack=1)),
    ("a", report(0, 2, 10, 1.0)),
    ("a", line("checkpoint", 0, 3, step=20, file="c20")),
    ("a", report(0, 4, 20, 2.0)),
    ("a", report(0, 5, 30, 3.0)),
]
SECOND = [
    ("b", claim(1, step=20, supersedes=4, file="b20", worker="b")),
    ("b", report(1, 1, 30, 30.0)),
    ("b", report(1, 2, 40, 40.0)),
    ("b", end(1, 2)),
]


def test_a_taken_over_run_counts_each_step_once(tmp_path: Path) -> None:
    record = state_of(tmp_path, *FIRST, *SECOND).runs["r"]
    assert record.reports == [
        (10, {"m": 1.0}),
        (20, {"m": 2.0}),
        (30, {"m": 30.0}),
        (40, {"m": 40.0}),
    ]
    assert (record.state, record.attempts, record.worker, record.score) == ("complete", 2, "b", 0.5)


def test_the_order_of_reading_does_not_matter(tmp_path: Path) -> None:
    expected = state_of(tmp_path, *FIRST, *SECOND).runs["r"].reports
    for order in itertools.islice(itertools.permutations(FIRST + SECOND), 0, None, 50_021):
        assert state_of(tmp_path, *order).runs["r"].reports == expected


def test_lines_beyond_the_accepted_sequence_are_void(tmp_path: Path) -> None:
    late = ("a", report(0, 9, 15, 99.0))
    record = state_of(tmp_path, *FIRST, *SECOND, late).runs["r"]
    assert (15, {"m": 99.0}) not in record.reports


def test_a_restart_from_the_beginning_voids_all_reports_before(tmp_path: Path) -> None:
    again = ("c", claim(1, step=0, supersedes=5))
    record = state_of(tmp_path, *FIRST, again, ("c", report(1, 1, 10, 7.0))).runs["r"]
    assert record.reports == [(10, {"m": 7.0})]
    assert record.resume_from is None


def test_states(tmp_path: Path) -> None:
    ledger_state = state_of(tmp_path)
    assert ledger_state.record("r").state == "open"
    ledger_state.add("a", kinds.of_json(claim(0)))
    assert ledger_state.record("r").state == "running"
    ledger_state.add(
        "a", kinds.of_json(line("release", 0, 1, reason="stopped", cap=None, error=None))
    )
    assert ledger_state.record("r").state == "open"
    ledger_state.add("b", kinds.of_json(claim(1)))
    assert ledger_state.record("r").state == "running"
    ledger_state.add("b", kinds.of_json(end(1, 0, "nan")))
    assert ledger_state.record("r").state == "nan"


def test_the_first_end_stands(tmp_path: Path) -> None:
    record = state_of(tmp_path, *FIRST, ("a", end(0, 5)), ("b", end(0, 5, "failed"))).runs["r"]
    assert record.state == "complete"


def test_deaths_count_only_alone_and_without_gain(tmp_path: Path) -> None:
    def attempt(number: int, pack: int, *steps: int) -> list[tuple[str, Json]]:
        found = [("w", claim(number))]
        if pack:
            found.append(("w", line("start", number, 1, pack=pack)))
        return found + [("w", report(number, 2 + i, step, 0.0)) for i, step in enumerate(steps)]

    def deaths(*attempts: tuple[int, ...]) -> int:
        found = []
        for number, (pack, *steps) in enumerate(attempts):
            found += attempt(number, pack, *steps)
        return state_of(tmp_path, *found).runs["r"].deaths

    assert deaths((0,), (0,), (0,)) == 0, "killed while claiming"
    assert deaths((8,), (4,), (2,)) == 0, "killed in company"
    assert deaths((1,), (1,), (1,)) == 3
    assert deaths((1, 10), (1, 20), (1, 30)) == 0, "each got further"
    assert deaths((1, 10), (1, 10), (1, 5)) == 2


def test_a_death_that_was_its_jobs_does_not_count(tmp_path: Path) -> None:
    """Whoever takes the run over knows what the scheduler says, and writes it down."""
    starts = [("w", line("start", number, 1, pack=1)) for number in range(3)]
    claims = [("w", claim(number) | {"excused": number == 1}) for number in range(3)]
    record = state_of(tmp_path, *claims, *starts).runs["r"]
    assert record.deaths == 2, "the first of three was pushed out"


def test_after_a_death_the_pack_is_halved(tmp_path: Path) -> None:
    ledger_state = state_of(tmp_path, ("a", claim(0)), ("a", line("start", 0, 1, pack=8)))
    assert ledger_state.record("r").cap == 4
    ledger_state.add(
        "a", kinds.of_json(line("release", 0, 2, reason="stopped", cap=None, error=None))
    )
    assert ledger_state.record("r").cap is None, "a released run may go back into a full pack"


def test_a_newer_generation_replaces_all(tmp_path: Path) -> None:
    ledger_state = state_of(tmp_path, *FIRST, ("a", end(0, 5)))
    ledger_state.add("b", kinds.of_json({**claim(0), "gen": 1}))
    assert ledger_state.record("r").state == "running"
    ledger_state.add("a", kinds.of_json(report(0, 6, 50, 1.0)))
    assert ledger_state.record("r").reports == []


@pytest.mark.parametrize(("number", "said"), [(99, "newer sweeper"), (0, "of format 0; this")])
def test_a_ledger_of_another_format_is_refused(tmp_path: Path, number: int, said: str) -> None:
    with pytest.raises(SweeperError, match=said):
        state_of(tmp_path, ("a", {"kind": "header", "format": number, "worker": "a"}))


def test_without_reports_only_unended_runs_keep_theirs(tmp_path: Path) -> None:
    ledger_state = LedgerState(StudyPaths(tmp_path), reports=False)
    for worker, item in FIRST:
        ledger_state.add(worker, kinds.of_json(item))
    assert len(ledger_state.record("r").reports) == 3
    ledger_state.add("a", kinds.of_json(end(0, 5)))
    assert ledger_state.record("r").reports == []


def test_a_claim_whose_line_was_lost_costs_no_report_that_counts(tmp_path: Path) -> None:
    """Attempt 1 was killed between its link and its line: attempt 2 supersedes 1, not 0."""
    third = ("c", claim(2, step=20, supersedes=0, file="c20", worker="c"))
    record = state_of(tmp_path, *FIRST, third, ("c", report(2, 1, 30, 30.0))).runs["r"]
    assert [step for step, _ in record.reports] == [10, 20, 30]


def test_a_claim_copied_by_whoever_met_it_is_still_its_owner_s(tmp_path: Path) -> None:
    copied = ("c", claim(1, step=20, supersedes=4, file="b20", worker="b"))
    record = state_of(tmp_path, *FIRST, copied).runs["r"]
    assert record.worker == "b"


def test_a_function_that_goes_on_from_its_own_files_keeps_what_it_reported(tmp_path: Path) -> None:
    again = [("c", claim(1, supersedes=5)), ("c", report(1, 1, 25, 7.0))]
    record = state_of(tmp_path, *FIRST, *again).runs["r"]
    assert record.reports == [(10, {"m": 1.0}), (20, {"m": 2.0}), (25, {"m": 7.0})]


def test_metrics_at_one_step_are_merged_and_the_last_written_counts(tmp_path: Path) -> None:
    ledger_state = state_of(tmp_path, ("a", claim(0)), ("a", report(0, 1, 10, 1.0)))
    ledger_state.add("a", kinds.of_json(line("report", 0, 2, step=10, metrics={"other": 3.0})))
    ledger_state.add("a", kinds.of_json(report(0, 3, 10, 2.0)))
    assert ledger_state.runs["r"].reports == [(10, {"m": 2.0, "other": 3.0})]


def test_lines_of_an_unknown_kind_are_passed_over(tmp_path: Path) -> None:
    assert state_of(tmp_path, ("a", {"kind": "greeting"})).runs == {}


def test_two_judges_at_once_are_heard_alike_in_any_order(tmp_path):
    judged = {"kind": "judged", "trial": 3, "lives": 1, "step": 10, "attributes": {}}
    said = [judged | {"prune": False, "value": 0.5}, judged | {"prune": True, "value": 0.4}]
    heard = []
    for order in (said, said[::-1]):
        ledger_state = LedgerState(StudyPaths(tmp_path))
        for line in order:
            ledger_state.add("w", kinds.of_json(line))
        heard.append(ledger_state.judged)
    assert heard[0] == heard[1] == {3: {10: kinds.of_json(said[1])}}


def test_what_was_said_before_a_run_was_reopened_gives_way(tmp_path):
    judged = {"kind": "judged", "trial": 3, "step": 10, "attributes": {}}
    before = judged | {"lives": 0, "prune": True, "value": 0.5}
    after = judged | {"lives": 1, "prune": False, "value": 0.4}
    for order in ([before, after], [after, before]):
        ledger_state = LedgerState(StudyPaths(tmp_path))
        for line in order:
            ledger_state.add("w", kinds.of_json(line))
        assert ledger_state.judged == {3: {10: kinds.of_json(after)}}
