"""What is asked of a figure's frame: its caption, title, width and limits."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

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

    @property
    def said(self) -> str:
        """What a caption says of limits that were asked for; maybe nothing."""
        asked = {"x": self.xlim, "y": self.ylim}
        ends = [f"{name} {one[0]:g} to {one[1]:g}" for name, one in asked.items() if one]
        return (
            f"axes as asked for: {', '.join(ends)}; what lies beyond is not shown" if ends else ""
        )


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
