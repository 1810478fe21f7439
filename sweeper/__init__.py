"""Hyperparameter and architecture sweeps for deep reinforcement learning."""

from __future__ import annotations

from typing import Any


def __getattr__(name: str) -> Any:
    """`__version__` and `report`, looked up when they are asked for: that takes a while."""
    if name == "report":
        from importlib import import_module

        return import_module("sweeper.report")
    if name != "__version__":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib.metadata import version

    return version("sweeper")
