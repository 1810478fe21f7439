"""The key `population`: which axes make no trials any more, and what cannot go with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from sweeper.errors import SweeperError
from sweeper.planning.loading import load
from sweeper.planning.plan import Plan
from sweeper.space.digest import differences, digest
from sweeper.space.overrides import parse_words
from sweeper.space.space import Space
from sweeper.trainable.loading import load_trainable
from tests.helpers.paths import COUNTER_AGENT

LR = {"kind": "float", "low": 1e-5, "high": 1e-3, "log": True}
SPACE: dict[str, Any] = {
    "study": "pop",
    "agent": "dqn",
    "axes": {
        "optimizer.lr": LR,
        "network.units": {"kind": "int", "values": [16, 32]},
        "gamma": {"kind": "float", "values": [0.9, 0.99], "title": "γ"},
        "network.activation": {"kind": "choice", "values": ["relu", "tanh"]},
    },
    "population": {"size": 8, "every": 200},
    "tasks": {"minatar/breakout": {"low": 0, "high": 10}},
    "seeds": 2,
    "steps": 1000,
    "evaluation": {"every": 100, "episodes": 1},
    "score": {"metric": "return"},
}


def loaded(folder: Path, *words: str, **keys: Any) -> Space:
    (folder / "x.yaml").write_text(yaml.safe_dump(SPACE | keys, sort_keys=False))
    return load(folder / "x.yaml", None, parse_words(words, ())[1])


def told(folder: Path, *words: str, **keys: Any) -> str:
    with pytest.raises(SweeperError) as caught:
        loaded(folder, *words, **keys)
    return str(caught.value)


def test_what_it_searches_makes_no_trials(tmp_path: Path) -> None:
    space = loaded(tmp_path)
    assert list(space.axes) == ["network.units", "network.activation"]
    assert list(space.searched) == ["optimizer.lr", "gamma"]
    assert space.population is not None and space.population.over == ("optimizer.lr", "gamma")
    plan = Plan(space, load_trainable(space))
    assert len(plan.trials) == 4 and len(plan.runs) == 8
    params = plan.runs[0].params
    assert "optimizer.lr" not in params and "gamma" not in params
    assert params["population"] == {
        "size": 8,
        "every": 200,
        "over": {
            "optimizer.lr": {"kind": "float", "low": 1e-5, "high": 1e-3, "log": True},
            "gamma": {"kind": "float", "values": [0.9, 0.99]},
        },
        "quantile": 0.25,
        "perturb": [0.8, 1.2],
        "resample": 0.25,
        "frequencies": [1],
        "metric": "return",
        "direction": "maximize",
    }


def test_a_frozen_space_is_read_back(tmp_path: Path) -> None:
    space = loaded(tmp_path)
    again = Space.parse(space.dump())
    assert again == space and digest(again) == digest(space)
    plans = [Plan(one, load_trainable(one)) for one in (space, again)]
    assert [run.id for run in plans[0].runs] == [run.id for run in plans[1].runs]


def test_others_of_them_may_stay_a_grid(tmp_path: Path) -> None:
    space = loaded(tmp_path, "population.over=[gamma]", "axes.optimizer.lr.count=3")
    assert list(space.axes) == ["optimizer.lr", "network.units", "network.activation"]
    assert len(Plan(space, load_trainable(space)).trials) == 12


def test_a_sampler_draws_the_others(tmp_path: Path) -> None:
    space = loaded(tmp_path, "sampler=random", "trials=3")
    assert len(Plan(space, load_trainable(space)).trials) == 3


def test_its_rules_are_among_what_makes_results(tmp_path: Path) -> None:
    space = loaded(tmp_path)
    assert digest(loaded(tmp_path, "axes.gamma.title=discount")) == digest(space)
    other = loaded(tmp_path, "population.size=12", "axes.optimizer.lr.low=1e-6")
    found = differences(space, other)
    assert found["population.size"] == "population.size: 8 there, 12 now"
    assert "low:1e-5}} there" in found["population.over"] and len(found) == 2


def test_several_agents_may_be_searched_in(tmp_path: Path) -> None:
    axes = {"agent": {"kind": "choice", "values": ["dqn", "c51"]}, "optimizer.lr": LR}
    space = loaded(tmp_path, agent=["dqn", "c51"], axes=axes)
    plan = Plan(space, load_trainable(space))
    assert [run.params["agent"] for run in plan.runs] == ["dqn", "dqn", "c51", "c51"]
    assert all("optimizer.lr" not in run.params for run in plan.runs)
    assert all(run.params["population"]["size"] == 8 for run in plan.runs)


def test_axes_that_are_wrong_are_all_that_is_told(tmp_path: Path) -> None:
    lost = {"optimizer.lrr": LR, "gammma": {"kind": "float", "values": [0.9, 0.99]}}
    said = told(tmp_path, axes=lost, population={"size": 8, "every": 200, "over": ["gammma"]})
    assert "axes.optimizer.lrr is no parameter" in said and "axes.gammma" in said
    assert "population" not in said
    assert "population" not in told(tmp_path, axes=lost)


MISTAKES: dict[str, tuple[dict[str, Any], str]] = {
    "size": (
        {"population": {"size": 3, "every": 200}},
        "population.size must be a whole number of at least 4, but got 3",
    ),
    "quarters": (
        {"population": {"size": 12, "every": 200, "frequencies": [1, 2]}},
        "population.size must be a multiple of 8, four quarters of 2 sub-populations, but got 12",
    ),
    "first frequency": (
        {"population": {"size": 16, "every": 200, "frequencies": [2, 4]}},
        "population.frequencies must begin with 1 and rise, as in [1, 10, 25, 50], but got the "
        "list [2, 4]",
    ),
    "falling frequencies": (
        {"population": {"size": 16, "every": 200, "frequencies": [1, 3, 2, 4]}},
        "must begin with 1 and rise",
    ),
    "slow": (
        {"population": {"size": 16, "every": 200, "frequencies": [1, 10]}},
        "population.frequencies[1] must be at most 4, the rounds of a run, or its sub-population "
        "never evolves, but got 10",
    ),
    "quantile": (
        {"population": {"size": 16, "every": 200, "quantile": 0.6}},
        "population.quantile must be a number from 0.01 to 0.5, but got 0.6",
    ),
    "quantile of quarters": (
        {"population": {"size": 16, "every": 200, "frequencies": [1, 2], "quantile": 0.2}},
        "population.quantile must be 0.25, as several sub-populations are split in quarters",
    ),
    "factors": (
        {"population": {"size": 8, "every": 200, "perturb": [1.2]}},
        "population.perturb needs two factors or more, as in [0.8, 1.2], but got the list [1.2]",
    ),
    "negative factors": (
        {"population": {"size": 8, "every": 200, "perturb": [-1, 1.2]}},
        "population.perturb[0] must be a number above 0",
    ),
    "every": (
        {"population": {"size": 8, "every": 250}},
        "population.every must be a multiple of evaluation.every=100, such as 200, as members are "
        "ranked by evaluations, but got 250",
    ),
    "no round": (
        {"population": {"size": 8, "every": 1000}},
        "population.every must be less than steps=1000, or there is no round, but got 1000",
    ),
    "no axis": (
        {"population": {"size": 8, "every": 200, "over": ["optimiser.lr"]}},
        "population.over[0] is no axis (did you mean 'optimizer.lr'?)",
    ),
    "a choice": (
        {"population": {"size": 8, "every": 200, "over": ["network.activation"]}},
        "population.over[0] cannot be searched: network.activation is a choice, and numbers are "
        "perturbed; those that can: optimizer.lr, gamma",
    ),
    "not packable": (
        {"population": {"size": 8, "every": 200, "over": ["network.units"]}},
        "cannot be searched: network.units may not differ within a pack; those that can: "
        "optimizer.lr, gamma",
    ),
    "nothing": (
        {"axes": {"network.units": {"kind": "int", "values": [16, 32]}}},
        "population needs an axis to search, of kind float, int, normal: network.units may not "
        "differ within a pack",
    ),
    "one value": (
        {"axes": {"gamma": {"kind": "float", "values": [0.9]}}},
        "population needs an axis to search, of kind float, int, normal: gamma has one value alone",
    ),
    "no axes": ({"axes": {}}, "needs an axis to search, of kind float, int, normal, and the space"),
    "fixed": ({"fixed": {"population": 16}}, "fixed.population must stand one level up"),
    "on a task": (
        {"by_task": {"minatar/breakout": {"population": 16}}},
        "by_task.minatar/breakout.population is one for all tasks, a key of the space",
    ),
    "fixed too": (
        {"fixed": {"optimizer.lr": 0.1}},
        "fixed.optimizer.lr names optimizer.lr, which the population searches",
    ),
    "derived": (
        {"derived": {"optimizer.eps": "optimizer.lr / 10"}},
        "derived.optimizer.eps names optimizer.lr, which the population searches: it has no one "
        "value in a trial",
    ),
    "constraints": (
        {"constraints": ["optimizer.lr < 1"]},
        "constraints[0] names optimizer.lr, which the population searches",
    ),
    "by task": (
        {"by_task": {"minatar/breakout": {"gamma": 0.9}}},
        "by_task.minatar/breakout.gamma names gamma, which the population searches",
    ),
    "baseline": ({"baseline": {"gamma": 0.9}}, "baseline.gamma names gamma, which the population"),
    "blocks": (
        {"blocks": {"a": {"fixed": {"target.every": 10}}, "b": {}}},
        "population must go, as the space has blocks: write one space for each of them",
    ),
    "asynchronous": (
        {
            "agent": "td3",
            "axes": {"gamma": {"kind": "float", "low": 0.9, "high": 0.99}},
            "fixed": {"collect.env_steps_per_update": "async"},
            "tasks": {"navigation/2": {"low": -100, "high": 0}},
        },
        "members of a population train in one pack, but runs with these parameters each train "
        "alone",
    ),
    "its own metric": (
        {"score": {"metric": "population.leader"}},
        "score.metric must be a metric of the members, by which they are ranked, but got "
        "'population.leader'",
    ),
    "second score": (
        {"score": [{"metric": "return"}, {"metric": "population.retrun.3"}]},
        "score[1].metric must be a metric that populations of members 0 to 7 report, but got "
        "'population.retrun.3' (did you mean 'population.return.0'?)",
    ),
    "constraint": (
        {"score": {"metric": "return", "constraints": {"population.gamma.8": "<= 0.99"}}},
        "score.constraints.population.gamma.8 must be a metric that populations of members 0 to 7",
    ),
    "metric": ({"score": {"metric": "retrun"}}, "did you mean 'return'?"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_what_is_wrong_is_told(tmp_path: Path, name: str) -> None:
    keys, said = MISTAKES[name]
    found = told(tmp_path, **keys).replace("\n", " ")
    assert said in found and "x.yaml:" in found


def test_a_list_of_metrics_holds_one_entry_for_all_members(tmp_path: Path) -> None:
    found = told(tmp_path, figures=[{"curves": {"metric": "zzz"}}])
    assert "population.*" in found and "population.return" not in found
    loaded(tmp_path, figures=[{"curves": {"metric": ["return", "population.leader"]}}])


def test_functions_and_programs_have_no_members(tmp_path: Path) -> None:
    (tmp_path / "f.py").write_text("def train(config, run):\n    return 0.0\n")
    keys: dict[str, Any] = {"agent": None, "evaluation": None, "axes": {"lr": LR}}
    for trained in ({"function": "f.py:train"}, {"command": ["echo", "{lr}"]}):
        found = told(tmp_path, **keys, **trained)
        assert "population must go: the members of a population are an agent's" in found


TOLD_ALONE: dict[str, dict[str, Any]] = {
    "agent must be an agent": {"agent": "dqqn"},
    "population must be a mapping": {"population": 7},
    "population.ever is an unknown key": {"population": {"size": 8, "ever": 200}},
    "axes.optimizer.lr.kind must be an axis kind": {
        "axes": {"optimizer.lr": {"kind": "flaot", "low": 1, "high": 2}}
    },
    "evaluation.every must be a whole number": {"evaluation": {"every": "x", "episodes": 1}},
}


@pytest.mark.parametrize("said", TOLD_ALONE)
def test_what_follows_from_a_mistake_is_not_told(tmp_path: Path, said: str) -> None:
    found = told(tmp_path, **TOLD_ALONE[said])
    assert said in found and "\n" not in found


def test_a_fraction_for_a_whole_number_is_refused(tmp_path: Path) -> None:
    agent, width = f"{COUNTER_AGENT}:Counter", {"kind": "float", "low": 1, "high": 4}
    changed = tmp_path / "agent.py"
    changed.write_text(
        "from agents.parameter import Parameter\n"
        f"from sweeper.lookup import find\nCounter = find('agents.learners', '{agent}')\n"
        "class Wide(Counter):\n"
        "    parameters = {**Counter.parameters, 'width': Parameter(int, 1, packable=True)}\n"
    )
    keys: dict[str, Any] = {
        "agent": "agent.py:Wide",
        "axes": {"width": width},
        "tasks": {"line": {"low": 0, "high": 2}},
        "score": {"metric": "value"},
    }
    found = told(tmp_path, **keys)
    assert "width is a whole number: give its axis the kind int" in found
