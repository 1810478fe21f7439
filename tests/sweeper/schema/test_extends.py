"""Spaces that extend another file: what counts, where messages point, what is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sweeper.errors import SweeperError
from sweeper.planning.loading import load
from sweeper.schema.document import read
from sweeper.schema.extends import extended
from sweeper.space.space import Space

BASE = """\
study: base
function: f.py:train
fixed: {width: 3, depth: 2}
axes:
  lr: {kind: float, low: 1e-4, high: 1e-2, log: true, count: 3}
  net: {kind: choice, values: {small: 1, large: 2}}
tasks: {a: {low: 0, high: 1}}
seeds: 3
steps: 5
score: {metric: value}
sampler: grid
figures: [heatmap, curves]
scales: {smoke: {steps: 1, seeds: 1}}
"""


@pytest.fixture
def loaded(tmp_path: Path) -> Callable[..., Space]:
    """The space of a text that extends `base/base.yaml`, at a scale."""
    (tmp_path / "base").mkdir()
    (tmp_path / "base" / "base.yaml").write_text(BASE)
    (tmp_path / "base" / "f.py").write_text("def train(config, run):\n    return 0.0\n")

    def make(text: str, scale: str | None = None) -> Space:
        (tmp_path / "x.yaml").write_text(f"extends: base/base.yaml\n{text}")
        return load(tmp_path / "x.yaml", scale)

    return make


def test_keys_that_are_not_there_come_from_the_other_file(
    loaded: Callable[..., Space], tmp_path: Path
) -> None:
    space = loaded("study: mine\nseeds: 5\n")
    assert (space.study, space.seeds, space.steps) == ("mine", (0, 1, 2, 3, 4), 5)
    assert space.function == f"{tmp_path}/base/f.py:train"
    assert space.folder == str(tmp_path) and list(space.axes) == ["lr", "net"]
    assert loaded("study: mine\n", "smoke").steps == 1


def test_mappings_are_merged_and_null_takes_away(loaded: Callable[..., Space]) -> None:
    space = loaded(
        "fixed: {depth: 4, loss: mse}\n"
        "axes: {lr: {count: 2}, net: null, eps: {kind: float, values: [1]}}\n"
        "tasks: {b: {low: 0, high: 2}}\n"
        "figures: [pairs]\n"
        "scales: {smoke: {steps: 2}, paper: {seeds: 10}}\n"
    )
    assert space.fixed == {"width": 3, "depth": 4, "loss": "mse"}
    assert [point.value for point in space.axes["lr"].points("lr")] == [1e-4, 1e-2]
    assert list(space.axes) == ["lr", "eps"] and list(space.tasks) == ["a", "b"]
    assert [figure.name for figure in space.figures] == ["pairs"]
    smoke = loaded("scales: {smoke: {steps: 2}}\n", "smoke")
    assert (smoke.steps, smoke.seeds) == (2, (0,))


def test_a_whole_axis_and_other_keys_are_replaced(loaded: Callable[..., Space]) -> None:
    space = loaded(
        "axes: {lr: {kind: float, values: [1, 2]}}\nsampler: {random: {seed: 1}}\ntrials: 2\n"
    )
    assert [point.value for point in space.axes["lr"].points("lr")] == [1, 2]
    assert space.sampler.name == "random"


def test_messages_point_into_the_file_that_holds_the_mistake(
    loaded: Callable[..., Space], tmp_path: Path
) -> None:
    with pytest.raises(SweeperError) as caught:
        loaded("axes: {lr: {count: 1}}\n")
    assert str(caught.value).startswith(f"{tmp_path}/x.yaml:2: axes.lr.count must be a whole")
    with pytest.raises(SweeperError) as caught:
        loaded("axes: {lr: {log: null, low: 5}}\n")
    assert f"{tmp_path}/x.yaml:2: axes.lr needs low < high, but got low=5" in str(caught.value)
    base = tmp_path / "base" / "base.yaml"
    base.write_text(BASE.replace("high: 1}", "high: 0}"))
    with pytest.raises(SweeperError) as caught:
        loaded("")
    assert str(caught.value).startswith(f"{base}:7: tasks.a needs low < high")
    assert "(with" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("extends: 3\n", "x.yaml:1: extends must be the path of a YAML file, but got 3"),
        ("extends: none.yaml\n", "none.yaml: there is no such file"),
        ("extends: none.yaml\n", "x.yaml:1: extends: "),
        ("extends: x.yaml\n", "x.yaml:1: extends leads back to a file that is there already: "),
        ("extends: y.yaml\n", "y.yaml:1: extends leads back to a file that is there already: "),
        ("extend: y.yaml\n", "extend is an unknown key (did you mean 'extends'?)"),
    ],
)
def test_what_is_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "x.yaml").write_text(text)
    (tmp_path / "y.yaml").write_text("extends: x.yaml\n")
    with pytest.raises(SweeperError) as caught:
        load(tmp_path / "x.yaml")
    assert message in str(caught.value)


@pytest.mark.parametrize("command", ['"python train.py --x={lr}"', '[python, train.py, "{lr}"]'])
def test_own_files_are_those_beside_the_file_that_names_them(tmp_path: Path, command: str) -> None:
    base = tmp_path / "base"
    base.mkdir()
    for name in ("train.py", "own.py"):
        (base / name).write_text("")
    text = f"command: {command}\nfigures: [own.py:draw, {{own.py:other: {{}}}}, none.py:draw]\n"
    (base / "base.yaml").write_text(text + "fixed: {wrapper: [own.py:Wrap], note: own.py}\n")
    (tmp_path / "x.yaml").write_text("extends: base/base.yaml\n")
    data = extended(read(tmp_path / "x.yaml"), ()).data
    words = data["command"].split() if isinstance(data["command"], str) else data["command"]
    assert words[1] == "base/train.py"
    assert data["figures"] == ["base/own.py:draw", {"base/own.py:other": {}}, "none.py:draw"]
    assert data["fixed"] == {"wrapper": ["base/own.py:Wrap"], "note": "own.py"}


@pytest.mark.parametrize("own", ["x: {axes: {q: 1}}, y: {}", ""])
def test_listed_blocks_are_extended_by_their_names(tmp_path: Path, own: str) -> None:
    base = "blocks: [{name: x, fixed: {opt: sgd}}, {fixed: {opt: rms}}]\n"
    (tmp_path / "base.yaml").write_text(base)
    text = f"{{{own}}}" if own else "[{name: x, axes: {q: 1}}, {name: y}]"
    (tmp_path / "x.yaml").write_text(f"extends: base.yaml\nblocks: {text}\n")
    found = extended(read(tmp_path / "x.yaml"), ("blocks",))
    assert found.data["blocks"] == {
        "x": {"fixed": {"opt": "sgd"}, "axes": {"q": 1}},
        "2": {"fixed": {"opt": "rms"}},
        "y": {},
    }
    assert found.place(("blocks", "2", "fixed", "opt")).endswith("base.yaml:1")
    assert found.place(("blocks", "x", "axes", "q")).endswith("x.yaml:2")
