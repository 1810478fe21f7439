"""Both parsers of YAML, libyaml's and PyYAML's own, give the same data, places and messages."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from sweeper.errors import SweeperError
from sweeper.schema import yaml_text
from tests.helpers.paths import ROOT

TEXTS = [path.read_text() for path in sorted((ROOT / "spaces").glob("*.yaml"))]
ODD = [
    *("", "a: 1\n---\nb: 2", "a:\n\t- b", "a\t: 1", "a: |#\n  b", "a: &x [*x]", "a: [1, 2"),
    *(
        "? a\n: b",
        "a: >\n  b\n\n  c\n",
        "a: !!float 1e-4",
        'a: "\\u263a\\t"',
        "\ufeffa: 1",
        "é: 🎉",
    ),
    *("a: 1\ra: 2", "a: b\u2028c", "a: 1\na: 2", "x: {<<: {b: 1}, c: on}", "- " * 300, "[" * 300),
    *("a: -", "a: b: c", "%YAML 1.1\n---\na: off", "a: \x00", "a: 1e-4\nb: 0x1F\nc: 100_000"),
]


def read(text: str) -> Any:
    """Data, places and mistakes, or the message that the text is refused with."""
    mistakes: list[tuple[str, str]] = []
    try:
        return repr(yaml_text.parse(text, "f", mistakes=mistakes)), mistakes
    except SweeperError as error:
        return str(error).replace("f:1: nested", "f: nested"), mistakes


def test_they_read_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [*TEXTS, *(text[: len(text) // 3] for text in TEXTS[::5]), *ODD]
    fast = [read(text) for text in texts]
    monkeypatch.delattr(yaml, "CSafeLoader")
    slow = [read(text) for text in texts]
    assert [one for one in zip(texts, fast, slow, strict=True) if one[1] != one[2]] == []
