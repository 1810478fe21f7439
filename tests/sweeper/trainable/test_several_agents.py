"""Several agents in one study: each run has its agent's parameters and trains as it does alone."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml

from sweeper.errors import SweeperError
from sweeper.planning.loading import load
from sweeper.planning.plan import Plan
from sweeper.report.page.rerun_command import reruns
from sweeper.results import frames
from sweeper.space.space import Space
from sweeper.study import studies
from sweeper.study.study import Study
from sweeper.trainable.abilities import shares_packs
from sweeper.trainable.contract import completed
from sweeper.trainable.loading import load_trainable, trained_by
from tests.helpers.command import call
from tests.helpers.worked_study import work

AGENTS = {"agent": {"kind": "choice", "values": ["dqn", "sac"]}}
TASK = "navigation/2"
SPACE: dict[str, Any] = {
    "study": "both",
    "axes": {
        "agent": {"kind": "choice", "values": ["td3", "ddpg", "sac"]},
        "policy.delay": {"kind": "int", "values": [1, 2], "when": {"agent": "td3"}},
    },
    "fixed": {"critic.units": 8, "actor.units": 8, "warmup_steps": 20, "replay.capacity": 100},
    "tasks": {TASK: {"low": -100, "high": 0}},
    "seeds": 2,
    "steps": 40,
    "evaluation": {"every": 40, "episodes": 1, "cap": 20},
    "score": {"metric": "return"},
    "figures": [],
}


def loaded(folder: Path, **keys: Any) -> Space:
    (folder / "x.yaml").write_text(yaml.safe_dump(SPACE | keys, sort_keys=False))
    return load(folder / "x.yaml")


def planned(folder: Path, **keys: Any) -> Plan:
    space = loaded(folder, **keys)
    return Plan(space, load_trainable(space))


def test_each_run_has_the_parameters_and_defaults_of_its_agent(tmp_path: Path) -> None:
    plan = planned(tmp_path)
    assert [dict(trial.labels) for trial in plan.trials] == [
        {"agent": "td3", "policy.delay": 1},
        {"agent": "td3", "policy.delay": 2},
        {"agent": "ddpg"},
        {"agent": "sac"},
    ]
    for run in plan.runs[::2]:
        own = trained_by([run.params["agent"]]).parameters
        assert set(run.params) == {"agent", *completed(own, {})}
        left = completed(own, {}).keys() - {*SPACE["fixed"], "policy.delay"}
        assert {name: run.params[name] for name in left} == {
            name: own[name].default for name in left
        }


def test_blocks_may_name_the_agent(tmp_path: Path) -> None:
    blocks = {
        "one": {
            "fixed": {"agent": "td3"},
            "axes": {"policy.delay": {"kind": "int", "values": [3]}},
        },
        "two": {"fixed": {"agent": "sac"}},
    }
    plan = planned(tmp_path, agent=["td3", "sac"], axes={}, blocks=blocks)
    assert [run.params["agent"] for run in plan.runs[::2]] == ["td3", "sac"]
    assert plan.runs[0].params["policy.delay"] == 3 and "policy.delay" not in plan.runs[2].params


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"axes": {}, "agent": ["td3", "sac"]}, "agent needs an agent: one of several, td3, sac"),
        ({"agent": ["td3", "td3"]}, "agent"),
        ({"agent": ["td3", "sax"]}, "agent must be"),
        (
            {"axes": {**SPACE["axes"], "policy.delay": {"kind": "int", "values": [1, 2]}}},
            "hold two trials with the same parameters: agent=sac, policy.delay=1",
        ),
        ({"fixed": {"unit": 3}}, "fixed.unit is no parameter of agents td3, ddpg, sac"),
        (
            {"agent": ["dqn", "sac"], "axes": AGENTS, "fixed": {}},
            "cannot be trained by agents dqn, sac, agent=dqn on navigation/2",
        ),
        (
            {"score": {"metric": "quality"}},
            "score.metric must be a metric of agents td3, ddpg, sac",
        ),
    ],
)
def test_what_does_not_fit_is_named(tmp_path: Path, keys: dict[str, Any], said: str) -> None:
    with pytest.raises(SweeperError) as raised:
        loaded(tmp_path, **keys)
    assert said in str(raised.value)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Study:
    folder = tmp_path_factory.mktemp("both")
    return work(studies.start(folder / "studies" / "both", loaded(folder)))


def test_runs_train_as_they_do_under_their_agent_alone(trained: Study, tmp_path: Path) -> None:
    found = frames.runs(trained, trained.ledger_state())
    for agent in ("ddpg", "sac"):
        space = loaded(tmp_path, agent=agent, axes={})
        alone = work(studies.start(tmp_path / "studies" / agent, space))
        scores = frames.runs(alone, alone.ledger_state())["score"].tolist()
        assert found[found["agent"] == agent]["score"].tolist() == scores


def test_looking_needs_no_agent_and_sees_the_same_runs(trained: Study) -> None:
    again = Study.open(trained.folder)
    assert [(run.id, run.params) for run in again.plan.runs] == [
        (run.id, again.completed(run).params) for run in again.plan.runs
    ]
    assert again.space.identity == "agents td3, ddpg, sac" and again.ended


def test_one_trial_is_run_again(trained: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(trained.folder.parents[1])
    (text,) = reruns(trained, [3]).values()
    assert call(*shlex.split(text)[1:], "dispatch=inline") == 0
    again = studies.find("both-trial-3", Path("studies"))
    assert [run.id for run in again.plan.runs] == [run.id for run in trained.plan.runs_of(3)]


RATIO = "collect.env_steps_per_update"
COLLECTING = {RATIO: {"kind": "choice", "values": ["async", 1]}}


@pytest.mark.parametrize("agents", [["sac"], ["sac", "td3"]], ids=len)
def test_runs_that_cannot_share_a_pack_are_told_by_their_parameters(
    agents: list[str], tmp_path: Path
) -> None:
    several = {"agent": {"kind": "choice", "values": agents}} if len(agents) > 1 else {}
    alone = {} if several else {"agent": agents[0]}
    space = loaded(tmp_path, axes={**several, **COLLECTING}, **alone)
    trainable = load_trainable(space)
    runs = Plan(space, trainable).runs
    assert {run.params[RATIO] for run in runs} == {"async", 1}
    assert all(shares_packs(trainable, run.params) is (run.params[RATIO] == 1) for run in runs)


def test_curves_against_what_runs_count_are_checked(tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    keys = {**SPACE, "axes": {"agent": SPACE["axes"]["agent"], **COLLECTING}}
    file.write_text(yaml.safe_dump({**keys, "figures": [{"curves": {"x": "updates"}}]}))
    assert load(file).figures[0].options == {"x": "updates"}
    file.write_text(yaml.safe_dump({**keys, "figures": [{"curves": {"x": "agent"}}]}))
    with pytest.raises(
        SweeperError, match=r"curves\.x must be one of updates, env_steps .*'agent'"
    ):
        load(file)
