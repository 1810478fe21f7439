"""Fixtures that most tests of the orchestrator need."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from sweeper import study
from sweeper.overrides import parse_words
from sweeper.space import load
from sweeper.study import Study

COUNTER = Path(__file__).parent / "counter.py"


@pytest.fixture
def space_file(tmp_path: Path) -> Path:
    """A space of 2 x 2 trials and 3 seeds that hops in no time."""
    file = tmp_path / "hops.yaml"
    file.write_text(
        yaml.safe_dump(
            {
                "study": "hops",
                "agent": f"{COUNTER}:Counter",
                "axes": {
                    "width": {"kind": "choice", "values": [1, 2]},
                    "size": {"kind": "float", "values": [0.1, 0.3]},
                },
                "tasks": {"line": {"low": 0.0, "high": 2.0}},
                "seeds": 3,
                "steps": 40,
                "evaluation": {"every": 10, "episodes": 1},
                "score": {"metric": "value", "at": "final", "aggregate": "iqm"},
                "figures": [{"heatmap": {}}],
            },
            sort_keys=False,
        )
    )
    return file


@pytest.fixture
def make_study(space_file: Path, tmp_path: Path) -> Callable[..., Study]:
    """Starts a study of that space, changed by `key=value` words."""

    def make(*words: str, name: str = "hops") -> Study:
        space = load(space_file, None, parse_words(words, ())[1])
        return study.start(tmp_path / "studies" / name, space)

    return make
