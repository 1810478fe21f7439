"""The reference page is what the schema says, and its examples are spaces."""

from __future__ import annotations

import re

import pytest

from sweeper import lookup
from sweeper.schema.base_model import validated
from sweeper.schema.yaml_text import parse
from sweeper.space import reference
from sweeper.space.overrides import KEYS
from sweeper.space.space import Space
from tests.helpers.paths import ROOT

PAGE = ROOT / "docs" / "reference" / "space.md"


def test_every_key_is_explained():
    assert set(KEYS) <= set(reference.meanings(Space))
    for kind in lookup.names("sweeper.space.axes"):
        axis = lookup.find("sweeper.space.axes", kind)
        assert list(axis.model_fields) == list(reference.meanings(axis))


def test_no_row_is_empty():
    rows = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line[:3] == "| `"]
    assert len(rows) > 50
    for row in rows:
        assert all(cell.strip() for cell in re.split(r"(?<!\\)\|", row)[1:-1]), row


@pytest.mark.parametrize("kind", lookup.names("sweeper.space.axes"))
def test_the_example_of_each_kind_is_one(kind):
    (text,) = re.findall(
        rf"`([\w.]+: {{kind: {kind}, .*}})`", reference.page().partition("### `choice`")[2]
    )
    ((name, keys),) = parse(text, "example")[0].items()
    axis = validated(lookup.find("sweeper.space.axes", kind), keys)
    assert axis.points(name)
