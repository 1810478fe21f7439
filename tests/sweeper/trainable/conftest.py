"""Functions of a user's own, for tests of how they are trained."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sweeper.planning.loading import load
from sweeper.space.overrides import parse_words
from sweeper.study import studies
from sweeper.study.study import Study
from sweeper.worker.worker import Worker

SPACE = """
study: mine
function: mine.py:train
axes: {x: {kind: float, values: [1, 2]}}
tasks: {default: {low: 0, high: 10}}
seeds: 2
steps: 3
score: {metric: value, at: final, aggregate: mean}
limits: {failures: 2}
"""


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


@pytest.fixture
def sweep(tmp_path: Path) -> Callable[..., Study]:
    """Runs the space with a function of the given body to its end."""

    def run(body: str, *words: str) -> Study:
        (tmp_path / "mine.py").write_text(f"import helper\n\ndef train(config, run):\n{body}")
        (tmp_path / "helper.py").write_text("SCALE = 2.0\n")
        (tmp_path / "mine.yaml").write_text(SPACE)
        space = load(tmp_path / "mine.yaml", None, parse_words(words, ())[1])
        made = studies.start(tmp_path / "studies" / "mine", space)
        Worker(made, pack="8", device="cpu", workers=1).run()
        return made

    return run
