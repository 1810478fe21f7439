"""The public API for users' own files: these names stay importable here if their modules move.

An axis kind is a class derived from `AxisModel`, a figure a function `draw(data: Data, ...)` that
returns a `Picture`, a dispatch backend a class with `Options` and `Workers`, a tracker a class
derived from `FolderTracker` or `RunTracker`, a trainable a class that fulfils `Trainable`. What a
name stands for is imported when the name is asked for.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sweeper.dispatch import Options, Workers
    from sweeper.errors import Invalid, SweeperError
    from sweeper.figures.drawing.picture import Picture
    from sweeper.results.axis import visible
    from sweeper.results.data import Data
    from sweeper.results.run_tables import VALUE
    from sweeper.schema.rules import number, text, whole
    from sweeper.space.axes import AxisKind, AxisModel, Network, Point
    from sweeper.space.axes.choice import Axis as ChoiceAxis
    from sweeper.space.axes.float import Axis as FloatAxis
    from sweeper.space.axes.int import Axis as IntAxis
    from sweeper.study.study import Study
    from sweeper.trackers.base import FolderTracker, RunTracker
    from sweeper.trackers.updates import Position, RunUpdate
    from sweeper.trainable.contract import (
        Evaluation,
        Pack,
        Parameter,
        Report,
        RunSpec,
        State,
        Trainable,
    )
    from sweeper.trainable.function import FunctionRun

__all__ = [
    "VALUE",
    "AxisKind",
    "AxisModel",
    "ChoiceAxis",
    "Data",
    "Evaluation",
    "FloatAxis",
    "FolderTracker",
    "FunctionRun",
    "IntAxis",
    "Invalid",
    "Network",
    "Options",
    "Pack",
    "Parameter",
    "Picture",
    "Point",
    "Position",
    "Report",
    "RunSpec",
    "RunTracker",
    "RunUpdate",
    "State",
    "Study",
    "SweeperError",
    "Trainable",
    "Workers",
    "number",
    "text",
    "visible",
    "whole",
]

_MODULES = {
    "sweeper.dispatch": ("Options", "Workers"),
    "sweeper.errors": ("Invalid", "SweeperError"),
    "sweeper.figures.drawing.picture": ("Picture",),
    "sweeper.results.axis": ("visible",),
    "sweeper.results.data": ("Data",),
    "sweeper.results.run_tables": ("VALUE",),
    "sweeper.schema.rules": ("number", "text", "whole"),
    "sweeper.space.axes": ("AxisKind", "AxisModel", "Network", "Point"),
    "sweeper.study.study": ("Study",),
    "sweeper.trackers.base": ("FolderTracker", "RunTracker"),
    "sweeper.trackers.updates": ("Position", "RunUpdate"),
    "sweeper.trainable.contract": (
        *("Evaluation", "Pack", "Parameter", "Report", "RunSpec", "State", "Trainable"),
    ),
    "sweeper.trainable.function": ("FunctionRun",),
}
_PLACES = {
    **{name: (module, name) for module, names in _MODULES.items() for name in names},
    "ChoiceAxis": ("sweeper.space.axes.choice", "Axis"),
    "FloatAxis": ("sweeper.space.axes.float", "Axis"),
    "IntAxis": ("sweeper.space.axes.int", "Axis"),
}
"""For each name the module that defines it, and what it is called there."""


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, attribute = _PLACES[name]
    return getattr(importlib.import_module(module), attribute)


def __dir__() -> list[str]:
    return __all__
