"""sweeper: a function."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from work import work


def train(config: Mapping[str, Any], run: Any) -> float:
    return work(config["x"], config["y"], run.seed)
