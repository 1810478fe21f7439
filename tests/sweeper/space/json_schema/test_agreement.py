"""The JSON Schema and sweeper itself accept and refuse the same files, but for rules over several.

What only a rule over several keys refuses, or a file or a package that the schema does not know, is
told by what raised it.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import CodeType
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator

from sweeper import lookup
from sweeper.errors import Invalid, SweeperError
from sweeper.planning import loading
from sweeper.schema import expression, extends, rules, template
from sweeper.schema.base_model import Section
from sweeper.schema.yaml_text import parse
from sweeper.space import samplers
from sweeper.space.json_schema.document import schema
from sweeper.space.keys import analyses
from tests.helpers.cases import each
from tests.helpers.paths import ROOT
from tests.helpers.space_files import BASE, files


def sections(model: type[Section] = Section) -> Iterator[type[Section]]:
    """All sections that there are, axes among them."""
    yield model
    for one in model.__subclasses__():
        yield from sections(one)


def over_several_keys() -> set[CodeType]:
    """The code of the rules that sections have over several of their keys."""
    return {
        rule.func.__code__
        for model in sections()
        for rule in model.__pydantic_decorators__.model_validators.values()
        if rule.info.mode == "after"
    }


RULES = {
    "several keys": over_several_keys(),
    "values that repeat": {rules.distinct.__code__},
    "expressions": {expression.parse.__wrapped__.__code__},
    "words of a command": {template.command_rule.__code__},
    "arguments of Optuna's": {samplers._arguments.__code__},
    "keys that an analysis has not": {analyses.check.__code__},
    "files that are there": {lookup.split.__code__, extends._extends.__code__},
}
"""What no schema of single keys can tell, by the code that checks it."""


def stage() -> str:
    """Which of `RULES` is being checked, or `structure`."""
    frame: Any = sys._getframe(2)
    while frame is not None:
        for name, codes in RULES.items():
            if frame.f_code in codes:
                return name
        frame = frame.f_back
    return "structure"


@pytest.fixture
def stages(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """By message the stage of checking at which it was made."""
    found: dict[str, str] = {}
    before = Invalid.__init__

    def noted(self: Invalid, message: str, *others: Any) -> None:
        before(self, message, *others)
        found.setdefault(message.partition("; valid: ")[0], stage())

    monkeypatch.setattr(Invalid, "__init__", noted)
    return found


def refusals(path: Path, stages: dict[str, str]) -> set[str]:
    """The stages at which sweeper refuses a file at any of its scales; none where it accepts it."""
    found: set[str] = set()
    try:
        scales = loading.scales(path)
    except SweeperError:
        return {"files that are there"}
    for scale in scales:
        stages.clear()
        try:
            loading.unchecked(path, scale)
        except SweeperError as error:
            lines = str(error).splitlines()
            made = {stages[one] for one in stages for line in lines if one in line}
            found |= made or {"files that are there"}
    return found


def test_both_accept_and_refuse_the_same_files(tmp_path: Path, stages: dict[str, str]) -> None:
    """Of some 890 files, both accept 275 and refuse 560, and sweeper alone refuses 50."""
    path, counts, validator = tmp_path / "x.yaml", Counter[str](), Draft7Validator(schema())
    (tmp_path / "base.yaml").write_text(json.dumps(BASE))
    wrong = []
    for name, data in files():
        path.write_text(json.dumps(data))
        refused, accepted = refusals(path, stages), validator.is_valid(data)
        if not accepted and not refused:  # names of figures are checked when a space is planned
            with pytest.raises(SweeperError):
                loading.load(path)
            refused = {"structure"}
        if accepted and "structure" in refused and not ("extends" in data and lacks(stages)):
            wrong.append(name)
        counts[f"sweeper {not refused}, schema {accepted}"] += 1
    assert not wrong
    both, neither = counts["sweeper True, schema True"], counts["sweeper False, schema False"]
    assert both >= 200 and neither >= 300, counts
    assert 0 < counts["sweeper False, schema True"] <= 0.1 * counts.total(), counts


def lacks(stages: dict[str, str]) -> bool:
    """Whether a key is missing, which the file that is extended may hold."""
    return any(
        message.startswith(("needs the key", "must hold at least one")) for message in stages
    )


NUMBERS = ["1_000", "1e3", "1E+3", "+500", "0x100", "0o170", "1.0e2", "500."]


@pytest.mark.parametrize("text", NUMBERS)
def test_numbers_are_numbers_however_an_editor_reads_them(text: str, tmp_path: Path) -> None:
    file = {**BASE, "steps": parse(text, "x")[0]}
    (tmp_path / "x.yaml").write_text(yaml.safe_dump(BASE | {"steps": 7}).replace("7", text))
    assert loading.unchecked(tmp_path / "x.yaml").steps == file["steps"]
    for steps in (file["steps"], text):
        assert Draft7Validator(schema()).is_valid({**BASE, "steps": steps})


@each("path", sorted((ROOT / "spaces").glob("*.yaml")))
def test_shipped_spaces_are_right_also_in_editors_that_read_older_yaml(path: Path) -> None:
    assert Draft7Validator(schema()).is_valid(yaml.safe_load(path.read_text()))
