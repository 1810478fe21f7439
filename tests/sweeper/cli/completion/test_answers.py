"""What may follow a line: commands, their words, and values of these."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from sweeper import lookup
from sweeper.cli import command_line
from sweeper.cli.app import OPTIONS
from sweeper.cli.completion import scripts, values
from sweeper.cli.completion.answers import answers
from sweeper.cli.completion.values import Asked
from sweeper.paths import StudyPaths
from sweeper.report.progress import run_list
from sweeper.results.export import tidy_tables
from sweeper.study import note, studies
from tests.helpers.cases import each
from tests.helpers.command import call
from tests.helpers.function_space import loaded
from tests.helpers.told_study import Told

AXES = {
    "lr": {"kind": "float", "values": [0.1, 0.2]},
    "opt.eps": {"kind": "float", "low": 1, "high": 2, "count": 2},
}


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a space, of which there is a study that nobody has trained."""
    space = loaded(tmp_path, axes=AXES, scales={"laptop": {}, "smoke": {"seeds": 1}})
    studies.start(tmp_path / "studies" / "demo", space)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def words(line: str) -> list[str]:
    return [answer.word for answer in answers(line)]


def test_all_commands_are_offered_with_what_they_do() -> None:
    told = {answer.word: answer.about for answer in answers("sweeper ")}
    commands = {one.name: one.help for one in command_line.app.registered_commands}
    assert told.pop("--version")
    assert told.keys() == commands.keys()
    assert all(about and commands[name].startswith(about) for name, about in told.items())
    assert words("sweeper heat") == ["heatmap"] and words("sweeper --h") == ["--help"]


@each("command", sorted(OPTIONS))
def test_all_options_of_each_command_are_offered_in_both_spellings(command: str) -> None:
    offered = words(f"sweeper {command} ")
    assert {f"{option}=" for option in OPTIONS[command]} <= {*offered}
    dashed = words(f"sweeper {command} --")
    assert dashed == [*(f"--{option.replace('_', '-')}" for option in OPTIONS[command]), "--help"]


@pytest.mark.usefixtures("study")
@each(
    "line, expected",
    [
        ("sweeper status study=", ["study=demo"]),
        ("sweeper status --study ", ["demo"]),
        ("sweeper status --study=d", ["--study=demo"]),
        ("sweeper status de", ["demo"]),
        ("sweeper status demo f", ["format="]),
        ("sweeper status demo study", []),
        ("sweeper status study=demo format=", ["format=text", "format=json"]),
        ("sweeper status --watch --format ", ["text", "json"]),
        ("sweeper runs format=c", ["format=csv"]),
        ("sweeper table format=", ["format=markdown", "format=latex", "format=csv"]),
        ("sweeper retry state=o", ["state=oom"]),
        ("sweeper runs state=o", ["state=open", "state=oom"]),
        ("sweeper run x.yaml scale=", ["scale=laptop", "scale=smoke"]),
        ("sweeper run x.yaml --scale s", ["smoke"]),
        ("sweeper run x.yaml dispatch=l", ["dispatch=local"]),
        ("sweeper run x.yaml profile=gp", ["profile=gpu"]),
        ("sweeper run x.yaml profile=gpu,d", ["profile=gpu,default"]),
        ("sweeper run x.yaml extend=", ["extend=true", "extend=false"]),
        ("sweeper run x.yaml axes.l", ["axes.lr.kind=", "axes.lr.values="]),
        ("sweeper run x.yaml axes.opt.eps.c", ["axes.opt.eps.count="]),
        ("sweeper run x.yaml limits.h", ["limits.hours="]),
        ("sweeper run x.yaml lim", ["limits."]),
        ("sweeper run x.yaml see", ["seeds="]),
        ("sweeper run x.y", ["x.yaml"]),
        ("sweeper run x.yaml x.y", []),
        ("sweeper run ./x", ["./x.yaml"]),
        ("sweeper run minatar_a", ["minatar_adam_sn"]),
        ("sweeper run gone.yaml scale=", []),
        ("sweeper plan 'x.y", ["x.yaml"]),
        ("sweeper heatmap study=demo x=", ["x=lr", "x=opt.eps", "x=task"]),
        ("sweeper heatmap x=o", ["x=opt.eps"]),
        ("sweeper table y=lr,", ["y=lr,lr", "y=lr,opt.eps", "y=lr,task"]),
        ("sweeper best where=o", ["where=opt.eps="]),
        ("sweeper best where=lr=0.1 whe", ["where="]),
        ("sweeper status root=st", ["root=studies/"]),
        ("sweeper status root=studies/ root", []),
        ("sweeper status root=nowhere study=", []),
        ("sweeper agents dq", ["dqn"]),
        ("sweeper completion z", ["zsh"]),
        ("sweeper sync to=", ["to=mlflow", "to=tensorboard", "to=wandb"]),
        ("sweeper rename study=demo to=", []),
        ("sweeper convert x", ["x.yaml"]),
        ("sweeper convert ./f", ["./f.py"]),
        ("sweeper convert d", []),
        ("sweeper convert x.yaml s", ["study="]),
        ("sweeper convert x.yaml study=", []),
        ("sweeper convert x.yaml program=", ["program=f.py", "program=studies/"]),
        ("sweeper new x", ["x.yaml"]),
        ("sweeper new d", []),
        ("sweeper new x.yaml agent=dq", ["agent=dqn"]),
        ("sweeper new x.yaml function=f", ["function=f.py"]),
        ("sweeper status state=", []),
        ("sweeper nonsense ", []),
        ("sweeper", []),
        ("", []),
    ],
)
def test_what_follows(line: str, expected: list[str]) -> None:
    assert words(line) == expected


def test_a_folder_whose_names_have_blanks(here: Path) -> None:
    (here / "my spaces").mkdir()
    (here / "my spaces" / "a b.yaml").touch()
    assert words("sweeper run my") == ["my spaces/"]
    assert words("sweeper run 'my spaces/") == ["my spaces/a b.yaml"]
    assert list(scripts.answered("bash", "sweeper run my")) == ["my\\ spaces/"]
    assert list(scripts.answered("bash", "sweeper run 'my")) == ["my spaces/"]
    assert list(scripts.answered("bash", "sweeper run my\\ spaces/a")) == [
        "my\\ spaces/a\\ b.yaml "
    ]


def test_tags_of_the_studies_that_are_there(study: Path) -> None:
    for name, tags in (("demo", "paper,old"), ("other", "paper,new")):
        (study / "studies" / name / "plans").mkdir(parents=True, exist_ok=True)
        (study / "studies" / name / "plans" / "0").touch()
        note.write(StudyPaths(study / "studies" / name), note.Note().changed(tags=tags))
    assert words("sweeper studies tag=") == ["tag=new", "tag=old", "tag=paper"]
    assert words("sweeper note demo tags=mine,p") == ["tags=mine,paper"]
    assert words("sweeper studies root=nowhere tag=") == []


def test_runs_that_a_command_can_do_something_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = Told(tmp_path)
    monkeypatch.chdir(tmp_path)
    first, second, third, _ = (run.id for run in told.runs[:4])
    told.tells(told.runs[0], "complete", (40, {"return": 1.0}))
    told.tells(told.runs[1], "running")
    weights = told.study.paths.weights
    weights.mkdir()
    for name in (f"{third}.npz", f".{first}.0.0.teller.npz"):
        (weights / name).touch()
    assert words("sweeper logs told run=") == sorted([f"run={first}", f"run={second}"])
    assert words(f"sweeper logs run={second[:-1]}") == [f"run={second}"]
    assert words("sweeper rerun told --run ") == [first]
    assert words("sweeper play study=told run=") == [f"run={third}"]
    for number in range(300):
        (weights / f"{number:03}.npz").touch()
    assert len(words("sweeper play run=")) == 200
    assert words("sweeper play run=29")[-1] == "run=299"


def test_values_are_those_that_commands_know() -> None:
    asked = Asked("runs", {}, None, "")
    assert {*values.TABLES} == {*tidy_tables.TABLES}
    assert values.values("format", asked) == [*run_list.FORMATS]
    assert values.values("dispatch", asked) == lookup.names("sweeper.dispatch")
    for option in command_line.FLAGS:
        assert values.values(option, asked) == ["true", "false"]
    known = {option for options in OPTIONS.values() for option in options}
    told = {*values.KNOWN, *(option for _, option in values.OF_COMMAND), *command_line.FLAGS}
    assert told <= known


def test_a_shell_without_a_script_is_refused(caplog: pytest.LogCaptureFixture) -> None:
    assert call("completion", "tcsh") == 2 == call("completion")
    assert "unknown shell 'tcsh'; valid: bash, zsh, fish" in caplog.text


def test_answering_imports_nothing_heavy() -> None:
    code = (
        "import sys; from sweeper.cli import command_line;"
        "from sweeper.cli.completion.answers import answers;"
        "assert answers('sweeper run minatar_adam_sn scale='); assert answers('sweeper table x');"
        "print([m for m in ['torch', 'pandas', 'optuna', 'matplotlib'] if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
