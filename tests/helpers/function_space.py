"""Spaces of a function that returns 0: for tests of what is planned, which nothing trains."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from sweeper.planning.loading import load
from sweeper.space.space import Space

KEYS = {
    "study": "demo",
    "function": "f.py:train",
    "axes": {},
    "tasks": {"any": {"low": 0, "high": 1}},
    "seeds": 1,
    "steps": 1,
    "score": {"metric": "value"},
}


def loaded(folder: Path, **keys: Any) -> Space:
    """The space in `folder`/x.yaml: `KEYS`, some of them replaced, and further ones."""
    (folder / "f.py").write_text("def train(config, run):\n    return 0.0\n")
    file = folder / "x.yaml"
    file.write_text(yaml.safe_dump(KEYS | keys, sort_keys=False))
    return load(file)
