"""A W&B sweep's file as the space that is written from it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sweeper.converting.source import converted
from tests.helpers.converted_space import loaded

HEAD = "program: train.py\nmethod: {method}\nmetric: {{name: loss, goal: minimize}}\nparameters:\n"


def of(folder: Path, parameters: str, method: str = "random", more: str = "run_cap: 3\n") -> Any:
    """The draft and the space of a sweep with these parameters."""
    file = folder / "sweep.yaml"
    file.write_text(HEAD.format(method=method) + f"  {parameters}\n{more}")
    draft = converted(str(file))
    return draft, loaded(draft, folder)
