"""The order in which the suite's files begin names files that there are."""

from __future__ import annotations

import pytest

from tests.helpers.paths import ROOT
from tests.helpers.slowest import SLOWEST


@pytest.mark.parametrize("file", SLOWEST)
def test_every_file_that_begins_early_exists(file: str) -> None:
    assert (ROOT / "tests" / file).is_file()
