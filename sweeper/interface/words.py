"""Python's arguments as the words that the commands take, so that both mean the same."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from sweeper.errors import SweeperError, shown


def words(
    changes: Mapping[str, Any] | None, given: Mapping[str, Any], options: Collection[str]
) -> list[str]:
    """`key=value` for each change of a space's key and for all that is `given`, but null `options`.

    Raises `SweeperError` for a value that no YAML file could hold.
    """
    return [*_words({**(changes or {}), **given}, options)]


def _words(given: Mapping[str, Any], options: Collection[str]) -> Iterator[str]:
    for key, value in given.items():
        if key in options:
            if value is not None:
                yield f"{key}={_option(value)}"
        else:
            yield f"{key}={_yaml(plain(value))}"


def plain(value: Any) -> Any:
    """A value as YAML has it: tuples and arrays as lists, numbers of NumPy as Python's."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | range):
        return [plain(item) for item in value]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise SweeperError(f"values are numbers, texts, lists and mappings, but got {shown(value)}")


def _option(value: Any) -> str:
    """An option's value as a word has it: lists with commas."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple | range):
        return ",".join(map(_option, value))
    return str(plain(value))


def _yaml(value: Any) -> str:
    """A value in YAML's flow style, which JSON is but for numbers that are not finite."""
    if isinstance(value, float) and not math.isfinite(value):
        return ".nan" if math.isnan(value) else f"{'-' if value < 0 else ''}.inf"
    if isinstance(value, list):
        return f"[{', '.join(map(_yaml, value))}]"
    if isinstance(value, dict):
        pairs = (f"{json.dumps(key)}: {_yaml(item)}" for key, item in value.items())
        return f"{{{', '.join(pairs)}}}"
    return json.dumps(value, ensure_ascii=False)
