"""Writes the pages of docs/reference/ anew: `make reference`."""

from __future__ import annotations

from docs.generators import pages

if __name__ == "__main__":
    for file, written in pages.WRITTEN.items():
        (pages.FOLDER / file).write_text(written(), encoding="utf-8")
