"""The order in which the suite's files begin names files that there are."""

from __future__ import annotations

from tests.helpers.cases import each
from tests.helpers.paths import ROOT
from tests.helpers.slowest import SLOWEST


@each("file", SLOWEST)
def test_every_file_that_begins_early_exists(file: str) -> None:
    assert (ROOT / "tests" / file).is_file()
