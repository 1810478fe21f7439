"""What is no source of a space is refused, with its place and what works."""

from __future__ import annotations

from pathlib import Path

import pytest

from sweeper.converting.source import converted
from sweeper.errors import SweeperError
from tests.helpers.cases import each

HEAD = "program: train.py\nmethod: random\nparameters:\n"
WRONG = {
    "": "the file is empty",
    "a: [1\nb: {": "sweep.yaml:2: this is not valid YAML",
    "- 1\n": "a sweep's file is a mapping of keys to values, but got a list",
    "lr: 1\n": "is none of a W&B sweep, Hydra's overrides or an Optuna study",
    "study: x\nagent: dqn\naxes: {}\n": "is a space already: `sweeper plan",
    "method: random\nparameters: {x: {value: 1}}\n": "sweep.yaml: program is needed",
    "program: train.py\nmethod: gird\nparameters: {x: {value: 1}}\n": (
        "sweep.yaml:2: method must be grid, random or bayes, but got 'gird' (did you mean 'grid'?)"
    ),
    "program: train.py\nmethod: [grid]\nparameters: {x: {value: 1}}\n": (
        "sweep.yaml:2: method must be grid, random or bayes, but got the list ['grid']"
    ),
    f"{HEAD}  x: {{vlaues: [1]}}\n": (
        "x.vlaues is no key that W&B documents (did you mean 'values'?)"
    ),
    f"{HEAD}  x: {{value: 1}}\nmetric: {{goal: maximise}}\n": "(did you mean 'maximize'?)",
    f"{HEAD}  x: {{value: 1}}\nearly_terminate: {{type: hyperbnd}}\n": (
        "(did you mean 'hyperband'?)"
    ),
    "program: train.py\nparameters: {x: {value: 1}}\n": "method is needed: grid, random or bayes",
    "program: train.py\nmethod: grid\nparameters: 3\n": "sweep.yaml:3: parameters must be",
    f"{HEAD}  x: 3\n": "sweep.yaml:4: parameters.x must be a mapping with value, values or min",
    f"{HEAD}  x: {{}}\n": "parameters.x needs value, values, min and max, or a distribution",
    f"{HEAD}  x: {{distribution: log_unifrom, min: 1, max: 2}}\n": (
        "parameters.x.distribution is no distribution of W&B, but got 'log_unifrom' (did you mean "
        "'log_uniform'?)"
    ),
    f"{HEAD}  x: {{min: 2, max: 1}}\n": "parameters.x needs min <= max, but got min=2 and max=1",
    f"{HEAD}  x: {{min: 2}}\n": "parameters.x needs the key 'max', as its distribution is uniform",
    f"{HEAD}  x: {{min: a, max: 1}}\n": "parameters.x.min must be a number, but got 'a'",
    f"{HEAD}  x: {{values: 3}}\n": "parameters.x.values must be a list, but got 3",
    f"{HEAD}  x: {{values: []}}\n": "parameters.x.values must hold at least one value",
    f"{HEAD}  x: {{distribution: log_uniform_values, min: 0, max: 1}}\n": (
        "parameters.x needs min > 0, as it is drawn by ratio"
    ),
    f"{HEAD}  x: {{distribution: log_uniform, min: 1, max: 9999}}\n": "needs exponents of e",
    f"{HEAD}  x: {{distribution: q_uniform, min: 1, max: 9, q: 0}}\n": "x.q must be above 0",
    f"{HEAD}  x: {{distribution: normal, sigma: -1}}\n": "x.sigma must be above 0, but got -1",
    f"{HEAD}  x: {{values: [1, 2], probabilities: [1]}}\n": (
        "x.probabilities must be 2 numbers that sum to 1"
    ),
    f"{HEAD}  x: {{parameters: {{y: {{}}}}}}\n": "parameters.x.parameters.y needs value, values",
    f"{HEAD}  a.b: {{value: 1}}\n  a: {{parameters: {{b: {{value: 1}}}}}}\n": (
        "sweep.yaml:5: parameters.a.parameters.b is 'a.b', which is there twice"
    ),
    f"{HEAD}  x: {{value: 1}}\nmetric: loss\n": "metric must be a mapping with name and goal",
    f"{HEAD}  x: {{value: 1}}\nmetric: {{goal: up}}\n": "metric.goal must be minimize or maximize",
    f"{HEAD}  x: {{value: 1}}\ncommand: {{}}\n": "command must be a list of words",
    f"{HEAD}  x: {{value: 1}}\nearly_terminate: {{type: median}}\n": (
        "early_terminate must be a mapping with type: hyperband"
    ),
    f"{HEAD}  x: !!python/object:os.system {{value: 1}}\n": "tags are refused",
}


@each("text", WRONG)
def test_a_file_that_is_no_sweep_is_refused_with_its_place(tmp_path: Path, text: str) -> None:
    file = tmp_path / "sweep.yaml"
    file.write_text(text)
    with pytest.raises(SweeperError) as refused:
        converted(str(file))
    assert WRONG[text] in str(refused.value) and str(file) in str(refused.value)


def test_all_mistakes_of_a_sweep_are_told_at_once(tmp_path: Path) -> None:
    file = tmp_path / "sweep.yaml"
    file.write_text("program: t.py\nmethod: no\nparameters:\n  a: 1\n  b: {}\n")
    with pytest.raises(SweeperError) as refused:
        converted(str(file))
    assert [line.split(":")[1] for line in str(refused.value).splitlines()] == ["2", "4", "5"]


def test_what_is_no_text_or_no_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "bytes.yaml").write_bytes(b"\x93\x00\xff" * 99)
    (tmp_path / "bytes.bin").write_bytes(b"\x93\x00\xff" * 99)
    (tmp_path / "zeros.txt").write_bytes(b"a=1\0")
    (tmp_path / "blank.txt").write_text("\n \n")
    (tmp_path / "large.txt").write_text("a=1\n" * 300_000)
    for name, said in {
        "bytes.yaml": "is UTF-8 text, but this is not",
        "bytes.bin": "is neither text nor a storage of Optuna's",
        "zeros.txt": "is neither a text of overrides nor a storage",
        "blank.txt": "the file is empty",
        "large.txt": "is neither a text of overrides nor a storage",
        "": "is a folder, not a YAML file",
        "none.yaml": "there is no such file",
    }.items():
        with pytest.raises(SweeperError, match=said):
            converted(str(tmp_path / name))
    with pytest.raises(SweeperError, match="study= names a study in Optuna's storage"):
        converted(str(tmp_path / "blank.txt"), study="x")


def test_a_space_that_cannot_be_is_refused_whole(tmp_path: Path) -> None:
    file = tmp_path / "sweep.yaml"
    many = "\n".join(f"  p{n}: {{values: {[*range(60)]}}}" for n in range(4))
    file.write_text(f"program: train.py\nmethod: grid\nparameters:\n{many}\n")
    with pytest.raises(SweeperError, match="no space can say this"):
        converted(str(file))
