"""`report.html`: a study on one page that needs nothing but a browser.

Called, as in `sweeper.report(100, loss=0.5)`, it reports metrics of the program's own run.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

from sweeper.trainable.command.reporting import report


class _Callable(ModuleType):
    """A package that may be called, wherever it was imported before."""

    def __call__(self, step: int, **metrics: Any) -> None:
        """Does as `sweeper.trainable.command.reporting.report` does."""
        report(step, **metrics)


sys.modules[__name__].__class__ = _Callable
