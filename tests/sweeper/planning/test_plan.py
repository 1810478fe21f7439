"""The plan: order, ids, and what random small spaces expand to."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from itertools import product

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sweeper.errors import SweeperError
from sweeper.planning.loading import load
from sweeper.planning.plan import Plan
from sweeper.space.digest import digest
from sweeper.space.overrides import parse_words
from sweeper.space.space import Space
from sweeper.trainable.loading import load_trainable
from tests.helpers.paths import FAKE_AGENT

FAKE = f"{FAKE_AGENT}:Fake"


def space(folder, **keys):
    data = {
        "study": "demo",
        "agent": FAKE,
        "axes": {
            "sn.layers": {"kind": "layers", "sets": ["none", [-2]]},
            "optimizer.lr": {"kind": "float", "values": [1e-5, 1e-3]},
        },
        "tasks": {"minatar/breakout": {"low": 0, "high": 1}},
        "seeds": 2,
        "steps": 100,
        "evaluation": {"every": 50, "episodes": 1},
        "score": {"metric": "return"},
        **keys,
    }
    path = folder / "x.yaml"
    path.write_text(yaml.safe_dump(data, sort_keys=False))
    return load(path)


def planned(space):
    return Plan(space, load_trainable(space))


BOTH = {
    "minatar/breakout": {"low": 0, "high": 1},
    "minatar/asterix": {"low": 0, "high": 1},
}


def test_order(tmp_path):
    plan = planned(space(tmp_path, tasks=BOTH, seeds=[5, 3]))
    assert [trial.labels for trial in plan.trials] == [
        {"sn.layers": "none", "optimizer.lr": 1e-5},
        {"sn.layers": "none", "optimizer.lr": 1e-3},
        {"sn.layers": "sn[-2]", "optimizer.lr": 1e-5},
        {"sn.layers": "sn[-2]", "optimizer.lr": 1e-3},
    ]
    assert [(run.trial, run.task, run.seed) for run in plan.runs[:4]] == [
        (0, "minatar/breakout", 5),
        (0, "minatar/breakout", 3),
        (0, "minatar/asterix", 5),
        (0, "minatar/asterix", 3),
    ]
    assert [trial.number for trial in plan.trials] == [0, 1, 2, 3]


def test_loading_and_planning_share_one_expansion(tmp_path):
    """Also where the space was frozen into its study between; 1 and true are not the same."""
    made = space(tmp_path)
    first = planned(made)
    frozen = Space.parse(json.loads(json.dumps(made.dump())))
    assert planned(frozen).expansion is first.expansion
    assert planned(space(tmp_path)).expansion is first.expansion
    (tmp_path / "f.py").write_text("def train(config, run):\n    return 0.0\n")
    function = {"agent": None, "function": "f.py:train", "evaluation": None}
    for value in (1, True, 1.0):
        axes = {"x": {"kind": "choice", "values": [value]}}
        (trial,) = planned(space(tmp_path, axes=axes, **function)).trials
        assert repr(trial.values["x"]) == repr(value)


def test_a_run_is_complete(tmp_path):
    plan = planned(space(tmp_path, fixed={"loss": "huber"}))
    run = plan.runs[-1]
    assert run.params == {
        "network.convs": (16,),
        "network.hidden": 128,
        "sn.layers": (-2,),
        "optimizer.lr": 1e-3,
        "optimizer.eps": 1e-8,
        "loss": "huber",
        "clip": False,
        "limit": None,
    }
    assert (run.steps, run.evaluation.every, run.evaluation.episodes) == (100, 50, 1)
    assert plan.run(run.id) is run
    with pytest.raises(KeyError):
        plan.run("nothing")


def ids(space):
    return [run.id for run in planned(space).runs]


def test_ids_depend_on_all_that_changes_a_run_and_nothing_else(tmp_path):
    before = ids(space(tmp_path))
    assert all(len(name) == 16 and int(name, 16) >= 0 for name in before)
    same = space(
        tmp_path,
        note="x",
        score={"metric": "loss", "at": "max"},
        fixed={"loss": "mse"},
        tasks={"minatar/breakout": {"low": 0, "high": 2}},
    )
    assert ids(same) == before
    assert set(before) < set(ids(space(tmp_path, seeds=3)))
    for other in (
        {"steps": 101},
        {"evaluation": {"every": 50, "episodes": 2}},
        {"fixed": {"loss": "huber"}},
        {"tasks": {"minatar/asterix": {"low": 0, "high": 1}}},
        {"seeds": [7, 8]},
    ):
        assert not set(before) & set(ids(space(tmp_path, **other))), other


def test_ids_are_the_same_in_another_process(tmp_path):
    here = space(tmp_path)
    code = (
        "import json, sys; from sweeper.space.space import Space;"
        "from sweeper.planning.plan import Plan;"
        "from sweeper.trainable.loading import load_trainable;"
        "s = Space.parse(json.load(sys.stdin));"
        "print(*[run.id for run in Plan(s, load_trainable(s)).runs])"
    )
    frozen = json.dumps(here.dump())
    done = subprocess.run(
        [sys.executable, "-c", code], input=frozen, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ids(here)


def test_known_ids(tmp_path):
    """Ids name ledger entries: changing how they are made orphans every study there is."""
    (tmp_path / "f.py").write_text("def train(config, run):\n    return 0.0\n")
    axes = {"x": {"kind": "float", "values": [0.1]}}
    keys = {"agent": None, "function": "f.py:train", "evaluation": None, "axes": axes, "seeds": 1}
    assert ids(space(tmp_path, **keys)) == ["b12c793e545630bb"]


def test_integer_parameters_are_whole_on_a_float_axis(tmp_path):
    axes = {"network.hidden": {"kind": "float", "values": [32, 64.0]}}
    plan = planned(space(tmp_path, axes=axes))
    assert [trial.labels["network.hidden"] for trial in plan.trials] == [32, 64]
    assert all(type(run.params["network.hidden"]) is int for run in plan.runs)


def test_equal_trials_are_refused(tmp_path):
    values = {"named": {"convs": [16]}, "default": {"hidden": 128}}
    axes = {"network": {"kind": "choice", "values": values}}
    with pytest.raises(SweeperError) as caught:
        space(tmp_path, axes=axes)
    assert str(caught.value).endswith(
        "x.yaml:3: axes hold two trials with the same parameters: network=named and network=default"
    )


def test_a_hundred_thousand_runs_in_seconds(tmp_path):
    axes = {
        "optimizer.lr": {"kind": "float", "low": 1e-5, "high": 1, "log": True, "count": 100},
        "optimizer.eps": {"kind": "float", "low": 1e-5, "high": 1, "log": True, "count": 100},
    }
    many = space(tmp_path, axes=axes, seeds=10)
    before = time.process_time()
    plan = planned(many)
    assert time.process_time() - before < 10
    assert len({run.id for run in plan.runs}) == 100_000


NUMBERS = st.floats(1e-6, 1.0, allow_nan=False)
LAYERS = st.lists(st.integers(-3, -1), unique=True, max_size=3)
AXES = st.fixed_dictionaries(
    {},
    optional={
        "optimizer.lr": st.lists(NUMBERS, min_size=1, max_size=3, unique=True).map(
            lambda values: {"kind": "float", "values": values}
        ),
        "optimizer.eps": st.builds(
            lambda count, log: {
                "kind": "float", "low": 1e-6, "high": 1e-2, "count": count, "log": log
            },
            st.integers(2, 4),
            st.booleans(),
        ),
        "sn.layers": st.one_of(
            st.lists(LAYERS, min_size=1, max_size=3, unique_by=frozenset).map(
                lambda sets: {"kind": "layers", "sets": sets}
            ),
            st.integers(1, 3).map(lambda n: {"kind": "layers", "all_subsets": {"max": n}}),
        ),
        "network.hidden": st.lists(st.integers(14, 99), min_size=1, max_size=3, unique=True).map(
            lambda values: {"kind": "choice", "values": values}
        ),
        "loss": st.just({"kind": "choice", "values": ["huber", "mse"]}),
    },
).filter(bool)  # fmt: skip


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(AXES, st.permutations(list(BOTH)), st.integers(1, 3), st.data())
def test_random_spaces(tmp_path, axes, tasks, seeds, data):
    order = data.draw(st.permutations(list(axes)))
    some = tasks[: data.draw(st.integers(1, 2))]
    made = space(
        tmp_path,
        axes={name: axes[name] for name in order},
        tasks={name: BOTH[name] for name in some},
        seeds=seeds,
    )
    plan = planned(made)
    labels = [[point.label for point in axis.points(name)] for name, axis in made.axes.items()]
    assert list(made.axes) == order
    assert [tuple(trial.labels.values()) for trial in plan.trials] == list(product(*labels))
    assert [(run.trial, run.task, run.seed) for run in plan.runs] == list(
        product(range(len(plan.trials)), some, range(seeds))
    )
    assert len({run.id for run in plan.runs}) == len(plan.runs)
    again = Space.parse(json.loads(json.dumps(made.dump())))
    assert again == made and digest(again) == digest(made)
    assert planned(again).runs == plan.runs


def test_words_reach_the_plan(tmp_path):
    space(tmp_path)
    words = ["axes.sn.layers.sets=[none]", "axes.optimizer.lr.values=[1e-2]", "seeds=1"]
    (run,) = planned(load(tmp_path / "x.yaml", None, parse_words(words, ())[1])).runs
    assert run.params["optimizer.lr"] == 1e-2
