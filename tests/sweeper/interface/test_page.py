"""Every block of Python in docs/how_to/python.md runs, one after the other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib as mpl
import pytest

from tests.helpers.pages import DOCS, blocks

BLOCKS = [block for block in blocks(DOCS / "how_to" / "python.md") if block.language == "python"]


def test_the_page_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    with mpl.rc_context():
        for block in BLOCKS:
            exec(compile(block.text, str(block), "exec"), names)
    assert len(BLOCKS) == 5 and (tmp_path / "heatmap.pdf").is_file()
    assert set(names["study"].trials["state"]) == {"complete"}
    assert len(names["study"].runs) == 2 * 2 and len(names["plan"].trials) == 8 * 3
