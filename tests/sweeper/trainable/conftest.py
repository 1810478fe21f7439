"""Users' files are imported as in a process of their own."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def forget(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Each test's files are imported as in a process of its own."""
    elsewhere = [place for place in sys.path if not (Path(place) / "mine.py").exists()]
    monkeypatch.setattr(sys, "path", elsewhere)
    for name in ("mine", "helper"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    yield
    for name in ("mine", "helper"):
        sys.modules.pop(name, None)
