"""What is asked of a figure's frame: its caption, title, width, limits and scale."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from matplotlib.figure import Figure

from sweeper.figures.drawing import text_layout

Ends = tuple[float, float]


@dataclass(frozen=True)
class Frame:
    """The frame of a figure, as options ask for it."""

    caption: bool = True
    """Whether there is text below the figure."""
    title: str = ""
    width: float | None = None
    """In inches; `None` for that which the figure chooses."""
    xlim: Ends | None = None
    ylim: Ends | None = None
    yscale: str = "linear"
    """`log`: y axes are logarithmic where all values are above 0; `symlog`: linear from -1 to 1,
    logarithmic beyond."""
    runs: bool = False
    """Whether single runs are drawn beside what averages them."""

    @property
    def said(self) -> str:
        """What a caption says of limits that were asked for; maybe nothing."""
        asked = {"x": self.xlim, "y": self.ylim}
        ends = [f"{name} {one[0]:g} to {one[1]:g}" for name, one in asked.items() if one]
        return (
            f"axes as asked for: {', '.join(ends)}; what lies beyond is not shown" if ends else ""
        )

    @property
    def divided(self) -> str:
        """What a caption says of y axes that are not linear; maybe nothing."""
        return {
            "log": "y axes are logarithmic where all values are above 0",
            "symlog": "y axes are linear from −1 to 1 and logarithmic beyond",
        }.get(self.yscale, "")


_current: ContextVar[Frame] = ContextVar("frame", default=Frame())  # noqa: B039 (it is frozen)


def current() -> Frame:
    """The frame of the figure that is being drawn."""
    return _current.get()


@contextmanager
def asked(frame: Frame) -> Iterator[None]:
    """Figures that are drawn inside have this frame."""
    token = _current.set(frame)
    try:
        yield
    finally:
        _current.reset(token)


def below(caption: str, width: float) -> str:
    """What stands below a figure: of the caption what fits into two lines; maybe nothing."""
    asked = current()
    if not asked.caption or not caption:
        return ""
    parts = getattr(caption, "parts", ()) or (caption.rstrip("."),)
    room = 0.95 * (width - 0.1)  # letters of pixels are a little wider than their outlines
    return text_layout.two_lines([*parts, asked.said], room, text_layout.TINY_PT)


def title(width: float) -> tuple[str, float]:
    """The title that is asked for, in at most two lines, and the height that it takes in inches."""
    asked = current().title
    if not asked:
        return "", 0.0
    text = text_layout.folded(asked, 0.95 * width - 0.1, text_layout.TITLE_PT)
    return text, 0.2 + 0.16 * (text.count("\n") + 1)


def below_title(figure: Figure) -> None:
    """Puts the legends above all panels of a figure below its title."""
    above = title(float(figure.get_figwidth()))[1]
    for legend in figure.legends if above else ():
        legend.borderaxespad += 72 * above / text_layout.SMALL_PT
