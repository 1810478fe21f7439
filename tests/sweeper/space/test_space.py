"""Loading a space: what it becomes."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from sweeper.errors import SweeperError
from sweeper.planning.loading import load
from sweeper.space.digest import differences, digest
from sweeper.space.overrides import parse_words
from sweeper.space.space import Space
from tests.helpers.spaces import SPACE, edited, loaded, message, write


def test_defaults_and_the_default_scale(tmp_path):
    space = loaded(tmp_path)
    assert (space.name, space.scale) == ("demo", "laptop")
    assert space.seeds == (4, 7)
    assert space.score.at == "final" and space.score.aggregate == "iqm"
    assert space.limits.deaths == 3 and space.checkpoint.every_s == 30
    assert space.evaluation.cap == 10_000
    assert space.fixed == {"loss": "huber"}


@pytest.mark.parametrize(
    ("word", "seeds", "held_out"),
    [
        ("{from: 2020, count: 3}", (2020, 2021, 2022), ()),
        ("{tune: {from: 5, count: 2}, test: 3}", (5, 6), (7, 8, 9)),
        ("{tune: 2, test: {from: 2020, count: 2}}", (0, 1), (2020, 2021)),
    ],
)
def test_seeds_begin_where_the_space_says(tmp_path, word, seeds, held_out):
    space = loaded(tmp_path, f"seeds={word}")
    assert (space.seeds, space.held_out) == (seeds, held_out)


def test_another_scale(tmp_path):
    space = loaded(tmp_path, scale="smoke")
    assert (space.name, space.steps, space.evaluation.every) == ("demo-smoke", 10, 5)
    assert [point.value for point in space.axes["optimizer.lr"].points("optimizer.lr")] == [1e-4]
    assert space.seeds == (0, 1)


def test_a_space_without_scales(tmp_path):
    path = write(tmp_path, SPACE[: SPACE.index("scales:")])
    assert (load(path).name, load(path).scale) == ("demo", None)
    assert message(path, scale="paper") == "x.yaml: unknown scale 'paper'; it has no scales"


def test_words_come_after_the_scale(tmp_path):
    space = loaded(tmp_path, "seeds=1e0", "axes.optimizer.lr.values=['1e-2']", "steps=1e6")
    assert space.seeds == (0,) and space.steps == 1_000_000
    assert [point.value for point in space.axes["optimizer.lr"].points("x")] == [1e-2]


def test_axes_can_be_added_replaced_and_taken_away(tmp_path):
    space = loaded(
        tmp_path,
        "axes.network=null",
        "axes.sn.layers={kind: layers, all_subsets: {max: 1}}",
        "axes.optimizer.eps={kind: float, low: 1e-5, high: 1e-3, log: true, count: 3}",
    )
    assert list(space.axes) == ["sn.layers", "optimizer.lr", "optimizer.eps"]
    labels = [point.label for point in space.axes["sn.layers"].points("sn.layers")]
    assert labels == ["none", "sn[-1]", "sn[-2]", "sn[-3]"]


def test_numbers_as_text_are_numbers(tmp_path):
    path = edited(tmp_path, ("loss: huber", "loss: huber\n  optimizer.eps: '1e-3'\n  limit: null"))
    assert load(path).fixed == {"loss": "huber", "optimizer.eps": 1e-3, "limit": None}


def test_round_trip_through_json(tmp_path):
    space = loaded(tmp_path, "figures=[]", "note=hello")
    again = Space.parse(json.loads(json.dumps(space.dump())))
    assert again == space and digest(again) == digest(space) and again.dump() == space.dump()


def test_a_frozen_space_that_is_broken(tmp_path):
    data = {**loaded(tmp_path).dump(), "steps": "x"}
    with pytest.raises(SweeperError, match="the frozen space: steps must be a whole number"):
        Space.parse(data)


def test_a_difference_of_long_values_is_shown_where_it_begins(tmp_path):
    seeds = [str(seed) for seed in range(400)]
    one, other = (f"seeds=[{','.join([*seeds, last])}]" for last in ("777", "888"))
    (line,) = differences(loaded(tmp_path, one), loaded(tmp_path, other)).values()
    assert "777] there" in line and "888] now" in line and len(line) < 250


FUNCTION = """\
study: f
function: f.py:train
axes: {lr: {kind: float, values: [1, 2]}}
tasks: {any: {low: 0, high: 1}}
seeds: 1
steps: 5
score: {metric: anything}
"""


def test_a_function(tmp_path):
    (tmp_path / "f.py").write_text("def train(config, run):\n    return 0.0\n")
    space = load(write(tmp_path, FUNCTION))
    assert space.function == f"{tmp_path}/f.py:train"
    assert space.identity == "function f.py:train" and space.evaluation is None


def test_functions_that_are_refused(tmp_path):
    path = write(tmp_path, FUNCTION)
    assert message(path).startswith("x.yaml:2: function names 'f.py:train', but there is no such")
    (tmp_path / "f.py").write_text("def tran(config, run):\n    return 0.0\n1 / 0\n")
    assert message(path) == (
        "x.yaml:2: function names 'f.py:train', but the file does not define it "
        "(did you mean 'tran'?); valid: tran"
    )
    (tmp_path / "f.py").write_text("def train(\n")
    assert "f.py:1, which is not valid Python" in message(path)
    (tmp_path / "f.py").write_text("def train(config, run):\n    return 0.0\n")
    assert "must look like path/file.py:name" in message(path, "function=train")
    assert "a function evaluates itself" in message(path, "evaluation={every: 1, episodes: 1}")
    assert message(path, "agent=dqn").startswith(
        "x.yaml:2: function must go, as the space has agent: a space trains one of agent, function"
    )
    assert "needs one of agent, function, command, but got none" in message(path, "function=null")
    assert message(path, "axes.sn.layers={kind: layers, sets: [none]}").startswith(
        "axes.sn.layers={kind: layers, sets: [none]}: axes.sn.layers cannot count the layers"
    )


def test_figures_are_checked_against_their_functions(tmp_path):
    drawing = "def draw(data, *, x=None, metric=None):\n    pass\n"
    (tmp_path / "mine.py").write_text(drawing)
    path = write(tmp_path)
    words = ["figures=[heatmap, {'mine.py:draw': {x: task}}]"]
    space = load(path, None, parse_words(words, ())[1])
    assert [(figure.name, figure.options) for figure in space.figures] == [
        ("heatmap", {}),
        (f"{tmp_path}/mine.py:draw", {"x": "task"}),
    ]
    assert "figures[0].mine.py:draw.x must be an axis, but got 'lr'; valid: network, sn.layers" in (
        message(path, "figures=[{'mine.py:draw': {x: lr}}]")
    )
    assert "figures[0].mine.py:draw.z is an unknown option; valid: x, metric" in (
        message(path, "figures=[{'mine.py:draw': {z: lr}}]")
    )


def test_an_axis_kind_of_the_users(tmp_path):
    (tmp_path / "mine.py").write_text(
        "from sweeper.extending import FloatAxis\nclass Axis(FloatAxis):\n    pass\nother = 3\n"
    )
    axis = "axes.optimizer.lr={kind: mine.py:Axis, values: [1e-3]}"
    space = loaded(tmp_path, axis)
    assert space.axes["optimizer.lr"].kind == f"{tmp_path}/mine.py:Axis"
    assert Space.parse(space.dump()) == space
    sys.path.remove(str(tmp_path))
    wrong = "axes.optimizer.lr={kind: mine.py:other, values: [1e-3]}"
    assert "must name a class derived from" in message(write(tmp_path), wrong)


def test_an_axis_kind_of_the_users_needs_points_alone(tmp_path):
    (tmp_path / "powers.py").write_text(
        "from sweeper.extending import AxisModel, Point\n\n"
        "class Axis(AxisModel):\n"
        "    exponents: list[int]\n\n"
        "    def points(self, name):\n"
        "        values = [10.0**one for one in self.exponents]\n"
        "        return tuple(Point(value, value, {name: value}) for value in values)\n"
    )
    axis = "axes.optimizer.lr={kind: powers.py:Axis, exponents: [-4, -3]}"
    space = loaded(tmp_path, axis)
    sys.path.remove(str(tmp_path))
    assert [point.value for point in space.axes["optimizer.lr"].points("x")] == [1e-4, 1e-3]
    assert space.axes["optimizer.lr"].distribution("x").choices == (1e-4, 1e-3)


def test_loading_imports_nothing_heavy(tmp_path):
    heavy = ["torch", "pandas", "seaborn", "matplotlib", "optuna", "minatar", "scipy"]
    code = (
        "import sys; from sweeper.planning.loading import load;"
        "from sweeper.planning.plan import Plan;"
        "from sweeper.trainable.loading import load_trainable; s = load(sys.argv[1]);"
        f"Plan(s, load_trainable(s)); print([m for m in {heavy} if m in sys.modules])"
    )
    command = [sys.executable, "-c", code, str(write(tmp_path))]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "[]\n"
