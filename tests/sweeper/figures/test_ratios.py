"""Several metrics as a table, and as multiples of their first value beside published ones."""

from __future__ import annotations

from statistics import mean, stdev

import pytest

from sweeper import figures
from sweeper.errors import SweeperError
from sweeper.results.published import numbers
from tests.helpers.figures import drawn, words

WIDTH = {"width": {"kind": "int", "values": [1, 2, 4]}}
HEADS = {"head": {"kind": "choice", "values": ["mlp2", "modern4", "mine"]}}
TASKS = {"dmc_pixels/cartpole-swingup": {"low": 0, "high": 1}}
TABLE_2 = {
    (number.metric, number.setting): number.value
    for number in numbers.all_numbers()
    if number.study == "head_cost"
}


def went(run, labels):
    """Time is linear in width; memory is 0 at first; the widest diverged under most seeds."""
    time = labels["width"] * (10.0 + run.seed)
    if labels["width"] == 4 and run.seed < 3:
        return "nan", [(20, {"return": time})]
    return "complete", [(40, {"return": time, "memory": labels["width"] - 1.0})]


def test_each_is_a_multiple_of_its_first_with_its_spread(played):
    table = drawn(played(went, axes=WIDTH), "ratios", metric=["return", "memory"]).table
    times = [10.0 + seed for seed in range(5)]
    first, second, last = table[table["metric"] == "return"].to_dict("records")
    assert first["point"] == 1 and second["point"] == pytest.approx(2)
    assert first["value"] == mean(times[1:-1]), "the interquartile mean"
    assert second["sd"] == pytest.approx(2 * stdev(times))
    assert second["low"] < 2 < second["high"] and second["low"] == pytest.approx(2 * first["low"])
    assert last["n"] == 5 and last["point"] != last["point"], "diverged runs decide it"
    memory = table[table["metric"] == "memory"]
    assert memory["point"].isna().all() and memory["value"].tolist()[:2] == [0, 1]


def test_published_ratios_stand_beside_ours(played):
    """Times are twice those of the paper, so that their ratios are the paper's."""

    def cost(run, labels):
        names = dict.fromkeys(name for name, _ in TABLE_2)
        values = {name: 2 * TABLE_2.get((name, labels["head"]), 5.0) for name in names}
        return "complete", [(40, values)]

    score = {"metric": "train_ms", "at": "final", "aggregate": "mean"}
    study = played(cost, study="head_cost", axes=HEADS, tasks=TASKS, score=score)
    names = ["train_gb", "act_mb", "train_ms", "act_ms"]
    picture = drawn(study, "ratios", x="head", metric=names)
    known = picture.table[picture.table["head"] != "mine"]
    assert known["published_ratio"].tolist() == pytest.approx(known["point"].tolist())
    assert picture.table["published"].notna().sum() == 8
    lines = [" ".join(line.split()) for line in picture.text.splitlines()]
    assert lines[0] == "head mlp2 modern4 mine"
    assert lines[1] == "train_gb 8.10 ± 0.00 9.46 ± 0.00 10.0 ± 0.0"
    assert lines[7] == "train_gb 1.00 (1.00) 1.17 (1.17) 1.23"
    assert "published in Bjorck et al. 2021, Table 2" in words(picture)


def test_it_takes_few_metrics_and_no_pool(played):
    study = played(went, axes=WIDTH)
    with pytest.raises(SweeperError, match="metric names one metric twice: return"):
        figures.render(study, "ratios", {"metric": ["return", "return"]})
    with pytest.raises(SweeperError, match="pool does not go with ratios, which averages over all"):
        figures.render(study, "ratios", {"pool": "best"})
