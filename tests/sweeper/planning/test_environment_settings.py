"""Spaces whose agents play environments of Gymnasium: settings, ids, and what is refused."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from sweeper.errors import SweeperError
from sweeper.planning.loading import load
from sweeper.planning.plan import Plan
from sweeper.results.data import Data
from sweeper.study import studies
from sweeper.trainable.frozen import FrozenParameter
from sweeper.trainable.loading import load_trainable
from tests.helpers.command import call
from tests.helpers.paths import ROOT

pytest.importorskip("gymnasium")

SPACE: dict[str, Any] = {
    "study": "carts",
    "agent": "dqn",
    "fixed": {"warmup_steps": 50, "epsilon.decay_until": 100, "network.units": 8},
    "axes": {"optimizer.lr": {"kind": "float", "values": [1e-3]}},
    "tasks": {"gym/CartPole-v1": {"low": 0, "high": 500}},
    "seeds": 1,
    "steps": 200,
    "evaluation": {"every": 100, "episodes": 1, "cap": 50},
    "score": {"metric": "return", "at": "final", "aggregate": "mean"},
}
CART = "gym/CartPole-v1"
WRAPPER = """
import gymnasium


class Scale(gymnasium.RewardWrapper):
    def __init__(self, env, by=1.0):
        super().__init__(env)
        self.by = by

    def reward(self, reward):
        return self.by * float(reward)
"""
LINE = """
import gymnasium

gymnasium.register(
    "Cart-v0", entry_point=gymnasium.spec("CartPole-v1").entry_point, max_episode_steps=9
)
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a wrapper, in which the commands are called."""
    (tmp_path / "wrap.py").write_text(WRAPPER)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def written(folder: Path, **changed: Any) -> Path:
    file = folder / "carts.yaml"
    file.write_text(yaml.safe_dump(SPACE | changed, sort_keys=False))
    return file


def refused(folder: Path, **changed: Any) -> str:
    with pytest.raises(SweeperError) as caught:
        load(written(folder, **changed))
    return str(caught.value)


def fixed(**given: Any) -> dict[str, Any]:
    return SPACE["fixed"] | {
        f"env.{name.replace('__', '.')}": value for name, value in given.items()
    }


def test_settings_are_axes_like_other_parameters_and_part_of_the_signature(project: Path) -> None:
    axes = {
        "env.repeat": {"kind": "int", "values": [1, 2]},
        "env.wrappers": {"kind": "choice", "values": [[], [{"wrap.py:Scale": {"by": 2}}]]},
        "env.kwargs.sutton_barto_reward": {"kind": "choice", "values": [True, False]},
    }
    space = load(written(project, axes=axes, fixed=fixed(stack=2)))
    trainable = load_trainable(space)
    plan = Plan(space, trainable)
    params = [dict(run.params) for run in plan.runs]
    assert len(params) == 8 and all(one["env.stack"] == 2 for one in params)
    assert params[2]["env.wrappers"] == ({"wrap.py:Scale": {"by": 2}},)
    assert params[0]["env.kwargs.sutton_barto_reward"] is True
    assert len({trainable.signature(one, CART) for one in params}) == 8
    assert not any(name.endswith("*") for name in params[0])


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({}, "environment step"),
        ({"fixed": fixed(repeat=2)}, "agent step"),
        ({"axes": {"env.repeat": {"kind": "int", "values": [1, 2]}}}, "agent step"),
    ],
    ids=str,
)
def test_steps_are_the_agents_where_actions_are_repeated(project, changed, said) -> None:
    study = studies.start(project / "study", load(written(project, **changed)))
    assert Data.of(study).origin.step == said


def test_a_sweep_over_settings_runs_and_scores_what_the_environment_gives(project: Path) -> None:
    (project / "cart.py").write_text(LINE)
    axes = {"env.wrappers": {"kind": "choice", "values": [[], [{"wrap.py:Scale": {"by": -5}}]]}}
    tasks = {"gym/cart:Cart-v0": {"low": 0, "high": 9}}
    file = written(project, axes=axes, tasks=tasks, fixed=fixed(repeat=2))
    assert call("run", str(file), "dispatch=inline", "workers=1") == 0
    assert call("export", "study=carts", "table=reports", "out=reports.csv") == 0
    lines = (project / "reports.csv").read_text().splitlines()
    assert "env_steps" in lines[0] + "".join(lines[1:])
    assert call("export", "study=carts", "table=runs", "out=runs.csv") == 0
    table = [line.split(",") for line in (project / "runs.csv").read_text().splitlines()]
    values = [float(row[table[0].index("value")]) for row in table[1:]]
    assert len(values) == 2 and all(1 <= value <= 9 for value in values)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"wrappers": ["wrap.py:Scal"]}, "fixed.env.wrappers .*'wrap.py:Scal' does not load"),
        ({"wrappers": ["gone.py:Scale"]}, "fixed.env.wrappers .*'gone.py:Scale' does not load"),
        ({"wrappers": "wrap.py:Scale"}, "fixed.env.wrappers must be a list"),
        (
            {"wrappers": [{"wrap.py:Scale": 3}]},
            r"fixed.env.wrappers\[0\] must be a name, or a name w",
        ),
        ({"wrappers": [[1]]}, r"fixed.env.wrappers\[0\] must be a name"),
        ({"kwargs": {"x": 1}}, "fixed.env.kwargs must be a value, .* like env.kwargs.x"),
        ({"kwargs__": 1}, "fixed.env.kwargs. is no parameter"),
        ({"kwargs__x": 1}, "cannot be played with env.kwargs.x=1: TypeError"),
        ({"stack": 1.5}, "fixed.env.stack must be a whole number"),
    ],
)
def test_settings_that_do_not_fit_are_told_before_anything_starts(
    project: Path, given: dict[str, Any], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file = written(project, fixed=fixed(**given))
    assert call("run", str(file), "dispatch=inline") == 2
    told = capsys.readouterr().err
    assert "Traceback" not in told and not (project / "studies").exists()
    with pytest.raises(SweeperError, match=says):
        load(file)


def test_an_unknown_id_is_the_only_mistake_that_is_told(project: Path) -> None:
    """The task that stands in for it may lack settings, or need another body."""
    given = fixed(wrappers=["wrap.py:Scale"], kwargs__sutton_barto_reward=True)
    told = refused(project, tasks={"gym/CartPol-v1": {"low": 0, "high": 1}}, fixed=given)
    assert "did you mean 'gym/CartPole-v1'" in told and len(told.splitlines()) == 1
    images = {**SPACE["fixed"], "network.body": "minatar"}
    told = refused(project, tasks={"minatar/brekout": {"low": 0, "high": 1}}, fixed=images)
    assert "minatar/breakout" in told and len(told.splitlines()) == 1


def test_an_agent_that_does_not_fit_names_those_that_do(project: Path) -> None:
    told = refused(project, tasks={"gym/Pendulum-v1": {"low": 0, "high": 1}})
    assert "tasks.gym/Pendulum-v1" in told and "agents for these: ddpg, sac" in told


def test_a_mapping_in_a_list_is_for_names_with_arguments_alone(project: Path) -> None:
    told = refused(project, fixed=SPACE["fixed"] | {"network.convs": [{"a": 1}]})
    assert "fixed.network.convs[0] must be a number or text" in told


def test_parameters_of_every_kind_can_be_frozen_into_a_plan(project: Path) -> None:
    for parameter in load_trainable(load(written(project))).parameters.values():
        known = FrozenParameter.of(parameter)
        assert FrozenParameter.of_json(known.to_json()) == known


def test_several_agents_share_settings_and_ids_that_they_do_not_list(project: Path) -> None:
    (project / "cart.py").write_text(LINE)
    axes = {
        "agent": {"kind": "choice", "values": ["td3", "sac"]},
        "env.kwargs.g": {"kind": "float", "values": [9.81, 5.0]},
    }
    given = {"env.repeat": 2, "warmup_steps": 50, "optimizer.schedule.kind": "cosine"}
    space = SPACE | {
        "axes": axes,
        "fixed": given,
        "tasks": {"gym/Pendulum-v1": {"low": 0, "high": 1}},
    }
    del space["agent"]
    file = project / "several.yaml"
    file.write_text(yaml.safe_dump(space, sort_keys=False))
    loaded = load(file)
    trainable = load_trainable(loaded)
    runs = Plan(loaded, trainable).runs
    assert len(runs) == 4 and len({trainable.signature(run.params, run.task) for run in runs}) == 4
    assert trainable._of(runs[1].params)[1]["env.kwargs.g"] == 5.0
    changed = file.read_text().replace("Pendulum-v1", "Pendulu-v1")
    file.write_text(changed)
    with pytest.raises(SweeperError, match="did you mean 'gym/Pendulum-v1'"):
        load(file)


def test_the_page_s_own_environment_and_wrapper_load(project: Path) -> None:
    page = (ROOT / "docs" / "how_to" / "a_gymnasium_environment.md").read_text()
    for name in ("maze", "wrap"):
        (code,) = re.findall(rf"```python\n# {name}\.py\n(.*?)```", page, re.DOTALL)
        (project / f"{name}.py").write_text(code)
    given = SPACE["fixed"] | {
        "env.kwargs.size": 9,
        "env.wrappers": [{"wrap.py:Bonus": {"by": 0.5}}],
    }
    tasks = {"gym/maze:Corridor-v0": {"low": 0, "high": 1}}
    space = load(written(project, tasks=tasks, fixed=given))
    (run,) = Plan(space, load_trainable(space)).runs
    assert run.params["env.wrappers"] == ({"wrap.py:Bonus": {"by": 0.5}},)
