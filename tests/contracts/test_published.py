"""Every table of published numbers can be read, and fits the space that re-runs it."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from sweeper.errors import SweeperError
from sweeper.planning.loading import load
from sweeper.planning.plan import Plan
from sweeper.results.published import numbers as published
from sweeper.schema.document import read
from sweeper.space.blocks.parts import every_axis
from sweeper.text import canonical
from sweeper.trainable.loading import load_trainable
from tests.helpers.paths import ROOT

SPACES = ROOT / "spaces"
FILES = published.files()


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_file_can_be_read(file: Path) -> None:
    numbers = list(published.read(file))
    assert numbers
    assert len({number.source for number in numbers}) == 1
    keys = [(n.task, n.setting, n.metric, n.statistic, n.study) for n in numbers]
    assert len(set(keys)) == len(keys), "a number stands there twice"
    assert all(number.spread_kind != "unknown" or number.spread is not None for number in numbers)


@pytest.mark.parametrize("name", published.studies())
def test_numbers_fit_the_space_that_re_runs_them(name: str) -> None:
    path = SPACES / f"{name}.yaml"
    space = load(path, "paper")
    axes = every_axis(space)
    trials = Plan(space, load_trainable(space)).trials
    labels = {axis: {canonical(trial.labels[axis]) for trial in trials} for axis in axes}
    tasks = {task for scale in read(path).data["scales"] for task in load(path, scale).tasks}
    numbers = [number for number in published.all_numbers() if number.study == name]
    asked = [figure.options.get("metric", []) for figure in space.figures or ()]
    metrics = {
        space.score.metric,
        *(one for names in asked for one in ([names] if isinstance(names, str) else names)),
    }
    taken = space.steps * space.fixed.get("env.repeat", 1)
    for number in numbers:
        over = published.tasks_over(number.our_task)
        fixed = number.metric.startswith("parameters_")  # at any step of any run
        if over is not None:
            assert over == len(space.tasks) and space.score.reference == "human"
            assert number.statistic in ("mean", "median") and number.metric.endswith("score, %")
        else:
            assert number.our_task in tasks
            assert number.metric in metrics and number.statistic == space.score.aggregate
        assert list(number.axes) == list(axes)
        assert all(number.axes[axis] in labels[axis] for axis in axes)
        assert number.at == ("" if fixed else space.score.at)
        assert number.steps in (None, taken)
        assert number.seeds == len(space.seeds) or ((over or fixed) and number.seeds is None)
        assert any(source in (space.reference or "") for source in _references(number.source))
    keys = [(n.source, n.metric, n.statistic, n.our_task, *n.axes.values()) for n in numbers]
    assert len(set(keys)) == len(keys), "two numbers of a source for one configuration"


def _references(source: str) -> tuple[str, str]:
    """How a space's `reference` may name the source: in full, or a figure of the paper."""
    paper, _, place = source.partition(", ")
    return (place, paper)


def value(source: str, task: str, setting: str, statistic: str = "mean") -> tuple[float, ...]:
    (number,) = {
        (n.value, n.spread)
        for n in published.all_numbers()
        if (n.source, n.task, n.setting, n.statistic) == (source, task, setting, statistic)
    }
    return number


def test_numbers_are_those_that_are_printed() -> None:
    assert value("Hui 2022, Table 3.1", "Ant-v4", "alpha 0.1", "iqm") == (-161, 14.6)
    assert value("Hui 2022, Table 3.1", "quadruped-run", "alpha 0.9", "iqm") == (280, 24.7)
    assert value("Hui 2022, Table 2.1", "HalfCheetah-v3", "2 blocks") == (11800, 621)
    assert value("Hui 2022, Table 2.2", "Ant-v3", "VQL") == (6630, 228)
    assert value("Hui 2022, Table 2.3", "dog-run", "fixed β=1e-7") == (134, 17.1)
    assert value("Ota et al. 2021, Table 1", "Ant-v2", "SAC Original") == (5953.1, None)
    assert value("Bjorck et al. 2021, Table 4", "reacher_easy", "Dreamer") == (429.5, 82.3)
    assert value("Bjorck et al. 2021, Table 4", "reacher_easy", "Modern+SN") == (814.0, 85.8)
    source = "Gogianu et al. 2021, Table 1"
    assert value(source, "54 Atari games", "C51 SN[-2]", "median") == (248.45, None)


def test_means_over_the_tasks_are_those_that_bjorck_et_al_print() -> None:
    """Appendix E: Modern+SN is better than their MLP by slightly more than 141, and how often."""
    table = pd.DataFrame([number.model_dump() for number in published.all_numbers()])
    means = table.groupby(["source", "setting"])["value"].mean().round(1)
    first = means["Bjorck et al. 2021, Table 1"]
    assert first["MLP"] == 641.4 and first["Modern+SN"] == 782.5 and first["Dreamer"] == 604.9
    other = table[table["source"] == "Bjorck et al. 2021, Table 4"]
    ours = table[(table["source"].str.endswith("Table 1")) & (table["setting"] == "Modern+SN")]
    ours = ours.set_index("task")["value"]
    wins = {
        setting: int((ours > own.set_index("task")["value"]).sum())
        for setting, own in other.groupby("setting")
        if setting != "Modern+SN"
    }
    assert wins == {"MLP": 13, "Dreamer": 11}


def bjorck(number: int) -> list[published.Number]:
    source = f"Bjorck et al. 2021, Table {number}"
    return [n for n in published.all_numbers() if n.source == source]


def test_seeds_of_bjorck_et_al_are_those_of_their_appendix_e() -> None:
    seeds = {(number, n.setting): n.seeds for number in (1, 4) for n in bjorck(number)}
    assert seeds == {
        (1, "MLP"): 10,
        (1, "Modern+SN"): 10,
        (1, "Dreamer"): 10,
        (4, "MLP"): 10,
        (4, "Modern+SN"): 10,
        (4, "Dreamer"): 5,
    }


def test_modern_numbers_of_bjorck_et_al_are_the_same_in_both_tables() -> None:
    first, fourth = (
        {n.task: (n.value, n.spread, n.spread_kind) for n in bjorck(number) if "SN" in n.setting}
        for number in (1, 4)
    )
    assert first == fourth and len(first) == 15


def test_the_references_of_a_space_are_the_best_of_its_table() -> None:
    numbers = published.of_space("asymmetry_alpha")
    best = numbers.groupby("our_task")["value"].max()
    tasks = load(SPACES / "asymmetry_alpha.yaml", "paper").tasks
    assert best.to_dict() == {name: task.high for name, task in tasks.items()}


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ({"value": "many"}, "value: Input should be a valid number"),
        ({"value": "nan"}, "value: Input should be a finite number"),
        ({"spread_kind": "sd"}, "spread_kind: Input should be"),
        ({"spread": ""}, "spread and spread_kind must both say"),
        ({"our_task": ""}, "study, our_task and axes must all be given"),
        ({"seeds": "0"}, "seeds: Input should be greater than or equal to 1"),
    ],
)
def test_a_number_that_is_not_valid_is_named(
    tmp_path: Path, cells: dict[str, str], said: str
) -> None:
    table = pd.read_csv(published.FOLDER / "hui_2022_table_3_1.csv", dtype=str).fillna("")
    for name, cell in cells.items():
        table.loc[3, name] = cell
    table.to_csv(tmp_path / "bad.csv", index=False)
    with pytest.raises(SweeperError, match=r"bad\.csv:5: ") as raised:
        list(published.read(tmp_path / "bad.csv"))
    assert said in str(raised.value)
