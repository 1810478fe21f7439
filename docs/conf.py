"""How Sphinx makes a site of these pages: `make docs`.

index.md is the contents, here and where the files are read: each of its headings becomes a part of
the site's navigation, with the pages that its links name, in their order.
"""

from __future__ import annotations

import re
from typing import Any

project = "sweeper"
copyright = "the authors of sweeper"
extensions = ["myst_parser"]
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = "sweeper"
html_show_sphinx = False
myst_enable_extensions = ["html_image"]
myst_heading_anchors = 4
nitpicky = True


def contents(_: Any, page: str, source: list[str]) -> None:
    """Adds a table of contents to index.md for each of its headings that has links below it."""
    if page == "index":
        parts = re.split(r"^##+ (.+)$", source[0], flags=re.MULTILINE)[1:]
        for heading, text in zip(parts[::2], parts[1::2], strict=True):
            if pages := re.findall(r"\]\((\S+)\.md\)", text):
                listed = "\n".join(pages)
                source[0] += f"\n```{{toctree}}\n:hidden:\n:caption: {heading}\n\n{listed}\n```\n"


def setup(app: Any) -> None:
    """Connects it."""
    app.connect("source-read", contents)
