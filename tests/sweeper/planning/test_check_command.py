"""What is wrong with a command is told before anything starts, with what is valid."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from sweeper.errors import SweeperError
from sweeper.planning.configurations import notes
from sweeper.planning.loading import load
from sweeper.planning.plan import Plan
from sweeper.trainable.loading import load_trainable
from tests.helpers.cases import each

SPACE: dict[str, Any] = {
    "study": "own",
    "axes": {
        "optimizer.lr": {"kind": "float", "values": [0.1, 0.2]},
        "half": {"kind": "float", "values": [1, 2], "helper": True},
    },
    "derived": {"double": "4 * half"},
    "tasks": {"line": {"low": 0, "high": 10}},
    "seeds": 2,
    "steps": 10,
    "score": {"metric": "return"},
}


def loaded(folder: Path, command: Any, **keys: Any):
    (folder / "train.py").write_text("")
    (folder / "plain.sh").write_text("")
    file = folder / "own.yaml"
    file.write_text(yaml.safe_dump({**SPACE, "command": command, **keys}, sort_keys=False))
    return load(file)


def refused(folder: Path, command: Any, **keys: Any) -> str:
    with pytest.raises(SweeperError) as error:
        loaded(folder, command, **keys)
    return str(error.value)


@each(
    "command, words",
    [
        ([], "command needs a program as its first word"),
        ("", "command needs a program as its first word"),
        ([""], "command needs a program as its first word"),
        (["{optimizer.lr}"], "command[0] must be a program and no placeholder"),
        ({"a": 1}, "command must be a list of words, like [python, train.py, '--lr={lr}']"),
        (3, "command must be a list of words"),
        (
            ["nowhere-at-all", "x"],
            "command[0] names the program 'nowhere-at-all', but there is none",
        ),
        (
            ["CUDA_VISIBLE_DEVICES=0", "python", "train.py"],
            "command[0] sets a variable, which only a shell does: put env before it, as in "
            "[env, CUDA_VISIBLE_DEVICES=0, python, …]",
        ),
        (["./nowhere"], "command[0] names the program './nowhere', but there is none in"),
        (["plain.sh"], "is not on PATH; the file beside the space is ./plain.sh"),
        (["./plain.sh"], "is not executable: chmod +x it, or put its interpreter before it"),
        (
            ["python", "-u", "trian.py"],
            "command[2] names the script 'trian.py', but there is no such file in",
        ),
        (["python", "trian.py"], "(did you mean 'train.py'?)"),
        (["python", "{lr}"], "names no parameter: 'lr' in '{lr}'"),
        (
            ["python", "{optimiser.lr}"],
            "(did you mean 'optimizer.lr'?); valid: optimizer.lr, double",
        ),
        (["python", "{half}"], "names 'half', which is a helper: no run has it"),
        (["python", "{optimizer.lr:.3f}"], "values are written as they are, without a format"),
        (["python", "{}"], "has braces without a name of a parameter between them"),
        (["python", "{a"], "{{ and }} stand for braces"),
        (["python", "a}"], "{{ and }} stand for braces"),
        (
            ["python", {"folder": None}],
            "is read as a mapping by YAML; write it in quotes: '{folder}'",
        ),
        (["python", None], "must be a word, but got null; write it in quotes"),
        (["python", ["a"]], "must be a word, but got the list ['a']"),
        ("python train.py > out", "is run without a shell, which alone knows what '>' means"),
        ("python train.py $HOME", "which alone knows what '$' means"),
        ("python 'train.py", "cannot be split into words: No closing quotation"),
    ],
)
def test_a_command_that_cannot_be_run_is_refused(tmp_path: Path, command: Any, words: str) -> None:
    assert words in refused(tmp_path, command)


def test_braces_without_quotes_in_a_list_are_explained(tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text("command: [python, train.py, --lr={lr}]\n")
    with pytest.raises(SweeperError, match="in a list quote a text that has braces in it"):
        load(tmp_path / "own.yaml")


@pytest.mark.parametrize(
    ("words", "unfound"),
    [
        (["-m", "gone.train", "--lr={optimizer.lr}", "--seed={seed}"], "gone.train"),
        (["-u", "-m", "gone"], "gone"),
        (["-mgone"], "gone"),
        (["-W", "ignore", "-m", "json.gone"], "json.gone"),
        (["-X", "dev", "train.py", "-m", "gone"], ""),
        (["train.py", "-m", "resnet"], ""),
        (["-c", "pass", "-m", "gone"], ""),
        (["-m", "train"], ""),
        (["-m", "json.tool"], ""),
        (["train.py", "-m", "{optimizer.lr}"], ""),
        (["train.py", "-m", "3"], ""),
    ],
)
def test_a_module_that_is_not_there_is_told(tmp_path: Path, words: list[str], unfound: str) -> None:
    space = loaded(tmp_path, ["python", *words])
    told = [line for line in notes.lines(Plan(space, load_trainable(space))) if "module" in line]
    line = f"command runs the module {unfound}, which this Python does not find"
    assert told == ([line] if unfound else [])


def test_a_parameter_called_like_what_is_told_of_a_run_is_ambiguous(tmp_path: Path) -> None:
    text = refused(tmp_path, ["python", "{folder}"], fixed={"folder": 3})
    assert "names 'folder', which is the run's and a parameter's" in text
    assert loaded(tmp_path, ["python", "{seed}"], fixed={"folder": 3})


@each(
    "word, words",
    [
        (
            "--lr=${lr}",
            "command[2] has a $ before a placeholder, which is braces alone: '--lr={lr}'",
        ),
        ("$seed", "command[2] is handed on as it stands, as no shell reads it"),
        ("--out=$HOME/x", "alone knows what '$HOME' means; name the shell: [bash, -c, …]"),
        ("~/data", "alone knows what '~' means"),
        (">", "alone knows what '>' means"),
        ("2>&1", "alone knows what '2>&1' means"),
        ("$(hostname)", "alone knows what '$(hostname)' means"),
        ("--out=~/x", "alone knows what '~' means"),
        ("`nproc`", "alone knows what '`nproc`' means"),
        ("$1", "alone knows what '$1' means"),
        ("<in", "alone knows what '<' means"),
        (";", "alone knows what ';' means"),
    ],
)
def test_what_only_a_shell_understands_is_told(tmp_path: Path, word: str, words: str) -> None:
    assert words in refused(tmp_path, ["python", "train.py", word], fixed={"lr": 3})
    in_shell = f"python train.py {word}".replace("{lr}", "{{lr}}")
    assert loaded(tmp_path, ["bash", "-c", in_shell], fixed={"lr": 3})


def test_all_mistakes_of_a_command_are_told_at_once(tmp_path: Path) -> None:
    text = refused(tmp_path, ["nowhere-at-all", "{lr}", "{x}"], steps=0, figures=["heatmop"])
    for words in ("command[0] names", "command[1] names", "command[2] names", "steps must be"):
        assert words in text
    assert "figures[0] must be a figure" in text


def test_parameters_of_blocks_are_known(tmp_path: Path) -> None:
    axes = {"k": {"kind": "int", "values": [1, 2]}}
    blocks = {"plain": {"fixed": {"depth": 1}}, "deep": {"axes": axes}}
    words = ["python", "train.py", "{depth}", "{k}"]
    assert loaded(tmp_path, words, blocks=blocks, axes={}, derived={}).blocks
    text = refused(tmp_path, [*words, "{z}"], blocks=blocks, axes={}, derived={})
    assert "names no parameter: 'z' in '{z}'; valid: depth, k" in text


def test_an_axis_may_be_called_agent(tmp_path: Path) -> None:
    axes = {"agent": {"kind": "choice", "values": ["ppo", "sac"]}}
    space = loaded(tmp_path, ["python", "train.py", "{agent}"], axes=axes, derived={})
    assert len(Plan(space, load_trainable(space)).runs) == 4


def test_a_word_of_an_axis_that_is_wrong_is_no_second_mistake(tmp_path: Path) -> None:
    axes = {"lr": {"kind": "float", "values": ["a"]}, "k": {"kind": "int", "values": [1]}}
    text = refused(tmp_path, ["python", "train.py", "{lr}"], axes=axes, derived={})
    assert "axes.lr.values" in text and "names no parameter" not in text


def test_evaluation_kept_weights_and_layer_sets_are_refused(tmp_path: Path) -> None:
    command = ["python", "train.py"]
    text = refused(tmp_path, command, evaluation={"every": 1, "episodes": 1})
    assert "must go: a command evaluates itself" in text
    text = refused(tmp_path, command, checkpoint={"keep": "best"})
    assert "keep files in SWEEPER_FOLDER, which stays" in text
    layers = {"sn.layers": {"kind": "layers", "sets": ["none", [-1]]}}
    assert "layer sets need an agent" in refused(tmp_path, command, axes=layers, derived={})


def test_what_no_word_names_is_told(tmp_path: Path) -> None:
    def told(*words: str) -> list[str]:
        space = loaded(tmp_path, ["python", "train.py", *words])
        return list(notes.lines(Plan(space, load_trainable(space))))

    assert told() == [
        "no word of the command names optimizer.lr: the program must read SWEEPER_PARAMS",
        "no word of the command names seed: the program must read SWEEPER_SEED",
    ]
    assert told("{optimizer.lr}", "{seed}") == []
    assert told("{params}") == []


def test_what_is_trained_is_named_by_its_words(tmp_path: Path) -> None:
    space = loaded(tmp_path, ["python", "train.py", "--lr={optimizer.lr}", "a b"])
    assert space.identity == "command python train.py --lr={optimizer.lr} 'a b'"
    other = loaded(tmp_path, ["python", "train.py", "--lr={optimizer.lr}", "a c"])
    ids = [{run.id for run in Plan(one, load_trainable(one)).runs} for one in (space, other)]
    assert not ids[0] & ids[1], "other words are other runs"


def test_a_script_of_a_space_that_is_extended_is_found_from_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "base").mkdir()
    loaded(tmp_path / "base", ["python", "train.py", "--lr={optimizer.lr}"])
    (tmp_path / "own.yaml").write_text("extends: base/own.yaml\nseeds: 3\n")
    assert load(tmp_path / "own.yaml").command == ("python", "base/train.py", "--lr={optimizer.lr}")


@pytest.mark.parametrize(
    "command",
    [
        ["python", "-c", "print('$HOME')", "~/x"],
        ["env", "A=3", "bash", "-c", "echo $HOME | cat", "$1"],
        ["python", "train.py", "--bos=<s>", "<unk>", "a$", "s;t"],
    ],
)
def test_what_a_shell_reads_and_what_looks_like_it_is_left_alone(
    tmp_path: Path, command: list[str]
) -> None:
    assert loaded(tmp_path, command)


def test_a_scripts_own_c_is_no_shell(tmp_path: Path) -> None:
    words = ["python", "train.py", "-c", "conf.yaml", "--data=$HOME/d", "|", "tee"]
    text = refused(tmp_path, words)
    assert [
        line.partition(" is handed on")[0].rpartition(" ")[2] for line in text.splitlines()
    ] == [
        "command[4]",
        "command[5]",
    ]


def test_a_script_that_is_not_executable_names_what_reads_it(tmp_path: Path) -> None:
    assert "as in [python, ./train.py]" in refused(tmp_path, ["./train.py"])
