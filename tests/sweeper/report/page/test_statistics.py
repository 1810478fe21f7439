"""The statistics and the fresh seeds that a report tells of."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import yaml

from sweeper import stats
from sweeper.cli.commands import run
from sweeper.cli.run_options import RerankOptions
from sweeper.planning.loading import load
from sweeper.report.page.statistics import estimate_text, statistics
from sweeper.results import frames
from sweeper.study import studies
from sweeper.study.study import Study
from tests.helpers.worked_study import work

CODE = """
def train(config, run):
    wanted = {"a": 1, "b": 3}[run.task]
    return 10 - abs(config["first"] - wanted) * 3 - config["second"] - run.seed / 10
"""


def done(folder: Path, **changed: object) -> Study:
    (folder / "two.py").write_text(CODE)
    space = {
        "study": "two",
        "function": "two.py:train",
        "axes": {
            "first": {"kind": "choice", "values": [1, 2, 3], "default": 2},
            "second": {"kind": "choice", "values": [0, 1], "default": 1},
        },
        "tasks": {name: {"low": 0, "high": 10} for name in ("a", "b")},
        "seeds": {"tune": 5, "test": 5},
        "steps": 1,
        "score": {"metric": "value"},
    }
    (folder / "two.yaml").write_text(yaml.safe_dump({**space, **changed}))
    return work(studies.start(folder / "studies" / "two", load(folder / "two.yaml")))


def test_each_statistic_of_the_best_is_that_of_its_scores(tmp_path):
    made = done(tmp_path)
    runs = frames.runs(made, made.ledger_state())
    found = statistics(made, runs, [2, 3])
    reference = made.plan.reference
    assert found.columns[-2:] == ["optimality gap", f"P(better than trial {reference})"]

    def scores(trial: int) -> np.ndarray:
        own = runs[runs["trial"] == trial]
        return own.pivot(index="seed", columns="task", values="score").to_numpy()

    for row, trial in zip(found.rows, (2, 3), strict=True):
        assert row.name.startswith(f"trial {trial}: first=2, second=")
        rng = lambda: np.random.default_rng(0)  # noqa: E731
        assert row.cells[0] == estimate_text(stats.estimate(scores(trial), "iqm", rng()))
        assert row.cells[3] == estimate_text(stats.estimate(scores(trial), "task_median", rng()))
        assert row.cells[4] == estimate_text(stats.optimality_gap(scores(trial), rng()))
        better = stats.improvement(scores(trial), scores(reference), rng())
        assert row.cells[5] == ("—" if trial == reference else estimate_text(better))
    assert found.rows[0].cells[5] == "1 (no spread)", "better by 1 of 10 in every resample"


def test_what_must_be_tuned_for_each_task(tmp_path):
    made = done(tmp_path)
    found = statistics(made, frames.runs(made, made.ledger_state()), [0])
    assert found.lines[0].startswith("Hyperparameter sensitivity Φ = ")
    assert ", of 6 configurations × 5 seeds × 2 tasks: what" in found.lines[0]
    assert found.lines[1].startswith(
        "Effective dimension d = 1 of 2 hyperparameters (first, second): so many must be set"
    )
    smaller = statistics(*_minimised(tmp_path / "min"), [0])
    assert "optimality gap" not in smaller.columns


def test_zipped_axes_are_one_hyperparameter_and_constant_ones_none(tmp_path):
    """What is best differs between tasks in `first`, with which `third` moves."""
    axes = {
        "first": {"kind": "choice", "values": [1, 2, 3]},
        "second": {"kind": "choice", "values": [0, 1]},
        "third": {"kind": "choice", "values": [4, 5, 6]},
        "fourth": {"kind": "choice", "values": [7]},
    }
    made = done(tmp_path, axes=axes, zip=[["first", "third"]])
    found = statistics(made, frames.runs(made, made.ledger_state()), [0])
    assert found.lines[1].startswith(
        "Effective dimension d = 1 of 2 hyperparameters (first with third, second): so"
    )


def test_the_dimension_is_unknown_where_axes_are_switched_off(tmp_path):
    axes = {
        "first": {"kind": "choice", "values": [1, 2, 3]},
        "second": {"kind": "choice", "values": [0, 1]},
        "third": {"kind": "choice", "values": [5, 6], "when": {"second": 1}},
    }
    made = done(tmp_path, axes=axes)
    found = statistics(made, frames.runs(made, made.ledger_state()), [0])
    said = "Effective dimension d: unknown, as not every configuration has third."
    assert len(made.plan.trials) == 9 and found.lines[1] == said


def _minimised(folder: Path) -> tuple[Study, object]:
    folder.mkdir()
    made = done(folder, direction="minimize")
    return made, frames.runs(made, made.ledger_state())


def test_one_task_has_no_sensitivity_and_one_seed_no_interval(tmp_path):
    made = done(tmp_path, tasks={"a": {"low": 0, "high": 10}}, seeds=1)
    found = statistics(made, frames.runs(made, made.ledger_state()), [0])
    assert found.lines == []
    assert all(cell.endswith("(interval unknown)") for cell in found.rows[0].cells)


def test_the_page_holds_both_and_what_fresh_seeds_told(tmp_path):
    made = done(tmp_path)
    assert "On fresh seeds" not in made.paths.report.read_text()
    run.rerank(made, RerankOptions.of({"dispatch": "inline", "top": "2"}))
    page = made.paths.report.read_text()
    for text in ("By other statistics", "On fresh seeds", "on the fresh seeds 5 to 9", "was luck"):
        assert text in page, text
    assert "test:" in page and "tune:" in page
