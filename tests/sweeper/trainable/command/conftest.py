"""Programs of a user's own, for tests of how they are run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from sweeper.planning.loading import load
from sweeper.planning.plan import Run
from sweeper.space.overrides import parse_words
from sweeper.study import studies
from sweeper.study.study import Study
from sweeper.trainable.contract import RunSpec

SPACE: dict[str, Any] = {
    "study": "own",
    "command": ["python", "-S", "train.py", "--x={x}", "--seed={seed}"],
    "axes": {"x": {"kind": "float", "values": [1.5]}},
    "tasks": {"line": {"low": 0, "high": 10}},
    "seeds": 1,
    "steps": 10,
    "score": {"metric": "return", "aggregate": "mean"},
    "limits": {"failures": 2},
}

HEAD = """
import json, os, signal, sys, time
def say(step, **metrics):
    with open(os.environ["SWEEPER_METRICS"], "a") as file:
        file.write(json.dumps({"step": step, **metrics}) + "\\n")
resumed = os.environ["SWEEPER_RESUMED"] == "1"
folder = os.environ["SWEEPER_FOLDER"]
"""
"""What the programs here begin with."""


@pytest.fixture
def program(tmp_path: Path) -> Callable[..., Study]:
    """Begins a study of a program with the given body and no worker."""

    def begin(body: str, *words: str, **keys: Any) -> Study:
        (tmp_path / "train.py").write_text(HEAD + body)
        (tmp_path / "own.yaml").write_text(yaml.safe_dump(SPACE | keys, sort_keys=False))
        space = load(tmp_path / "own.yaml", None, parse_words(words, ())[1])
        return studies.start(tmp_path / "studies" / "own", space)

    return begin


@pytest.fixture
def spec() -> RunSpec:
    """A run, for packs without a worker."""
    return Run("r", 0, {}, "line", 0, 10, None)
