"""How a program that fails, or whose score never came, is told."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from sweeper.ledger.failure_cause import cause
from sweeper.trainable.command.metrics_file import MetricsFile
from tests.sweeper.trainable.command.test_command import Program, work


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("print('one'); print('two'); sys.exit(3)", "exited with code 3: two"),
        ("sys.exit(3)", "exited with code 3, and printed nothing"),
        ("raise KeyError('oops')", "exited with code 1: KeyError: 'oops'"),
        ("os.kill(os.getpid(), 11)", "was killed by SIGSEGV, and printed nothing"),
        ("os.kill(os.getpid(), 9)", "was killed by SIGKILL, and printed nothing"),
    ],
)
def test_other_ends_are_failures_with_code_or_signal_and_the_last_output(
    program: Program, caplog: pytest.LogCaptureFixture, body: str, words: str
) -> None:
    (record,) = work(program(f"say(1, **{{'return': 1}})\n{body}\n"))
    assert (record.state, record.failures) == ("failed", 2)
    assert record.reports == [(1, {"return": 1.0})], "what it reported before it failed counts"
    assert str(record.error).rstrip().splitlines()[-1] == words
    assert str(record.error).startswith("python -S train.py --x=1.5 --seed=0: ")
    assert "lone_run" not in str(record.error) and "advance" not in str(record.error)


def test_programs_that_fail_alike_have_one_cause(
    program: Program, caplog: pytest.LogCaptureFixture
) -> None:
    study = program("raise KeyError(sys.argv[2])\n", seeds=2, limits={"failures": 1})
    errors = [record.error for record in work(study)]
    assert errors[0] != errors[1]
    (found,) = {cause("failed", error) for error in errors}
    assert re.fullmatch(r"KeyError at train\.py:\d+", found)


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        (["{'step': 10, 'return': '3'}"], "'return' was a text, not a number"),
        (["{'step': 10, 'return': {'mean': 3}}"], "'return' was an object, not a number"),
        (
            ["{'step': '10', 'return': 3}"] * 2,
            '2 lines of it were skipped: its "step" must be a whole number of at least 0',
        ),
        (["{", "'step': 10,", "'return': 3", "}"], "4 lines of it were skipped: it is no JSON"),
        ([f"{{'step': 10, 'return': {'9' * 400}}}"], "'return' was a number too large"),
        ([None], "the file was gone at the end"),
        ([], None),
    ],
)
def test_a_score_that_was_never_reported_is_told_with_what_did_not_count(
    tmp_path: Path, lines: list[Any], why: str | None
) -> None:
    file = tmp_path / "metrics.0.jsonl"
    if lines != [None]:
        file.write_text("\n".join(lines).replace("'", '"'))
    metrics = MetricsFile(file, lambda _: None)
    assert not [point for point in metrics.rest() if "return" in point[1]]
    assert metrics.left_out() == (f"SWEEPER_METRICS: {why}" if why else "")


def test_programs_that_reported_nothing_for_several_reasons_are_several_causes(
    program: Program,
) -> None:
    study = program(
        "say(*([10, '10'][int(sys.argv[2][-1]) % 2:][:1]), **{'return': '3'})\n", seeds=2
    )
    errors = [record.error for record in work(study)]
    assert errors == [
        "the metric 'return' was never reported (SWEEPER_METRICS: 'return' was a text, not a "
        "number)",
        "the metric 'return' was never reported (SWEEPER_METRICS: 1 line of it was skipped: its "
        '"step" must be a whole number of at least 0)',
    ]


def test_a_program_that_fails_is_told_with_its_last_step_and_readable_output(
    program: Program,
) -> None:
    study = program(
        "say(7, **{'return': 1})\nsys.stdout.buffer.write(bytes(range(128, 256)) * 4)\n"
        "sys.stdout.flush()\nsys.exit(3)\n",
        limits={"failures": 1},
    )
    (record,) = work(study)
    assert record.state == "failed" and record.step == 7
    last = record.error.splitlines()[-1]
    assert last.startswith("exited with code 3: \\x80\\x81") and len(last) < 140


def test_memory_that_a_program_lacked_is_told_by_its_last_line(program: Program) -> None:
    study = program("print('torch.OutOfMemoryError: CUDA out of memory. Tried'); sys.exit(1)\n")
    (record,) = work(study)
    assert record.state == "oom"
    assert record.error.endswith(
        "out of memory, alone in its pack: exited with code 1: torch.OutOfMemoryError: CUDA out of "
        "memory. Tried"
    )
