"""Functions of the user's own, run by a real worker."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import pytest

from sweeper.ledger.writer import Writer
from sweeper.study.study import Study
from sweeper.worker.worker import Worker
from tests.helpers.command import call

Sweep = Callable[..., Study]


def states(made: Study) -> set[str]:
    return {record.state for record in made.ledger_state().runs.values()}


def test_reports_and_the_returned_number_are_recorded(sweep: Sweep) -> None:
    made = sweep(
        "    for step in (1, 2):\n"
        "        run.report(step, loss=1 / step)\n"
        "    return helper.SCALE * config['x'] + run.seed\n"
    )
    for planned in made.plan.runs:
        record = made.ledger_state().runs[planned.id]
        assert record.state == "complete"
        assert record.value == 2.0 * planned.params["x"] + planned.seed
        assert record.reports == [(1, {"loss": 1.0}), (2, {"loss": 0.5, "value": record.value})]
        assert record.score == record.value / 10


def test_another_metric_than_the_returned_number_can_be_the_score(sweep: Sweep) -> None:
    made = sweep("    run.report(1, loss=4.0)\n    return 1.0\n", "score.metric=loss")
    assert {record.value for record in made.ledger_state().runs.values()} == {4.0}


def test_a_metric_that_never_came_fails_the_run_and_says_which_came(sweep: Sweep) -> None:
    made = sweep("    return 1.0\n", "score.metric=los")
    (record, *_) = made.ledger_state().runs.values()
    assert record.state == "failed"
    assert record.end is not None
    assert "'los' was never reported, only value" in str(record.end.error)


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ("    raise KeyError('oops')\n", "oops"),
        ("    return 'high'\n", "train must return a number, but returned 'high'"),
        ("    return None\n", "train must return a number, but returned None"),
        ("    raise SystemExit(3)\n", "SystemExit"),
    ],
)
def test_what_a_function_raises_fails_its_run_with_the_traceback(
    sweep: Sweep, capfd: pytest.CaptureFixture[str], body: str, word: str
) -> None:
    made = sweep(body)
    assert states(made) == {"failed"}
    for record in made.ledger_state().runs.values():
        assert record.error is not None
        assert word in record.error
        assert record.failures == 2
    capfd.readouterr()


@pytest.mark.parametrize("body", ["    run.report(1, value=float('nan'))\n", ""])
def test_nan_ends_a_run_as_diverged(sweep: Sweep, body: str) -> None:
    made = sweep(body + "    return float('inf')\n")
    assert states(made) == {"nan"}
    assert {record.value for record in made.ledger_state().runs.values()} == {None}


def test_the_folder_is_kept_across_attempts_and_resumed_says_so(
    sweep: Sweep, capfd: pytest.CaptureFixture[str]
) -> None:
    made = sweep(
        "    mark = run.folder / 'mark'\n"
        "    assert run.resumed == mark.exists()\n"
        "    if not run.resumed:\n"
        "        mark.write_text('x')\n"
        "        raise RuntimeError('first time')\n"
        "    return 1.0\n"
    )
    assert states(made) == {"complete"}
    assert {record.attempts for record in made.ledger_state().runs.values()} == {2}
    capfd.readouterr()


def test_a_new_generation_begins_with_a_new_folder(sweep: Sweep) -> None:
    made = sweep(
        "    with (run.folder / 'marks').open('a') as file:\n"
        "        file.write('x')\n"
        "    if (run.folder / 'marks').read_text() == 'x' and run.seed:\n"
        "        raise RuntimeError('once')\n"
        "    return float(len((run.folder / 'marks').read_text()))\n"
    )
    assert {record.value for record in made.ledger_state().runs.values()} == {1.0, 2.0}
    again = Writer(made.paths.ledger, "again", {})
    for run in made.plan.runs:
        head = {"run": run.id, "gen": 1, "att": 0}
        claim = {"worker": "again", "supersedes": None, "step": 0, "file": None, "time": 0.0}
        again.write([{"kind": "claim", **head, "seq": 0, **claim}])
        again.write([{"kind": "release", **head, "seq": 1, "reason": "stopped", "cap": None}])
    again.close()
    Worker(made, pack="1", device="cpu", workers=1).run()
    records = made.ledger_state().runs.values()
    assert {(record.generation, record.value) for record in records} == {(1, 1.0), (1, 2.0)}
    for run in made.plan.runs:
        marks = "xx" if run.seed else "x"
        assert (made.paths.runs / run.id / "marks").read_text() == marks
        assert (made.paths.runs / f"{run.id}.0" / "marks").read_text() == marks


def test_the_returned_number_is_put_at_the_end_where_nothing_was_reported(sweep: Sweep) -> None:
    made = sweep("    return 4.0\n")
    for record in made.ledger_state().runs.values():
        assert record.reports == [(3, {"value": 4.0})]
        assert record.value == 4.0


@pytest.mark.parametrize(
    ("call", "error"),
    [
        ("-1, loss=1.0", "ValueError: step must be at least 0, but got -1"),
        ("1.5, loss=1.0", "TypeError: step must be an integer, but got 1.5"),
        ("'1', loss=1.0", "TypeError: step must be an integer, but got '1'"),
        ("1, loss='0.5'", "TypeError: the metric 'loss' must be a number, but got '0.5'"),
        ("1, loss=None", "TypeError: the metric 'loss' must be a number, but got None"),
        ("1, gain=2.0, loss=[1.0]", "TypeError: the metric 'loss' must be a number, but got [1.0]"),
    ],
)
def test_a_report_that_cannot_count_raises_in_the_function(
    sweep: Sweep, capfd: pytest.CaptureFixture[str], call: str, error: str
) -> None:
    made = sweep(f"    run.report({call})\n    return 1.0\n")
    assert states(made) == {"failed"}
    for record in made.ledger_state().runs.values():
        assert error in (record.error or "")
        assert f"run.report({call})" in (record.error or ""), "the traceback shows the line"
        assert record.reports == []
    capfd.readouterr()


def test_numbers_of_numpy_and_torch_are_reported(sweep: Sweep) -> None:
    made = sweep(
        "    import numpy, torch\n"
        "    run.report(numpy.int64(1), a=numpy.float32(0.5), b=torch.tensor(2), c=True)\n"
        "    return numpy.float64(1.0)\n"
    )
    (record, *_) = made.ledger_state().runs.values()
    assert record.reports == [(1, {"a": 0.5, "b": 2.0, "c": 1.0, "value": 1.0})]


def test_every_run_of_a_worker_can_use_a_pool_of_processes(sweep: Sweep) -> None:
    """In a process of their own: threads of other tests might hold locks when one forks here."""
    made = sweep(
        "    if 'pytest' in sys.modules:\n"
        "        raise RuntimeError('not here')\n"
        "    with multiprocessing.Pool(1) as pool:\n"
        "        return pool.apply_async(double, (config['x'],)).get(timeout=300)\n"
        "def double(x):\n"
        "    return 2 * x\n"
        "import multiprocessing\n"
        "import sys\n"
    )
    place = (f"study={made.name}", f"root={made.folder.parent}")
    assert call("retry", *place) == 0
    words = [sys.executable, "-m", "sweeper", "work", *place]
    subprocess.run(words, check=True, capture_output=True)
    for planned in made.plan.runs:
        record = made.ledger_state().runs[planned.id]
        assert (record.value, record.attempts) == (2 * planned.params["x"], 1), record.error


def test_a_file_is_imported_once_under_its_own_name(sweep: Sweep) -> None:
    made = sweep(
        "    import mine\n"
        "    mine.calls.append(run.id)\n"
        "    return float(len(calls) if __name__ == 'mine' else 0)\n"
        "calls = []\n"
    )
    values = sorted(record.value or 0 for record in made.ledger_state().runs.values())
    assert values == [1.0, 2.0, 3.0, 4.0]


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("raise SystemExit('no licence')", "must return a number, but SystemExit('no licence')"),
        ("import no_such_module", "ModuleNotFoundError: No module named 'no_such_module'"),
    ],
)
def test_what_an_import_raises_fails_the_run_with_the_traceback(
    sweep: Sweep, capfd: pytest.CaptureFixture[str], line: str, word: str
) -> None:
    made = sweep(f"    return 1.0\n{line}\n")
    assert states(made) == {"failed"}
    for record in made.ledger_state().runs.values():
        assert word in (record.error or "")
        assert line in (record.error or ""), "the traceback shows the line"
    assert "mine" not in sys.modules
    capfd.readouterr()
