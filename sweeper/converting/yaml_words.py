"""Words without quotes in YAML files of W&B and Hydra, which both read by YAML 1.1."""

from __future__ import annotations

import math
from datetime import date
from typing import Any

import yaml

from sweeper.converting.draft import Draft
from sweeper.schema.yaml_text import scalar
from sweeper.text import few

_MOST = 12
"""The most words that are named."""


class Words:
    """Reads `on` as true, `010` as 8 and `1:30` as 90; `1e-4` as a number and a date as text.

    The latter two are what OmegaConf makes of them; W&B takes `1e-4` for a text, and has dates.
    """

    def __init__(self) -> None:
        self._numbers: dict[str, None] = {}
        self._dates: dict[str, None] = {}

    def __call__(self, text: str) -> Any:
        """The value of an unquoted word."""
        value = _older(text)
        if isinstance(value, date):
            self._dates[text] = None
            return text
        number = scalar(text)
        if isinstance(value, str) and isinstance(number, float) and math.isfinite(number):
            self._numbers[text] = None
            return number
        return value

    def tell(self, draft: Draft) -> None:
        """Notes what W&B would have read otherwise."""
        if self._numbers:
            draft.lose(
                few([*self._numbers], _MOST), "numbers here; W&B reads 1e-4 as text, 1.0e-4 not"
            )
        if self._dates:
            draft.lose(few([*self._dates], _MOST), "texts here; W&B reads dates")


def _older(text: str) -> Any:
    """The value of an unquoted YAML 1.1 scalar; text where it only looks like a number or date."""
    loader = yaml.SafeLoader("")
    try:
        tag: str = loader.resolve(yaml.ScalarNode, text, (True, False))  # type: ignore[no-untyped-call]
        return loader.construct_object(yaml.ScalarNode(tag, text))
    except (ValueError, yaml.YAMLError):
        return text
    finally:
        loader.dispose()
