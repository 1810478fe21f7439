"""Models of the DeepMind Control Suite, compiled once: copying one takes a fifth of the time."""

from __future__ import annotations

import copy
import functools
import sys
from collections.abc import Mapping
from typing import Any

_CORE = "dm_control.mujoco.wrapper.core"
_KEPT = 4
"""So many models are kept: of each task several environments are made in a row."""


def keep() -> None:
    """Compiles no model twice from now on, where the suite has been imported."""
    core = sys.modules.get(_CORE)
    if core is None or hasattr(core, "compiled_once"):
        return
    compile_model = core._get_model_ptr_from_xml

    @functools.lru_cache(maxsize=_KEPT)
    def compiled(xml: str | bytes, assets: tuple[tuple[str, bytes], ...]) -> Any:
        return compile_model(xml_string=xml, assets=dict(assets))

    def copied(
        xml_path: str | None = None,
        xml_string: str | bytes | None = None,
        assets: Mapping[str, bytes] | None = None,
    ) -> Any:
        if xml_string is None:
            return compile_model(xml_path=xml_path, assets=assets)
        return copy.copy(compiled(xml_string, tuple((assets or {}).items())))

    core._get_model_ptr_from_xml, core.compiled_once = copied, True
