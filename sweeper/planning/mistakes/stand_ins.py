"""Axes that stand in the place of wrong ones, so that their names can be checked all the same."""

from __future__ import annotations

import re
from typing import Any

from sweeper import lookup
from sweeper.errors import Path, closest

KEPT = ("when", "title")
"""The keys that such an axis has from the wrong one."""

LABEL = re.compile(r"(?<![\w.])[\w.]+=\?, |(, )?(?<![\w.])[\w.]+=\?")
"""What messages about one combination say of such an axis, with a comma beside it."""

_VALUE = "?"
"""What its value is called."""

_OWN_PARAMETER = ("choice", "float", "int", "normal")
"""Kinds of axes that set the parameter that they are called like."""


def instead(axis: Any, wrong: Path) -> dict[str, Any]:
    """An axis of one value in the place of `axis`, with its other keys but for that which is wrong.

    Only where its kind is sure to do so it sets the parameter of its name.
    """
    keys = axis if isinstance(axis, dict) else {}
    kind = str(keys.get("kind", "choice"))
    meant = kind if kind in lookup.names("sweeper.space.axes") else closest(kind, _OWN_PARAMETER)
    sets = axis is keys and meant in _OWN_PARAMETER and not isinstance(keys.get("values"), dict)
    helper = not sets or keys.get("helper") is True
    others = {key: keys[key] for key in KEPT if key in keys and key not in wrong}
    return of_value({"kind": "choice", "helper": helper, **others}, 0)


def of_value(axis: dict[str, Any], value: Any) -> dict[str, Any]:
    """The same axis with this one value."""
    return {**axis, "values": {_VALUE: value}}
