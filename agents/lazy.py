"""Modules that are imported when they are first used."""

from __future__ import annotations

import importlib
from typing import Any


class LazyModule:
    """Stands for a module and imports it on first attribute access.

    Use it behind `TYPE_CHECKING`, so that types stay known and importing a learner costs nothing:

        if TYPE_CHECKING:
            import torch
        else:
            torch = LazyModule("torch")
    """

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        """Import the module and remember the attribute, so that later accesses cost nothing."""
        value = getattr(importlib.import_module(self._name), attribute)
        setattr(self, attribute, value)
        return value
