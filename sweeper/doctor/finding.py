"""A finding of `sweeper doctor`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """`ok`, `warning` or `problem`; what there is, and what to change."""

    level: str
    what: str
    change: str = ""

    def __str__(self) -> str:
        return f"{self.level:8} {self.what}{': ' if self.change else ''}{self.change}"
