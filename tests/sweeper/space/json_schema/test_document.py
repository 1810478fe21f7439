"""The schema that ships is what `sweeper schema` prints, and editors find all that it tells."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from sweeper import lookup
from sweeper.cli import command_line
from sweeper.planning import shipped_spaces
from sweeper.space import reference
from sweeper.space.json_schema.document import page, schema
from sweeper.space.overrides import KEYS
from sweeper.space.space import Space
from tests.helpers.cases import each
from tests.helpers.paths import ROOT
from tests.helpers.space_files import BASE

SPACES = sorted((ROOT / "spaces").glob("*.yaml"))
FILE = ROOT / "spaces" / "space.schema.json"


def test_the_file_that_ships_is_what_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        command_line.main(["schema"])
    assert FILE.read_text(encoding="utf-8") == capsys.readouterr().out, (
        "run: sweeper schema out=spaces/space.schema.json"
    )


def test_a_file_is_written_where_it_is_asked_for(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="0"):
        command_line.main(["schema", f"out={tmp_path}/mine.json"])
    assert (tmp_path / "mine.json").read_text(encoding="utf-8") == page()
    with pytest.raises(SystemExit, match="2"):
        command_line.main(["schema", f"out={tmp_path}/mine.yaml"])


@each("path", SPACES)
def test_each_shipped_space_names_it_in_its_first_line(path: Path) -> None:
    first = path.read_text(encoding="utf-8").partition("\n")[0]
    name = first.removeprefix("# yaml-language-server: $schema=")
    assert path.with_name(name) == FILE


def test_it_is_no_space_itself() -> None:
    listed = shipped_spaces.spaces()
    assert SPACES and not [about for _, about in listed if "yaml-language-server" in about]
    assert FILE not in [path.resolve() for path, _ in listed]


def parts(form: Any) -> Iterator[dict[str, Any]]:
    """All schemas within a schema."""
    if isinstance(form, dict):
        yield form
    for inner in (
        form.values() if isinstance(form, dict) else form if isinstance(form, list) else ()
    ):
        yield from parts(inner)


def test_it_is_a_schema_whose_references_lead_somewhere() -> None:
    Draft7Validator.check_schema(schema())
    named = {part["$ref"] for part in parts(schema()) if isinstance(part.get("$ref"), str)}
    assert named == {f"#/definitions/{name}" for name in schema()["definitions"]}


def test_keys_are_described_as_in_the_reference() -> None:
    texts = reference.meanings(Space)
    for name in KEYS:
        assert schema()["properties"][name]["description"] == " ".join(texts[name].split())
    assert set(schema()["properties"]) == {*KEYS, *reference.BESIDE}


@pytest.mark.parametrize("kind", lookup.names("sweeper.space.axes"))
def test_of_each_kind_of_axis_its_own_keys_are_offered(kind: str) -> None:
    (chosen,) = [
        one["then"]
        for one in schema()["definitions"]["axis"]["allOf"]
        if one["if"].get("properties", {}).get("kind") == {"const": kind}
    ]
    axis = lookup.find("sweeper.space.axes", kind)
    assert list(chosen["properties"]) == list(axis.model_fields)
    texts = reference.meanings(axis)
    for name, form in chosen["properties"].items():
        assert name == "kind" or form["description"] == " ".join(texts[name].split())


def test_words_that_are_one_of_a_few_are_offered() -> None:
    scored = json.dumps(schema()["definitions"]["score"]["properties"]["at"])
    assert json.loads(scored)["enum"] == ["final", "max", "auc", None]
    assert json.loads(scored)["default"] == "final"
    assert "dqn" in schema()["definitions"]["agent"]["anyOf"][0]["enum"]


@pytest.mark.parametrize("agent", lookup.names("agents.learners"))
def test_parameters_of_agents_are_offered_and_not_checked(agent: str) -> None:
    offered = schema()["definitions"][f"parameters_of_{agent}"]["properties"]
    parameters = lookup.find("agents.learners", agent).parameters
    assert {*offered} == {name for name in parameters if "*" not in name}
    wrong = {"agent": agent, "fixed": dict.fromkeys(offered, "nothing known")}
    conditions = {"allOf": schema()["allOf"], "definitions": schema()["definitions"]}
    found = Draft7Validator(conditions).iter_errors({**BASE, **wrong})
    assert [*found] == []
