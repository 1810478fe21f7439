"""Sweeps of Hydra as spaces: command lines, overrides and configurations of a sweeper."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from sweeper.converting.source import converted
from sweeper.errors import SweeperError
from sweeper.planning.loading import load
from sweeper.space.overrides import parse_words
from tests.helpers.cases import each
from tests.helpers.converted_space import axes, loaded, told

pytest.importorskip("hydra")
_OWN = "hydra.run.dir='{folder}'"
"""The word that gives a run of Hydra's program the run's own folder."""

OVERRIDES = {
    "lr=0.1,0.01": {"lr": {"kind": "float", "values": [0.1, 0.01]}},
    "width=64,128": {"width": {"kind": "int", "values": [64, 128]}},
    "+model=resnet,vit": {"model": {"kind": "choice", "values": ["resnet", "vit"]}},
    "++opt.name=adam,null": {"opt.name": {"kind": "choice", "values": ["adam", None]}},
    "db@backup=mysql,sqlite": {"db@backup": {"kind": "choice", "values": ["mysql", "sqlite"]}},
    "model/encoder=a,b": {"model/encoder": {"kind": "choice", "values": ["a", "b"]}},
    "x=range(1,5)": {"x": {"kind": "int", "values": [1, 2, 3, 4]}},
    "x=range(0,1,0.25)": {"x": {"kind": "float", "values": [0.0, 0.25, 0.5, 0.75]}},
    "x=range(5,1,-2)": {"x": {"kind": "int", "values": [5, 3]}},
    "x=range(0,1000,10)": {"x": {"kind": "int", "low": 0, "high": 990, "step": 10}},
    "x=choice(a,'b c')": {"x": {"kind": "choice", "values": ["a", "b\\ c"]}},
    "x=choice(true,false)": {"x": {"kind": "choice", "values": [True, False]}},
    "x=[1,2],[3,4]": {"x": {"kind": "choice", "values": ["[1,2]", "[3,4]"]}},
    "x={a:1},{a:2}": {"x": {"kind": "choice", "values": ["{a:1}", "{a:2}"]}},
    "x=sort(3,1,2)": {"x": {"kind": "int", "values": [1, 2, 3]}},
    "x=int(1.2,2.7)": {"x": {"kind": "int", "values": [1, 2]}},
    "x=1,'1'": {"x": {"kind": "choice", "values": [1, "'1'"]}},
    "x=1,1,2": {"x": {"kind": "int", "values": [1, 2]}},
    "x=interval(0,1)": {"x": {"kind": "float", "low": 0.0, "high": 1.0}},
    "x=int(interval(1,9))": {"x": {"kind": "int", "low": 1, "high": 9}},
    "x=tag(log,interval(1e-5,0.1))": {
        "x": {"kind": "float", "low": 1e-5, "high": 0.1, "log": True}
    },
    "x=tag(log,int(interval(1,512)))": {"x": {"kind": "int", "low": 1, "high": 512, "log": True}},
}


@each("override", OVERRIDES)
def test_an_override_is_the_axis_of_its_values(tmp_path: Path, override: str) -> None:
    file = tmp_path / "overrides.txt"
    file.write_text(f"# what is swept\n{override}\n")
    draft = converted(str(file), program="train.py")
    space, key = loaded(draft, tmp_path), override.partition("=")[0]
    assert axes(space) == OVERRIDES[override]
    word = f"{key}={{{key.lstrip('+')}}}"
    assert space.command == ("python", "train.py", word, _OWN)
    expected = (
        ("random", 9 if "9" in override else 50) if "interval" in override else ("grid", None)
    )
    assert (space.sampler.name, space.trials) == expected


LINES = {
    "python train.py -m lr=0.1,0.2 seed=0,1 batch=8": (
        f"python train.py lr={{lr}} seed={{seed}} batch={{batch}} {_OWN}",
        {"seeds": (0, 1), "fixed": {"batch": 8}}, ["seed", "direction"],
    ),
    "python train.py --multirun lr=0.1,0.2 ~b '~c=1' '+s=\"a b\"' 'd=${oc.env:HOME}/x'": (
        f'python train.py lr={{lr}} ~b ~c=1 +s={{s}} d={{d}} {_OWN}',
        {"fixed": {"s": '"a b"', "d": "${oc.env:HOME}/x"}}, ["direction"],
    ),
    "A=1 python -u train.py -cn big --config-dir=d -m lr=1,2 && echo done": (
        f"env A=1 python -u train.py -cn big --config-dir=d lr={{lr}} {_OWN}", {},
        ["&& echo done", "direction"],
    ),
    "python -m pkg.train lr=1,2 hydra.run.dir=o hydra.sweep.dir=p hydra/launcher=joblib -m": (
        "python -m pkg.train lr={lr} hydra.run.dir=o", {"study": "train"},
        ["hydra.sweep.dir", "hydra/launcher", "direction"],
    ),
    "python train.py -m steps=1,2 'x={a:1}' hydra.verbose=true": (
        f"python train.py steps={{steps_value}} x={{x}} hydra.verbose=true {_OWN}",
        {"fixed": {"x": "{a:1}"}}, ["steps", "direction"],
    ),
    "python train.py -m 'x=range(1,5)' hydra/sweeper=optuna hydra.sweeper.n_trials=4 "
    "hydra.sweeper.direction=maximize hydra.sweeper.sampler.seed=3 hydra.sweeper.n_jobs=8": (
        f"python train.py x={{x}} {_OWN}",
        {"direction": "maximize", "trials": 4, "steps": 100},
        ["x", "hydra.sweeper.n_jobs"],
    ),
    "python train.py -m 'x=interval(0,1)' hydra/sweeper=ax "
    "hydra.sweeper.ax_config.max_trials=9 hydra.sweeper.ax_config.experiment.minimize=false": (
        f"python train.py x={{x}} {_OWN}", {"direction": "maximize", "trials": 9},
        ["hydra/sweeper"],
    ),
    "python train.py -m lr=1,2 +b=3 lr=4,5": (
        f"python train.py +b={{b}} lr={{lr}} {_OWN}", {"fixed": {"b": 3}}, ["lr", "direction"],
    ),
    "python train.py -m \\\n  lr=1,2 \\\n  opt=a,b\npython other.py -m x=1,2": (
        f"python train.py lr={{lr}} opt={{opt}} {_OWN}", {}, ["python other.py x=1,2", "direction"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("line", LINES)
def test_a_command_line_is_a_command_and_what_is_lost_is_told(tmp_path: Path, line: str) -> None:
    words, keys, lost = LINES[line]
    (tmp_path / "pkg").mkdir()
    (tmp_path / "pkg" / "train.py").touch()
    draft = converted(line)
    space = loaded(draft, tmp_path)
    assert space.command is not None and list(space.command) == words.split()
    assert {key: getattr(space, key) for key in keys} == keys
    assert sorted(told(draft)) == sorted(lost)


def test_what_is_put_in_is_told_with_the_words_that_change_it(tmp_path: Path) -> None:
    draft = converted("python train.py -m lr=0.1,0.2 batch=8")
    loaded(draft, tmp_path)
    keys = {line.partition(": ")[0]: line[:-1].rpartition(" (")[2] for line in draft.invented}
    assert keys == {
        "score.metric": "score.metric=NAME",
        "tasks.train": "tasks.train.low=N tasks.train.high=N",
        "seeds": "seeds=N",
        "steps": "steps=N",
    }
    words = " ".join(keys.values()).replace("low=N", "low=-7").replace("NAME", "x")
    _, changed = parse_words(words.replace("N", "7").split(), ())
    space = load(tmp_path / "space.yaml", overrides=changed)
    assert (space.steps, len(space.seeds), space.score.metric) == (7, 7, "x")
    assert (space.tasks["train"].low, space.tasks["train"].high) == (-7, 7)
    assert '"seed={seed}", or the program reads SWEEPER_SEED' in draft.text()
    draft = converted("python train.py -m lr=0.1,0.2 steps=30 seed=0,1")
    assert [line.partition(": ")[0] for line in draft.invented] == ["score.metric", "tasks.train"]
    assert loaded(draft, tmp_path).steps == 30


def test_a_range_of_optuna_s_sweeper_holds_its_stop(tmp_path: Path) -> None:
    draft = converted("python train.py -m x=range(1,5) hydra/sweeper=optuna")
    assert axes(loaded(draft, tmp_path)) == {"x": {"kind": "int", "values": [1, 2, 3, 4, 5]}}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program of Hydra's with its configurations."""
    monkeypatch.chdir(tmp_path)
    for name in ("conf/model/small", "conf/model/large", "conf/model/old"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / f"{name}.yaml").touch()
    (tmp_path / "train.py").write_text("import hydra\n@hydra.main()\ndef main(c): ...\n")
    return tmp_path


def test_a_glob_is_the_options_of_a_group(project: Path) -> None:
    draft = converted("python train.py -m 'model=glob(*,exclude=old)'")
    assert axes(loaded(draft, project)) == {
        "model": {"kind": "choice", "values": ["large", "small"]}
    }
    assert "data" in told(converted("python train.py -m 'data=glob(*)'"))
    with pytest.raises(SweeperError, match="picks none of the group's options: large, old, small"):
        converted("python train.py -m 'model=glob(x*)'")


CONFIG = """\
defaults:
  - model: small
  - override hydra/sweeper: optuna
  - override hydra/sweeper/sampler: {sampler}
hydra:
  mode: MULTIRUN
  launcher: {{n_jobs: 4}}
  sweeper:
    sampler: {{seed: 7, n_startup_trials: 5, odd: 1}}
    direction: {direction}
    study_name: sphere
    n_trials: 12
    max_failure_rate: 0.1
    params:
      x: range(-1, 1, step=0.5)
      y: choice(1, 2)
      z: tag(log, interval(1e-4, 1e-1))
      model: glob(*)
      width: 64
      flag: [true, false]
width: 8
"""


def test_a_configuration_of_the_optuna_sweeper(project: Path) -> None:
    file = project / "conf" / "config.yaml"
    file.write_text(CONFIG.format(sampler="tpe", direction="maximize"))
    draft = converted(str(file))
    space = loaded(draft, project)
    assert axes(space) == {
        "x": {"kind": "float", "values": [-1.0, -0.5, 0.0, 0.5, 1.0]},
        "y": {"kind": "int", "values": [1, 2]},
        "z": {"kind": "float", "low": 1e-4, "high": 0.1, "log": True},
        "model": {"kind": "choice", "values": ["config", "large", "old", "small"][1:]},
    }
    assert space.fixed == {"width": 64, "flag": "[True,False]"}
    assert (space.study, space.direction, space.trials) == ("sphere", "maximize", 12)
    assert space.sampler.options == {"seed": 7, "n_startup_trials": 5}
    assert space.command is not None and space.command[-1] == "hydra.mode=RUN"
    assert sorted(told(draft)) == sorted(
        ("hydra.launcher", "x", "hydra.sweeper.sampler.odd", "hydra.sweeper.max_failure_rate")
    )


@pytest.mark.parametrize(
    ("sampler", "name", "lost"),
    [("cmaes", "cmaes", 0), ("motpe", "tpe", 1), ("random", "random", 0), ("grid", "grid", 0)],
)
def test_a_sampler_is_ours_of_that_name(project: Path, sampler: str, name: str, lost: int) -> None:
    file = project / "conf" / "config.yaml"
    text = CONFIG.format(sampler=sampler, direction="minimize").replace("{seed: 7", "{seed: null")
    file.write_text(text.replace("model: glob(*)", "v: interval(0, 1)"))
    draft = converted(str(file))
    assert loaded(draft, project).sampler.name == name
    assert told(draft).count("hydra.sweeper.sampler") == lost


def test_several_directions_are_several_scores(project: Path) -> None:
    file = project / "conf" / "config.yaml"
    file.write_text(CONFIG.format(sampler="nsgaii", direction="[minimize, maximize]"))
    space = loaded(converted(str(file)), project)
    assert space.directions == ("minimize", "maximize")
    assert [score.metric for score in space.scores] == ["value_1", "value_2"]


@pytest.mark.parametrize("known", [True, False])
def test_a_file_of_a_group_is_named_by_a_word(project: Path, known: bool) -> None:
    (project / "conf" / "experiment").mkdir()
    (project / "conf" / "config.yaml").write_text("defaults: [model: small]\n")
    if known:
        (project / "conf" / "config.yaml").write_text("defaults:\n  - experiment: null\n")
    file = project / "conf" / "experiment" / "rates.yaml"
    file.write_text("# @package _global_\nhydra: {sweeper: {params: {lr: '1e-3,1e-2'}}}\n")
    space = loaded(converted(str(file)), project)
    assert space.command is not None
    assert space.command[2] == ("" if known else "+") + "experiment=rates"


def test_the_older_search_space_is_read(project: Path) -> None:
    file = project / "conf" / "config.yaml"
    file.write_text(
        "hydra:\n  sweeper:\n    n_trials: 3\n    search_space:\n"
        "      x: {type: float, low: -5.5, high: 5.5, step: 0.5}\n"
        "      n: {type: int, low: 1, high: 64, log: true}\n"
        "      y: {type: categorical, choices: [-5, 0, 5]}\n"
    )
    assert axes(loaded(converted(str(file)), project)) == {
        "x": {"kind": "float", "low": -5.5, "high": 5.5, "step": 0.5},
        "n_value": {"kind": "int", "low": 1, "high": 64, "log": True},
        "y": {"kind": "int", "values": [-5, 0, 5]},
    }


WRONG = {
    "lr=0.1,": "'lr=0.1,' is no override: ",
    "lr='": "is no override",
    "lr=interval(3,1)": "an interval goes from low to high, but got 3.0 and 1.0",
    "lr=tag(log,interval(0,1))": "an interval by ratio begins above 0",
    "lr=range(1,1)": "the range holds no number",
    "lr=range(0,1e9)": "a range holds at most 100000 numbers",
    "python train.py -m": "holds neither a command such as",
    "foo bar": "holds neither a command such as",
    "python train.py -m lr=1,2 what": "'what' is no override of Hydra's",
    "python train.py -m 'lr=1,2": "cannot be split into words",
    "x=1,2 hydra.sweeper.direction=up": "direction must be minimize or maximize, but got 'up'",
}


@pytest.mark.parametrize("text", WRONG)
def test_what_hydra_refuses_is_refused(text: str) -> None:
    with pytest.raises(SweeperError) as refused:
        converted(text)
    assert WRONG[text] in str(refused.value)


def test_without_hydra_core_its_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "hydra.core.override_parser.overrides_parser", None)
    with pytest.raises(SweeperError, match=r"hydra-core.*\.\[hydra\]"):
        converted("lr=1,2")
