"""The command of a W&B sweep: its macros, and parameters of any name and text."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sweeper.converting.source import converted
from tests.helpers.converted_space import axes, loaded, told
from tests.helpers.wandb_sweep import of

COMMANDS = {
    "": "python train.py --lr={lr} --bn={bn} --n.w={n.w}",
    "${env} python3 -u ${program} ${args_no_hyphens}": (
        "python3 -u train.py lr={lr} bn={bn} n.w={n.w}"
    ),
    "${env} ${interpreter} -m pkg.train ${args_no_boolean_flags}": (
        "python -m pkg.train --lr={lr} --{bn_flag} --n.w={n.w}"
    ),
    "${interpreter} ${program} --config ${args_json_file}": "python train.py --config {params}",
    "python ${program} ${args_json}": (
        'python train.py {{"lr":·{lr},·"bn":·{bn},·"n":·{{"w":·"{n.w}"}}}}'
    ),
    "/usr/bin/env python ${program} --out=a{b} ${args}": (
        "python train.py --out=a{{b}} --lr={lr} --bn={bn} --n.w={n.w}"
    ),
    "python ${program} --data=${envvar:SOME_DATA} ${what} ${args}": (
        "python train.py --data=/d --lr={lr} --bn={bn} --n.w={n.w}"
    ),
}
"""W&B's words, and ours with a dot for each blank within a word."""


@pytest.mark.parametrize("words", COMMANDS)
def test_a_command_s_macros_are_words(
    tmp_path: Path, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOME_DATA", "/d")
    (tmp_path / "pkg").mkdir()
    (tmp_path / "pkg" / "train.py").touch()
    parameters = (
        "lr: {min: 0.1, max: 1.0}\n  bn: {values: [true, false]}\n"
        "  n: {parameters: {w: {values: [a, b]}}}"
    )
    more = f"command: {json.dumps(words.split())}\nrun_cap: 3\n" if words else "run_cap: 3\n"
    draft, space = of(tmp_path, parameters, more=more)
    assert [word.replace(" ", "·") for word in space.command] == COMMANDS[words].split()
    assert told(draft).count("command[2]") == ("envvar" in words)
    assert told(draft).count("command[3]") == ("what" in words)


def test_flags_that_are_constant_are_there_or_not(tmp_path: Path) -> None:
    parameters = "on: {value: true}\n  off: {value: false}\n  a: {values: [1, 2]}"
    more = "command: [python, train.py, '${args_no_boolean_flags}']\nrun_cap: 2\n"
    _, space = of(tmp_path, parameters, more=more)
    assert space.command == ("python", "train.py", "--on", "--a={a}")


def test_names_and_texts_of_any_characters_reach_the_program(tmp_path: Path) -> None:
    texts = ["a: b", "- c", "#d", "e'f\"g", "null", "~", "1e5", "0x1", "true", " lead", "trail "]
    parameters = {"weird name {x}": {"values": texts}, "on": {"value": "off"}}
    file = tmp_path / "sweep.yaml"
    file.write_text(json.dumps({"program": "train.py", "method": "grid", "parameters": parameters}))
    draft = converted(str(file))
    space = loaded(draft, tmp_path)
    assert axes(space)["weird_name_x_"] == {"kind": "choice", "values": texts}
    assert space.fixed == {"on": "off"}
    assert space.command == (
        *("python", "train.py", "--weird name {{x}}={weird_name_x_}", "--on={on}"),
    )
