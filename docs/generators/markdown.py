"""The Markdown that the pages of the reference share: their heads, tables and texts."""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Iterable, Sequence


def head(title: str, text: str) -> str:
    """A page's title, and that it is written from the code."""
    written = f"Written by `make reference` from the code: do not edit it. {text}"
    return f"# {title}\n\n{filled(written)}"


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; what is a bar in a cell stays one."""
    lines = [" | ".join(cell.replace("|", r"\|") for cell in row) for row in (columns, *rows)]
    first, *others = (f"| {line} |" for line in lines)
    return "\n".join([first, "|---" * len(columns) + "|", *others])


def filled(text: str) -> str:
    """The paragraph in lines of a page's width."""
    return textwrap.fill(text, 108, break_long_words=False, break_on_hyphens=False)


def docstring(thing: object) -> str:
    """The docstring of `thing`, each of its paragraphs in lines of a page's width."""
    paragraphs = (inspect.getdoc(thing) or "").split("\n\n")
    return "\n\n".join(filled(" ".join(paragraph.split())) for paragraph in paragraphs)


def joined(parts: Iterable[str]) -> str:
    """A whole page."""
    return "\n\n".join(parts) + "\n"
