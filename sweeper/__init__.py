"""Hyperparameter and architecture sweeps for deep reinforcement learning.

In Python: `sweeper.open`, `sweeper.plan` and `sweeper.run`; `sweeper.report` within a program that
sweeper runs; and `SweeperError`, which mistakes are raised as. What a name stands for is imported
when it is asked for: that takes a while.
"""

from __future__ import annotations

_PLACES = {
    "open": ("sweeper.interface.opened", "open"),
    "plan": ("sweeper.interface.planned", "plan"),
    "run": ("sweeper.interface.running", "run"),
    "SweeperError": ("sweeper.errors", "SweeperError"),
}
"""For each name the module that defines it, and what it is called there."""


def __getattr__(name: str) -> object:
    """What a public name stands for."""
    from importlib import import_module

    if name == "report":
        return import_module("sweeper.report")
    if name in _PLACES:
        module, attribute = _PLACES[name]
        return getattr(import_module(module), attribute)
    if name != "__version__":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib.metadata import version

    return version("sweeper")


def __dir__() -> list[str]:
    """The public names, for whoever looks for them."""
    return [*globals(), *_PLACES, "report", "__version__"]
