"""Every mistake ends with one message and exit code 2, and nothing is started."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import sweeper
from sweeper import lookup
from sweeper.cli import command_line
from sweeper.space import figure_options
from tests.helpers.cases import each
from tests.helpers.command import call

Capture = pytest.CaptureFixture[str]


MISTAKES = [
    (["evry=3"], "unknown option or key of the space 'evry'"),
    (["seeds"], "has no '='"),
    (["seeds=0"], "seeds"),
    (["seeds=many"], "seeds"),
    (["seeds=[1,1]"], "seeds"),
    (["steps=0"], "steps"),
    (["steps=ten"], "steps"),
    (["workers=0"], "workers must be a whole number from 1, but got '0'"),
    (["workers=two"], "workers must be a whole number from 1, but got 'two'"),
    (["pack=0"], "pack must be auto or a whole number from 1, but got '0'"),
    (["device=gpu"], "device must be cpu or cuda, but got 'gpu'"),
    (["dispatch=lokal"], "did you mean 'local'"),
    (["dispatch=inline", "workers=2"], "dispatch=inline has one worker"),
    (["group=maybe"], "group must be true or false"),
    (["scale=huge"], "unknown scale 'huge'"),
    (["name="], "name= needs a value"),
    (["name=a/b"], "must be a plain file name"),
    (["name=.."], "must be a plain file name"),
    (["agent=dqnn"], "did you mean 'dqn'"),
    (["sampler=grit"], "did you mean 'grid'"),
    (["score.metric=valeu"], "did you mean 'value'"),
    (["axes.width.kind=choise"], "did you mean 'choice'"),
    (["axes.size.values=[]"], "size"),
    (["axes.size.values=[1,1.0]"], "size"),
    (["axes.size.values=[a]"], "must be a number"),
    (["tasks={lien: {low: 0, high: 1}}"], "did you mean 'line'"),
    (["seeds=3", "seeds=4"], "given twice"),
    (["figures=[{heatmap: {x: size, y: size}}]"], "must be another axis than x, but got 'size'"),
    (["figures=[{curves: {metric: valeu}}]"], "did you mean 'value'"),
    (["figures=[{curves: {hue: sice}}]"], "did you mean 'size'"),
    (
        ["axes.size.values=[1,2,3,4,5,6,7,8,9]", "figures=[{curves: {hue: size}}]"],
        "takes an axis of at most 8 values, but 'size' has 9",
    ),
]


@each("words, message", MISTAKES)
def test_mistakes_in_words(
    here: Path, space_file: Path, capsys: Capture, words: list[str], message: str
) -> None:
    assert call("run", str(space_file), *words) == 2
    output = capsys.readouterr()
    assert output.err.startswith("sweeper: ")
    assert message in output.err
    assert "Traceback" not in output.err
    assert len(output.err) < 1000, "one message, not a page"
    assert not (here / "studies").exists(), "nothing is started"


FILES = {
    "empty": (b"", "empty"),
    "binary": (b"\xff\xfe\x00\x01", "text"),
    "unparsable": (b"study: [1,\n", "unparsable.yaml:"),
    "duplicate": (b"study: a\nstudy: b\n", "study"),
    "tag": (b"study: !!python/object:os.system x\n", "tag"),
    "list": (b"- 1\n", "mapping"),
    "unknown": (b"study: a\nseads: 3\n", "did you mean 'seeds'"),
    "bomb": (
        b"a: &a [x,x,x,x,x,x,x,x,x,x]\n"
        + b"".join(
            b"%c: &%c [%s]\n" % (98 + i, 98 + i, b",".join([b"*%c" % (97 + i)] * 10))
            for i in range(9)
        ),
        "alias",
    ),
}


@pytest.mark.parametrize("name", FILES)
def test_files_that_are_no_space(here: Path, capsys: Capture, name: str) -> None:
    content, message = FILES[name]
    (here / f"{name}.yaml").write_bytes(content)
    assert call("run", f"{name}.yaml") == 2
    error = capsys.readouterr().err
    assert message in error
    assert "Traceback" not in error


@pytest.mark.parametrize("path", ["nowhere.yaml", "."])
def test_paths_that_are_no_file(here: Path, capsys: Capture, path: str) -> None:
    assert call("run", path) == 2
    assert path in capsys.readouterr().err


def test_a_study_of_that_name_with_another_space(
    here: Path, space_file: Path, capsys: Capture
) -> None:
    assert call("run", str(space_file), "dispatch=inline") == 0
    capsys.readouterr()
    assert call("run", str(space_file), "dispatch=inline", "seeds=4") == 2
    error = capsys.readouterr().err
    assert "exists with another space" in error
    assert "seeds" in error
    assert "name=" in error


def test_status_as_json_and_for_people(here: Path, space_file: Path, capsys: Capture) -> None:
    assert call("run", str(space_file), "dispatch=inline") == 0
    capsys.readouterr()
    assert call("status", "study=hops", "format=json") == 0
    summary = json.loads(capsys.readouterr().out)
    assert summary["study"] == "hops"
    assert summary["runs"]["total"] == summary["runs"]["complete"] == 12
    assert summary["runs"]["open"] == summary["runs"]["failed"] == 0
    assert summary["trials"]["complete"] == 4
    assert [worker["state"] for worker in summary["workers"]] == ["left"]
    assert summary["best"]["n"] == 3
    assert call("status") == 0
    assert "12 runs: 12 complete" in capsys.readouterr().out
    assert call("studies") == 0
    assert capsys.readouterr().out.startswith("hops: 12 runs")


@pytest.mark.all_formats
def test_figures_may_change_after_the_end(here: Path, space_file: Path, capsys: Capture) -> None:
    words = ["run", str(space_file), "dispatch=inline"]
    assert call(*words) == 0
    assert call(*words, "figures=[curves]") == 0
    assert "curves.pdf" in capsys.readouterr().out


def test_why_runs_failed_is_said(here: Path, space_file: Path, capsys: Capture) -> None:
    words = ["fixed.raise_at=5", "limits.failures=1", "pack=1", "seeds=1"]
    assert call("run", str(space_file), "dispatch=inline", *words) == 1
    assert "4 failed: RuntimeError: hopped off at step 5" in capsys.readouterr().out
    assert call("status", "format=json") == 0
    summary = json.loads(capsys.readouterr().out)
    assert summary["errors"] == {"RuntimeError: hopped off at step 5": 4}
    assert summary["best"] is None


def test_a_damaged_study_does_not_hide_the_others(
    here: Path, space_file: Path, capsys: Capture
) -> None:
    assert call("run", str(space_file), "dispatch=inline") == 0
    plan = here / "studies" / "broken" / "plans" / "0"
    plan.parent.mkdir(parents=True)
    plan.write_text("{}")
    capsys.readouterr()
    assert call("studies") == 0
    output = capsys.readouterr().out
    assert "hops: 12 runs" in output
    assert "cannot be read as a study's plan" in output


def test_help_tells_whole_sentences(capsys: Capture) -> None:
    assert call("--help") == 0
    said = " ".join(capsys.readouterr().out.partition("Commands:")[2].split())
    assert "..." not in said and "the same command again goes on." in said


@pytest.mark.parametrize("figure", lookup.names("sweeper.figures"))
def test_the_help_of_a_figure_lists_what_it_takes(
    here: Path, space_file: Path, capsys: Capture, figure: str
) -> None:
    takes = {*figure_options.takes(figure), "study", "root", "out"}
    takes |= {"claim", "format"} if figure == "claims" else set()
    assert call(figure, "--help") == 0
    listed = set(re.findall(r"^ +(\w+)=  ", capsys.readouterr().out, re.MULTILINE))
    assert listed == takes


def test_spaces_are_listed_with_what_they_re_run(here: Path, capsys: Capture) -> None:
    assert call("spaces") == 0
    assert "minatar_adam_sn.yaml  Gogianu" in capsys.readouterr().out


@pytest.mark.parametrize(
    "command", ["run", "status", "studies", "spaces", "export", "heatmap", "sensitivity", "curves"]
)
def test_every_command_says_what_its_words_mean(command: str, capsys: Capture) -> None:
    assert call(command, "--help") == 0
    output = capsys.readouterr().out
    assert f"Usage: sweeper {command}" in output
    assert command == "spaces" or "=  " in output


def test_the_version(capsys: Capture) -> None:
    assert call("--version") == 0
    assert capsys.readouterr().out.startswith(f"sweeper {sweeper.__version__}")


def test_one_run_is_counted_as_one(here: Path, space_file: Path, capsys: Capture) -> None:
    words = ["seeds=1", "axes.width.values=[1]", "axes.size.values=[0.1]", "figures=[]"]
    assert call("run", str(space_file), "dispatch=inline", *words) == 0
    output = capsys.readouterr().out
    assert "hops: 1/1 run, " in output
    assert "hops: 1 run: 1 complete\n  1 trial: 1 complete" in output
    assert re.search(r"\b1 (runs|trials|seeds|tasks|workers|files|cores)\b", output) is None
    assert call("plan", str(space_file), *words) == 0
    assert "1 trial × 1 task × 1 seed = 1 run\n" in capsys.readouterr().out


def test_unknown_commands_and_flags(capsys: Capture) -> None:
    assert call("statuss") == 2
    assert call("run") == 2
    assert call("run", "x.yaml", "--workers", "3") == 2


def test_an_option_of_run_is_told_apart_where_only_a_plan_is_asked_for(
    here: Path, space_file: Path, capsys: Capture
) -> None:
    assert call("plan", str(space_file), "extend=true") == 2
    said = "extend= is an option of `sweeper run` only; valid here: scale, name, root"
    assert said in capsys.readouterr().err


def test_light_commands_import_nothing_heavy(here: Path, space_file: Path) -> None:
    call("run", str(space_file), "dispatch=inline")
    code = (
        "import sys\nfrom sweeper.cli.command_line import main\n"
        "heavy = {'torch', 'seaborn', 'pandas', 'scipy', 'submitit', 'matplotlib'}\n"
        "for words in (['--help'], ['status'], ['studies'], ['spaces'], ['heatmap', '--help']):\n"
        "    try:\n        main(words)\n    except SystemExit: pass\n"
        "    print(words, heavy & sys.modules.keys(), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    said = [line for line in done.stderr.splitlines() if line.startswith("[")]
    assert len(said) == 5 and [line for line in said if not line.endswith(" set()")] == []


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        (["status", "--study", "x"], ["status", "study=x"]),
        (["status", "--study=x", "--watch"], ["status", "study=x", "watch=true"]),
        (["status", "--watch", "false", "x"], ["status", "x", "watch=false"]),
        (["run", "--scale", "smoke", "a.yaml"], ["run", "a.yaml", "scale=smoke"]),
        (["run", "--other-code", "a.yaml"], ["run", "a.yaml", "other_code=true"]),
        (["run", "a.yaml", "--fixed.my-lr=-1"], ["run", "a.yaml", "fixed.my-lr=-1"]),
        (["curves", "--where", "lr=1e-3", "x"], ["curves", "where=lr=1e-3", "x"]),
        (["curves", "--xlim", "-1..2"], ["curves", "xlim=-1..2"]),
        (["run", "a.yaml", "--seeds"], ["run", "a.yaml", "seeds="]),
        (["-h"], ["--help"]),
        (["run", "-h"], ["run", "--help"]),
        (["run", "a=b.yaml", "seeds=1"], ["run", "a=b.yaml", "seeds=1"]),
    ],
)
def test_what_other_programs_spell_with_dashes_is_understood(
    given: list[str], meant: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    taking = lambda args, **_: asked.extend(args)  # noqa: E731
    monkeypatch.setattr(command_line, "_command", lambda: taking)
    command_line.main(given)
    assert [asked[0], *sorted(asked[1:])] == [meant[0], *sorted(meant[1:])]
    assert "=" not in "".join(asked[1:2]) or "=" in meant[1]


def test_dashes_and_words_do_the_same(here: Path, space_file: Path, capsys: Capture) -> None:
    assert call("plan", "--seeds", "2", str(space_file), "--axes.size.values", "[0.1]") == 0
    dashes = capsys.readouterr().out
    assert call("plan", str(space_file), "seeds=2", "axes.size.values=[0.1]") == 0
    assert capsys.readouterr().out == dashes
    assert call("plan", str(space_file), "--lr=0.2") == 2
    assert "unknown option or key of the space 'lr'" in capsys.readouterr().err
