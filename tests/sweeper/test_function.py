"""Functions of the user's own, run by a real worker."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from sweeper import study
from sweeper.function import Function
from sweeper.overrides import parse_words
from sweeper.space import load
from sweeper.study import Study
from sweeper.worker import Worker

SPACE = """
study: mine
function: mine.py:train
axes: {x: {kind: float, values: [1, 2]}}
tasks: {default: {low: 0, high: 10}}
seeds: 2
steps: 3
score: {metric: value, at: final, aggregate: mean}
limits: {failures: 2}
"""

Sweep = Callable[..., Study]


@pytest.fixture
def sweep(tmp_path: Path) -> Sweep:
    """Runs the space with a function of the given body to its end."""

    def run(body: str, *words: str) -> Study:
        (tmp_path / "mine.py").write_text(f"import helper\n\ndef train(config, run):\n{body}")
        (tmp_path / "helper.py").write_text("SCALE = 2.0\n")
        (tmp_path / "mine.yaml").write_text(SPACE)
        space = load(tmp_path / "mine.yaml", None, parse_words(words, ())[1])
        made = study.start(tmp_path / "studies" / "mine", space)
        Worker(made, pack="8", device="cpu", workers=1).run()
        return made

    return run


def states(made: Study) -> set[str]:
    return {record.state for record in made.fold().runs.values()}


def test_reports_and_the_returned_number_are_recorded(sweep: Sweep) -> None:
    made = sweep(
        "    for step in (1, 2):\n"
        "        run.report(step, loss=1 / step)\n"
        "    return helper.SCALE * config['x'] + run.seed\n"
    )
    for planned in made.plan.runs:
        record = made.fold().runs[planned.id]
        assert record.state == "complete"
        assert record.value == 2.0 * planned.params["x"] + planned.seed
        assert record.reports == [(1, {"loss": 1.0}), (2, {"loss": 0.5, "value": record.value})]
        assert record.score == record.value / 10


def test_another_metric_than_the_returned_number_can_be_the_score(sweep: Sweep) -> None:
    made = sweep("    run.report(1, loss=4.0)\n    return 1.0\n", "score.metric=loss")
    assert {record.value for record in made.fold().runs.values()} == {4.0}


def test_a_metric_that_never_came_fails_the_run_and_says_which_came(sweep: Sweep) -> None:
    made = sweep("    return 1.0\n", "score.metric=los")
    (record, *_) = made.fold().runs.values()
    assert record.state == "failed"
    assert record.end is not None
    assert "'los' was never reported, only value" in record.end["error"]


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
    for record in made.fold().runs.values():
        assert record.error is not None
        assert word in record.error
        assert record.failures == 2
    capfd.readouterr()


@pytest.mark.parametrize("body", ["    run.report(1, value=float('nan'))\n", ""])
def test_nan_ends_a_run_as_diverged(sweep: Sweep, body: str) -> None:
    made = sweep(body + "    return float('inf')\n")
    assert states(made) == {"nan"}
    assert {record.value for record in made.fold().runs.values()} == {0.0}


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
    assert {record.attempts for record in made.fold().runs.values()} == {2}
    capfd.readouterr()


def test_a_function_that_only_waits_makes_no_progress(tmp_path: Path) -> None:
    (tmp_path / "f.py").write_text("import time\ndef train(config, run):\n    time.sleep(3)\n")

    class Run:
        id, params, task, seed, steps, evaluation = "r", {}, "default", 0, 1, None

    pack = Function(tmp_path / "f.py", "train", tmp_path).start([Run()], [None], "cpu")
    before = pack.progress
    start = time.monotonic()
    assert list(pack.advance()) == []
    assert time.monotonic() - start < 2, "its worker stays responsive"
    assert pack.progress - before <= 1, "a hung function must not look alive"
