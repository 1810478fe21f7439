"""Blocks beside parameters by task: a block's own word counts, on every task."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sweeper.planning.configurations import notes
from tests.sweeper.planning.test_blocks import RATES, planned

BY_TASK: dict[str, Any] = {
    "tasks": {"a": {"low": 0, "high": 1}, "b": {"low": 0, "high": 1}},
    "fixed": {"extra": 1},
    "axes": {"lr": RATES},
}


def test_what_a_block_fixes_counts_in_the_place_of_what_by_task_says(tmp_path: Path) -> None:
    blocks = {"as": {}, "own": {"fixed": {"extra": 5}}, "axis": {"axes": {"extra": RATES}}}
    plan = planned(tmp_path, **BY_TASK, by_task={"a": {"extra": 3}}, blocks=blocks)
    found = {
        (plan.trials[run.trial].labels["block"], run.task): run.params["extra"]
        for run in plan.runs
        if run.params["lr"] == 1e-3
    }
    assert found == {
        ("as", "a"): 3,
        ("as", "b"): 1,
        ("own", "a"): 5,
        ("own", "b"): 5,
        ("axis", "a"): 1e-3,
        ("axis", "b"): 1e-3,
    }
    assert len({run.id for run in plan.runs}) == len(plan.runs) == (2 + 2 + 4) * 2


@pytest.mark.parametrize("sampler", [{}, {"sampler": "random", "trials": 4}])
def test_blocks_are_compared_as_they_are_on_each_task(
    tmp_path: Path, sampler: dict[str, Any]
) -> None:
    """With `extra` 3 on both tasks the second is the first; the third differs on one of them."""
    by_task = {task: {"extra": 3} for task in ("a", "b")}
    blocks = {"as": {}, "same": {"fixed": {"extra": 3.0}}, "other": {"fixed": {"extra": 1}}}
    plan = planned(tmp_path, **BY_TASK, by_task=by_task, blocks=blocks, **sampler)
    assert len({run.id for run in plan.runs}) == len(plan.runs) == (2 + 2) * 2
    told = [note for note in notes.lines(plan) if note.startswith("blocks as and same both hold")]
    assert len(told) == 1
    alone = planned(tmp_path, **BY_TASK, by_task={"a": {"extra": 3}}, blocks=blocks)
    assert len(alone.trials) == 6
