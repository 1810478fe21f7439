"""What other tools call things is understood wherever a name is not known."""

from __future__ import annotations

from pathlib import Path

import pytest

from sweeper.errors import closest, habit
from tests.sweeper.planning.mistakes.test_every_mistake import SPACE, answer


@pytest.mark.parametrize(
    ("old", "new", "meant"),
    [
        ("kind: int, values: [64, 96]", "kind: loguniform, low: 1, high: 3", "float"),
        ("kind: int, values: [64, 96]", "kind: int, min: 1, max: 3", "low"),
        ("seeds: 2", "seeds: 2\nsampler: bayes\ntrials: 3", "tpe"),
        ("seeds: 2", "seeds: 2\nsampler: random\ntrials: 3\npruner: asha", "successivehalving"),
        ("seeds: 2", "seeds: 2\nsampler: random\nnum_samples: 3", "trials"),
        ("seeds: 2", "seeds: {start: 5, count: 2}", "from"),
        ("  optimizer.lr:", "  learning_rate:", "optimizer.lr"),
        ("axes:", "parameters:", "axes"),
    ],
)
def test_a_word_of_another_tool(tmp_path: Path, old: str, new: str, meant: str) -> None:
    assert SPACE.count(old) == 1
    assert any(
        f"(did you mean '{meant}'?)" in line for line in answer(tmp_path, SPACE.replace(old, new))
    )


def test_a_sweep_of_wandb_is_answered_with_the_keys_that_there_are(tmp_path: Path) -> None:
    found = answer(
        tmp_path,
        "name: q\nprogram: train.py\nmethod: bayes\nmetric: {name: loss, goal: minimize}\n"
        "parameters: {lr: {distribution: uniform, min: 0, max: 1}}\nrun_cap: 3\n"
        "early_terminate: {type: hyperband, min_iter: 3}\n",
    )
    meant = {"program": "command", "method": "sampler", "parameters": "axes", "run_cap": "trials"}
    for key, known in {**meant, "early_terminate": "pruner"}.items():
        assert any(f": {key} is an unknown key (did you mean '{known}'?)" in line for line in found)


def test_a_habit_counts_only_where_there_is_what_it_means() -> None:
    assert habit("method", ["sampler", "seeds"]) == "sampler" and habit("method", ["seeds"]) is None
    assert closest("bayes", ["bays", "random"]) == "bays"
