"""The schedules of populations: stretches of members, breaks where they copy, and leaders."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from sweeper.errors import NothingToShow, SweeperError
from sweeper.figures.drawing.picture import Picture
from sweeper.results.analyses.schedule import schedules
from sweeper.results.data import Data
from sweeper.study.study import Study
from sweeper.trainable.population.members import Members
from sweeper.trainable.population.rules import Rules
from tests.helpers.figures import drawn, words
from tests.helpers.paths import COUNTER_AGENT

AXES = {
    "size": {"kind": "float", "low": 0.01, "high": 1.0, "log": True, "title": "step size η"},
    "width": {"kind": "choice", "values": [1, 2]},
}
SPACE: dict[str, Any] = {
    "function": None,
    "agent": f"{COUNTER_AGENT}:Counter",
    "axes": AXES,
    "population": {"size": 4, "every": 20},
    "evaluation": {"every": 10, "episodes": 1},
    "score": {"metric": "value"},
    "seeds": 2,
    "steps": 60,
}


def went(run: Any, labels: Any) -> tuple[str, list[tuple[int, dict[str, float]]]]:
    """What a population of members reports whose values are their numbers, but for the width."""
    rules, reports = Rules.of_json(run.params["population"]), []
    members = Members.first(rules, run.seed)
    for step in range(10, 61, 10):
        values = {one: {"value": (one + step // 20) % 4 + labels["width"]} for one in range(4)}
        leader = members.leader
        members = members.evaluated(step, values, rules)
        found = {**values[leader], **members.told(rules), "population.leader": float(leader)}
        reports.append((step, found))
        if step % 20 == 0:
            members = members.evolved(rules, run.seed)
    return "complete", reports


@pytest.fixture
def study(played: Callable[..., Study]) -> Study:
    return played(went, **SPACE)


def test_a_stretch_ends_where_a_member_copies(study: Study) -> None:
    table = schedules(Data.of(study), None)
    assert set(table["trial"]) == {1} and set(table["seed"]) == {0, 1}
    own = table[(table["seed"] == 0) & ~table["leads"].astype(bool)]
    stretches = own.groupby("member")[["begin", "end"]].apply(lambda one: one.to_numpy().tolist())
    assert stretches.tolist() == [[[0, 60]], [[0, 60]], [[0, 40], [40, 60]], [[0, 20], [20, 60]]]
    copies = own[own["begin"] > 0]
    assert (copies["parent"] != copies["member"]).all()
    leaders = table[(table["seed"] == 0) & table["leads"].astype(bool)]
    assert leaders["end"].tolist() == [10, 20, 30, 40, 50, 60]
    assert leaders["begin"].tolist() == [0, 10, 20, 30, 40, 50]


def test_values_are_those_that_were_reported(study: Study) -> None:
    data = Data.of(study)
    table, reports = schedules(data, None), data.reports()
    for _, row in table.iterrows():
        of_run = reports[(reports["trial"] == row["trial"]) & (reports["seed"] == row["seed"])]
        within = of_run[(of_run["step"] > row["begin"]) & (of_run["step"] <= row["end"])]
        assert set(within[f"population.size.{row['member']}"]) == {row["value"]}


def test_a_picture_says_what_it_shows(study: Study) -> None:
    picture: Picture = drawn(study, "schedule")
    said = words(picture)
    assert "step size η" in said and "width = 2" in said and "4 members a run" in said
    assert isinstance(picture.table, pd.DataFrame) and len(picture.table)
    assert picture.figure.axes[0].get_yscale() == "log"
    thick = [line for ax in picture.figure.axes for line in ax.lines]
    assert len(thick) == 4 and all(line.get_linewidth() > 1 for line in thick)


def test_without_a_facet_of_axes_the_best_configuration_is_shown(
    played: Callable[..., Study],
) -> None:
    tasks = {name: {"low": 0, "high": 8} for name in ("line", "ring")}
    study = played(went, **SPACE | {"tasks": tasks})
    picture = drawn(study, "schedule")
    assert "Of 2 configurations in each row the best is shown" in words(picture)
    assert set(picture.table["trial"]) == {1} and set(picture.table["task"]) == {"line", "ring"}


def test_others_have_none(played: Callable[..., Study]) -> None:
    study = played(lambda run, labels: ("complete", [(40, {"return": 1.0})]))
    with pytest.raises(NothingToShow, match="no run of played is a population"):
        drawn(study, "schedule")


def test_before_the_first_report_there_is_none(played: Callable[..., Study]) -> None:
    with pytest.raises(NothingToShow, match="no run of played has reported"):
        drawn(played(lambda run, labels: None, **SPACE), "schedule")


def test_members_are_one_name_in_messages(study: Study) -> None:
    with pytest.raises(SweeperError) as caught:
        Data.of(study).points("loss")
    assert "population.*" in str(caught.value) and "population.size.0" not in str(caught.value)
