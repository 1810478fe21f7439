"""Words without quotes mean what they mean to W&B and to Hydra."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
import yaml

from sweeper.converting.source import converted
from sweeper.converting.yaml_words import Words
from tests.helpers.cases import each
from tests.helpers.converted_space import axes, loaded, told

WORDS = (
    *("on", "Off", "yes", "NO", "y", "n", "true", "null", "~", "text", "010", "-010", "08", "0o17"),
    *("0b11", "0x1F", "1:30", "1:30.5", "190:20:30.15", "1_000", "1_0.5", ".5", "5.", "+1", ".inf"),
    *("-.INF", "inf", "1e", "1e-4", "1E5", "1.5e3", "1_0e3", "2020-01-01", "2020-01-01 10:00:00"),
)


@each("word", WORDS)
def test_a_word_is_what_w_and_b_and_omegaconf_read(word: str) -> None:
    omegaconf = pytest.importorskip("omegaconf").OmegaConf
    read = Words()(word)
    assert repr(read) == repr(omegaconf.to_container(omegaconf.create(f"x: {word}"))["x"])
    to_wandb = yaml.safe_load(f"x: {word}")["x"]
    changed = isinstance(to_wandb, date) or (isinstance(to_wandb, str) and read != to_wandb)
    assert changed == (("e" in word.lower() and isinstance(read, float)) or word.startswith("2020"))
    assert changed or repr(read) == repr(to_wandb)


def test_what_only_looks_like_a_date_or_a_number_is_text() -> None:
    assert [Words()(word) for word in ("2020-13-45", "=", "1e400")] == ["2020-13-45", "=", "1e400"]


def test_json_is_read_by_the_rules_of_json(tmp_path: Path) -> None:
    (tmp_path / "sweep.json").write_text(
        '{"program": "train.py", "method": "grid", "metric": {"name": "loss"},\n'
        '"parameters": {"a": {"values": ["010", "on", "1:30"]}, "b": {"values": [1e-4, 2E3]}}}'
    )
    draft = converted(str(tmp_path / "sweep.json"))
    assert axes(loaded(draft, tmp_path)) == {
        "a": {"kind": "choice", "values": ["010", "on", "1:30"]},
        "b": {"kind": "float", "values": [1e-4, 2e3]},
    }
    assert not told(draft)


def test_a_configuration_of_hydra_s_is_read_as_omegaconf_does(tmp_path: Path) -> None:
    pytest.importorskip("hydra")
    file = tmp_path / "config.yaml"
    file.write_text(
        "hydra:\n  sweeper:\n    direction: maximize\n    n_trials: 010\n    params:\n"
        "      a: on\n      b: 010\n      c: 1:30\n      d: 2020-01-01\n      e: '010,020'\n"
        "      f: 1e-4\n      lr: interval(0, 1)\n"
    )
    space = loaded(converted(str(file), program="train.py"), tmp_path)
    assert space.trials == 8
    assert space.fixed == {"a": True, "b": 8, "c": 90, "d": "2020-01-01", "f": 1e-4}
    assert axes(space)["e"]["values"] == ["010", "020"]  # by the parser of overrides


def test_words_of_a_command_are_python_s(tmp_path: Path) -> None:
    (tmp_path / "sweep.yaml").write_text(
        "method: grid\nmetric: {name: loss}\ncommand: [python, train.py, --amp, on, '${args}']\n"
        "parameters: {a: {values: [1, 2]}}\n"
    )
    space = loaded(converted(str(tmp_path / "sweep.yaml")), tmp_path)
    assert space.command == ("python", "train.py", "--amp", "True", "--a={a}")
