"""`score.reference`: tasks whose low and high what is trained knows; what is refused, where."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest
import yaml

import agents
from agents.envs import atari, tasks
from sweeper.errors import SweeperError
from sweeper.planning.loading import load
from sweeper.results.data import Data
from sweeper.space.digest import digest
from sweeper.space.space import Space
from sweeper.study import studies
from tests.helpers.command import call
from tests.helpers.function_space import loaded

CORRIDOR = """
from agents.shape import Shape
import numpy as np


class Environment:
    tasks = ("short", "long", "unknown")

    @staticmethod
    def shape(task):
        return Shape((1,), "float32", 2)

    @staticmethod
    def references(task):
        known = {"short": (1.0, 3.0), "long": (2.0, 12.0)}
        return {"walker": known[task]} if task in known else {}

    def __init__(self, task):
        self._place = 0

    def reset(self, seed):
        self._place = 0

    def step(self, action):
        self._place += action
        return float(action), self._place > 3, False

    def observe(self):
        return np.array([self._place], np.float32)
"""
SHORT, LONG, UNKNOWN = (f"corridor.py:Environment/{name}" for name in ("short", "long", "unknown"))
SPACE: dict[str, Any] = {
    "study": "corridor",
    "agent": "dqn",
    "fixed": {"network.body": "mlp", "network.units": 8},
    "tasks": {SHORT: {}, LONG: {}},
    "seeds": 1,
    "steps": 200,
    "evaluation": {"every": 100, "episodes": 1, "cap": 50},
    "score": {"metric": "return", "reference": "walker"},
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "corridor.py").write_text(CORRIDOR)
    return tmp_path


def of(folder: Path, **changed: Any) -> Space:
    (folder / "corridor.yaml").write_text(yaml.safe_dump(SPACE | changed, sort_keys=False))
    return load(folder / "corridor.yaml")


def ends(space: Space) -> list[tuple[float, float]]:
    return [(task.low, task.high) for task in space.tasks.values()]


def test_tasks_have_the_ends_of_the_reference_and_their_own_where_they_say_some(project):
    assert ends(of(project)) == [(1.0, 3.0), (2.0, 12.0)]
    own = of(project, tasks={SHORT: {"high": 9}, LONG: {"low": 0, "steps": 300}})
    assert ends(own) == [(1.0, 9.0), (0.0, 12.0)] and own.steps_on(LONG) == 300


def test_two_agents_know_what_one_knows(project):
    both = of(project, agent=["dqn", "c51"], axes={"agent": {"kind": "choice", "values": ["dqn"]}})
    assert ends(both) == ends(of(project))


def test_a_study_is_that_of_the_same_ends_written_out_and_keeps_them(project):
    space = of(project)
    written = of(
        project,
        tasks={SHORT: {"low": 1, "high": 3}, LONG: {"low": 2, "high": 12}},
        score={"metric": "return"},
    )
    assert digest(space) == digest(written)
    assert digest(of(project, tasks={SHORT: {}, LONG: {"high": 99}})) != digest(space)
    studies.start(project / "studies" / "corridor", space)
    (project / "corridor.py").unlink()
    assert ends(studies.find("corridor", project / "studies").space) == [(1.0, 3.0), (2.0, 12.0)]


def test_figures_say_whose_scores_count_as_1(project):
    data = Data.of(studies.start(project / "studies" / "corridor", of(project)))
    assert data.value_label(None, []) == "walker-normalised score, final at 200 steps (IQM)"
    assert "A score of 1 is the reference walker, or a task's own high" in data.caption(
        0, [], "none"
    )


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (
            {"score": {"metric": "return", "reference": "walkr"}},
            "score.reference must be one of walker, but got 'walkr' (did you mean 'walker'?)",
        ),
        (
            {"tasks": {SHORT: {}, UNKNOWN: {}}},
            f"tasks.{UNKNOWN} needs low and high, as it has no reference 'walker'",
        ),
        (
            {"tasks": {"minatar/breakout": {}}, "fixed": {}},
            "score.reference must go, as no task has references: write low and high of each",
        ),
        (
            {"tasks": {SHORT: {"low": 5}}},
            "needs low < high, but got low=5 and high=3",
        ),
        (
            {"score": {"metric": "return"}, "tasks": {SHORT: {"low": 5}}},
            f"tasks.{SHORT} needs the key 'high'",
        ),
        (
            {"score": [{"metric": "return", "reference": "x"}, {"metric": "loss"}]},
            "score[0].reference must be one of walker, but got 'x'",
        ),
    ],
)
def test_refused_with_one_line(project, changed, message):
    with pytest.raises(SweeperError) as error:
        of(project, **changed)
    assert message in str(error.value) and len(str(error.value).splitlines()) == 1


def test_a_function_knows_no_references(tmp_path):
    with pytest.raises(SweeperError, match=r"score\.reference must go, as no task has references"):
        loaded(tmp_path, tasks={"a": {}}, score={"metric": "value", "reference": "human"})


def test_atari_is_known_by_humans():
    """The table is whole: 57 games, the 54 of the shipped spaces among them."""
    table = Path(agents.__file__).parent / "envs" / "atari_references.csv"
    lines = [line for line in table.read_text().splitlines() if not line.startswith("#")]
    rows = {row["game"]: row for row in csv.DictReader(lines)}
    assert len(rows) == 57 and list(rows) == sorted(rows)
    left = {"surround", "defender", "video_pinball"}
    assert rows.keys() - left == set(atari.Environment.tasks)
    for name in atari.Environment.tasks:
        low, high = tasks.references(f"atari/{name}")["human"]
        assert (low, high) == (
            float(rows[name]["random"]),
            float(rows[name]["human"]),
        ) and low < high
    assert tasks.references("atari/pong") == {"human": (-20.7, 14.6)}  # Wang et al. 2016
    assert tasks.references("minatar/breakout") == {}


def test_a_plan_says_the_reference_and_the_ends(project, capsys):
    of(project)
    assert call("plan", str(project / "corridor.yaml")) == 0
    found = capsys.readouterr().out
    assert "aggregate iqm, reference walker" in found and f"{LONG} (2 to 12)" in found
