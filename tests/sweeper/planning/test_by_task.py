"""Parameters by task: what each run gets, its id, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from sweeper.errors import SweeperError
from sweeper.planning.loading import load
from sweeper.planning.plan import Plan
from sweeper.space.digest import differences, digest
from sweeper.space.space import Space
from sweeper.trainable.loading import load_trainable
from tests.helpers.paths import FAKE_AGENT

TASKS = {name: {"low": 0, "high": 1} for name in ("minatar/breakout", "minatar/asterix")}
BY_TASK = {"minatar/asterix": {"optimizer.lr": 0.5, "network.units": 96}}


@pytest.fixture
def loaded(tmp_path: Path) -> Callable[..., Space]:
    """A space of an agent on two tasks, further keys replaced."""

    def make(**keys: Any) -> Space:
        space = {
            "study": "demo",
            "agent": f"{FAKE_AGENT}:Rich",
            "fixed": {"optimizer.lr": 0.1},
            "axes": {"network.hidden": {"kind": "int", "values": [32, 64]}},
            "tasks": TASKS,
            "seeds": 2,
            "steps": 100,
            "evaluation": {"every": 50, "episodes": 1},
            "score": {"metric": "return"},
            **keys,
        }
        file = tmp_path / "x.yaml"
        file.write_text(yaml.safe_dump(space, sort_keys=False))
        return load(file)

    return make


def planned(space: Space) -> Plan:
    return Plan(space, load_trainable(space))


def test_each_task_has_its_own_values(loaded: Callable[..., Space]) -> None:
    plain, space = loaded(), loaded(by_task=BY_TASK)
    names = ("network.hidden", "optimizer.lr", "network.units")
    found = [(run.task[8:], *(run.params[name] for name in names)) for run in planned(space).runs]
    assert found[::2] == [
        ("breakout", 32, 0.1, 64),
        ("asterix", 32, 0.5, 96),
        ("breakout", 64, 0.1, 64),
        ("asterix", 64, 0.5, 96),
    ]
    ids = [[run.id for run in planned(one).runs] for one in (plain, space)]
    assert [old == new for old, new in zip(*ids, strict=True)] == [True, True, False, False] * 2
    fixed = {"optimizer.lr": 0.5, "network.units": 96}
    alone = loaded(fixed=fixed, tasks={"minatar/asterix": TASKS["minatar/asterix"]})
    assert [run.id for run in planned(alone).runs] == [ids[1][n] for n in (2, 3, 6, 7)]


def test_the_digest_changes_only_with_it(loaded: Callable[..., Space]) -> None:
    space = loaded(by_task=BY_TASK)
    assert digest(loaded(by_task={})) == digest(loaded())
    assert list(differences(loaded(), space)) == ["by_task.minatar/asterix"]
    again = Space.parse(json.loads(json.dumps(space.dump())))
    assert again == space and [run.id for run in planned(again).runs] == [
        run.id for run in planned(space).runs
    ]


def test_what_is_trained_is_asked_with_the_task_s_own_values(loaded: Callable[..., Space]) -> None:
    axes = {"norm": {"kind": "norm", "values": ["group"], "groups": [64]}}
    assert loaded(axes=axes)
    with pytest.raises(SweeperError, match=r"on minatar/asterix: norm.groups must divide"):
        loaded(axes=axes, by_task=BY_TASK)
    layers = {"sn.layers": {"kind": "layers", "sets": ["none", [-3]]}}
    assert loaded(axes=layers)
    with pytest.raises(SweeperError, match=r"names layer -3, but network on minatar/asterix has 2"):
        loaded(axes=layers, by_task={"minatar/asterix": {"network.layers": 1}})


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"by_task": {"minatar/pong": {"loss": "mse"}}}, "by_task.minatar/pong is no task of the"),
        ({"by_task": {"minatar/asterix": {"los": 1}}}, "asterix.los is no parameter of agent"),
        ({"by_task": {"minatar/asterix": {"loss": "x"}}}, "asterix.loss has no choice 'x'"),
        ({"by_task": {"minatar/asterix": 3}}, "by_task.minatar/asterix must be a mapping"),
        (
            {"by_task": {"minatar/asterix": {"network.hidden": 3}}},
            "network.hidden is a parameter that axes.network.hidden sets too",
        ),
        (
            {"by_task": BY_TASK, "derived": {"limit": "network.units // 2"}},
            "network.units is a parameter that derived.limit has one value of for all tasks",
        ),
        (
            {"by_task": BY_TASK, "constraints": ["optimizer.lr < 1"]},
            r"optimizer.lr is a parameter that constraints\[0\] has one value of for all tasks",
        ),
        (
            {"axes": {"clip": {"kind": "choice", "values": [True], "when": {"task": "x"}}}},
            "axes.clip.when.task is no axis, every trial runs on all tasks: by_task sets",
        ),
    ],
)
def test_what_is_refused(loaded: Callable[..., Space], keys: dict[str, Any], message: str) -> None:
    with pytest.raises(SweeperError, match=message):
        loaded(**keys)


def test_a_word_sets_a_parameter_on_a_task_that_has_none_yet(tmp_path: Path) -> None:
    from tests.helpers.spaces import loaded as changed

    space = changed(tmp_path, "by_task.minatar/breakout.optimizer.eps=0.5", "seeds=1")
    assert space.by_task == {"minatar/breakout": {"optimizer.eps": 0.5}}
