"""The files that training runs, by the names under which they are recorded, and whose they are."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

import agents
from sweeper.trainable import own_files

CHECKOUT = Path(agents.__file__).parents[1]


def space(folder: Path, **keys: Any) -> dict[str, Any]:
    return {"folder": str(folder), **keys}


def write(folder: Path, **texts: str) -> None:
    for name, text in texts.items():
        (folder / f"{name}.py").write_text(text)


def test_every_file_that_a_space_names_is_trained_but_its_figures(tmp_path: Path) -> None:
    write(tmp_path, agent="import helper", axis="", body="", game="", figure="", helper="", d="")
    found = own_files.trained(
        space(
            tmp_path,
            agent=f"{tmp_path}/agent.py:Learner",
            fixed={"critic.body": "body.py:Body", "diagnostics": ["d.py:Diagnostic"]},
            axes={"x": {"kind": "axis.py:Axis"}},
            tasks={"game.py:Environment/easy": {"low": 0, "high": 1}},
            figures=[{"name": "figure.py:draw"}],
        )
    )
    names = {"agent.py", "axis.py", "body.py", "game.py", "helper.py", "d.py"}
    assert set(found) == names
    assert own_files.hashes(found)["helper.py"] == "e3b0c44298fc1c14"


def test_values_of_axes_and_defaults_of_parameters_name_files_too(tmp_path: Path) -> None:
    write(tmp_path, one="", two="", three="")
    axes = {"body": {"kind": "choice", "values": ["one.py:Body", "two.py:Body", "mlp"]}}
    function = f"{tmp_path}/gone.py:train"
    found = own_files.trained(
        space(tmp_path, function=function, axes=axes, defaults={"body": "three.py:Body"})
    )
    assert set(found) == {"one.py", "two.py", "three.py"}


def test_files_beside_the_space_are_called_by_the_way_to_them(tmp_path: Path) -> None:
    (tmp_path / "spaces").mkdir()
    (tmp_path / "lib").mkdir()
    write(tmp_path / "lib", mine="import util", util="")
    found = own_files.trained(space(tmp_path / "spaces", function="../lib/mine.py:train"))
    assert set(found) == {"../lib/mine.py", "../lib/util.py"}
    for name, path in found.items():
        assert own_files.located(name, tmp_path / "spaces").samefile(path)


def test_of_agents_only_what_the_space_needs_is_trained(tmp_path: Path) -> None:
    keys = {"agent": "dqn", "tasks": {"minatar/breakout": {"low": 0, "high": 1}}}
    keys["defaults"] = {"network.body": "minatar", "optimizer": "adam"}
    found = own_files.trained(space(tmp_path, **keys))
    assert {"agents/learners/dqn.py", "agents/envs/minatar.py", "agents/networks/minatar.py"} <= {
        *found
    }
    assert "agents/optimisers/adam.py" in found and "agents/layers/linear.py" in found
    assert not {"agents/learners/sac.py", "agents/envs/mujoco.py"} & set(found)
    assert found["agents/learners/dqn.py"] == CHECKOUT / "agents/learners/dqn.py"
    assert own_files.located("agents/learners/dqn.py", tmp_path) == found["agents/learners/dqn.py"]


@pytest.mark.parametrize(
    ("task", "files"),
    [
        ("gym/line:Line-v0", {"line.py", "util.py"}),
        ("gym/deep.line:ours/Line-v0", {"deep/line.py", "deep/util.py"}),
        ("gym/deep:Line-v0", {"deep/__init__.py"}),
        ("gym/deep/line.py:Line-v0", {"deep/line.py", "deep/util.py"}),
        ("gym/CartPole-v1", set()),
        ("gym/nowhere:Line-v0", set()),
    ],
)
def test_what_registers_an_id_and_wrappers_are_trained(
    tmp_path: Path, task: str, files: set[str]
) -> None:
    (tmp_path / "deep").mkdir()
    write(tmp_path, line="import util", util="", wrap="")
    write(tmp_path / "deep", __init__="", line="from . import util", util="")
    fixed = {"env.wrappers": ["ClipReward", {"wrap.py:Clip": {"by": 3}}]}
    tasks = {task: {"low": 0, "high": 1}}
    found = own_files.trained(space(tmp_path, agent="dqn", tasks=tasks, fixed=fixed))
    own = {name for name in found if not name.startswith("agents/")}
    assert files | {"wrap.py"} <= own <= files | {"wrap.py", "deep/__init__.py"}
    assert "agents/envs/gym.py" in found


def test_an_own_agent_s_imports_of_agents_count(tmp_path: Path) -> None:
    write(tmp_path, mine="from agents.learners import td2\nimport sweeper.extending")
    found = own_files.trained(space(tmp_path, agent="mine.py:Learner"))
    assert {"mine.py", "agents/learners/td2.py", "agents/learners/base.py"} <= set(found)
    assert not [name for name in found if "sweeper" in name]


def test_our_own_files_are_nobody_else_s(tmp_path: Path) -> None:
    write(tmp_path, mine="import helper", helper="")
    assert not list(own_files.strangers(space(tmp_path, function="mine.py:train")))


@pytest.mark.parametrize("theirs", ["mine.py", "helper.py", "figure.py", "."])
def test_files_and_folders_of_other_users_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, theirs: str
) -> None:
    write(tmp_path, mine="import helper", helper="", figure="")
    keys = {"function": "mine.py:train", "figures": ["figure.py:draw"]}
    real, target = Path.stat, (tmp_path / theirs).resolve()

    def stat(path: Path, **options: Any) -> os.stat_result:
        found = list(real(path, **options))
        if path == target:
            found[4] = 12345678
        return os.stat_result(found)

    monkeypatch.setattr(Path, "stat", stat)
    (line,) = own_files.strangers(space(tmp_path, **keys))
    named = tmp_path / ("figure.py" if theirs == "." else theirs)
    assert line.startswith("runs code of uid 12345678: ") and str(named) in line


def test_names_that_no_file_can_have_are_passed_over(tmp_path: Path) -> None:
    names = ["x" * 900 + ".py:train", "a\0b.py:train", "see mine.py:train", ""]
    assert own_files.named(space(tmp_path, note=names)) == []
