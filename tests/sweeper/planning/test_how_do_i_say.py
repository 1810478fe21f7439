"""Each row of docs/how_to/how_do_i_say.md is part of a space that loads and plans."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from sweeper.planning.loading import load
from sweeper.planning.plan import Plan
from sweeper.schema.yaml_text import parse
from sweeper.trainable.loading import load_trainable
from tests.helpers.cases import each
from tests.helpers.paths import ROOT

PAGE = (ROOT / "docs" / "how_to" / "how_do_i_say.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\|.*\| `([^`]+)` \|$", PAGE, flags=re.MULTILINE)
BASE: dict[str, Any] = {
    "study": "said",
    "function": "f.py:train",
    "tasks": {"line": {"low": 0, "high": 1}},
    "seeds": 1,
    "steps": 9,
    "score": {"metric": "value"},
}


def test_all_rows_are_found() -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("| ")]
    assert len(ROWS) == len(rows) - 1 > 20


@each("row", ROWS)
def test_a_row_is_part_of_a_space(tmp_path: Path, row: str) -> None:
    said, _ = parse(row, "row")
    ranges = [
        axis
        for axis in (said.get("axes") or {}).values()
        if {"low", "mean"} & set(axis) and "count" not in axis
    ]
    sampler = {"sampler": "random", "trials": 3} if ranges and "sampler" not in said else {}
    (tmp_path / "f.py").write_text("def train(config, run):\n    return 0.0\n")
    (tmp_path / "base.yaml").write_text(yaml.safe_dump(BASE))
    trained = {"function": None} if "command" in said else {}
    keys = BASE | sampler | trained | said
    (tmp_path / "x.yaml").write_text(yaml.safe_dump(keys, sort_keys=False))
    space = load(tmp_path / "x.yaml")
    plan = Plan(space, load_trainable(space))
    assert plan.runs or plan.due
