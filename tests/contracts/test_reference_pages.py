"""Each page of docs/reference/ is what the code says."""

from __future__ import annotations

import pytest

from docs.generators import pages


def test_every_page_is_written() -> None:
    assert {file.name for file in pages.FOLDER.iterdir()} == set(pages.WRITTEN)


@pytest.mark.parametrize("file", pages.WRITTEN)
def test_a_page_is_what_the_code_says(file: str) -> None:
    written = (pages.FOLDER / file).read_text(encoding="utf-8")
    assert written == pages.WRITTEN[file](), "run: make reference"
