"""Figures embedded in the report: inline SVG, or a PNG where the SVG would be too large."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup

_LARGEST = 2_000_000
"""Characters of an SVG above which the PNG beside it is taken: thousands of runs are dots."""

_WIDTH = re.compile(r'<svg [^>]*?\bwidth="([\d.]+)pt"')
_REFERENCE = re.compile(r'(\bid="|href="#|url\(#)')


@dataclass(frozen=True)
class Shown:
    """A figure's name, what a page shows of it, and its width in points where it is an SVG."""

    name: str
    picture: Markup
    width_pt: float | None
    caption: str = ""
    """All that must be known to read it."""


def shown(number: int, file: Path) -> Shown:
    """The figure in the SVG `file`, the page's `number`-th; no identifier in it is another's."""
    text = file.read_text(encoding="utf-8")
    beside = file.with_suffix(".txt")
    caption = beside.read_text(encoding="utf-8") if beside.exists() else ""
    if len(text) > _LARGEST:
        data = base64.b64encode(file.with_suffix(".png").read_bytes()).decode()
        image = Markup('<img src="data:image/png;base64,{}" alt="{}">').format(data, file.stem)
        return Shown(file.stem, image, None, caption)
    text = _REFERENCE.sub(rf"\g<1>f{number}-", text[text.index("<svg ") :])
    found = _WIDTH.match(text)
    assert found is not None, text[:200]
    return Shown(file.stem, Markup(text), float(found[1]), caption)
