"""Loading a space: what it becomes, and what is refused, each with one readable message."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from sweeper.errors import SweeperError
from sweeper.plan.loading import load
from sweeper.space.digest import differences, digest
from sweeper.space.overrides import parse_words
from sweeper.space.space import Space
from tests.helpers.paths import FAKE_AGENT as FAKE

SPACE = f"""\
study: demo
agent: {FAKE}:Fake
fixed:
  loss: huber
axes:
  network:
    kind: choice
    values:
      small: {{convs: [16], hidden: 128}}
      deep: {{convs: [16, 16], hidden: 64}}
  sn.layers: {{kind: layers, sets: [none, [-3, -2]]}}
  optimizer.lr:
    kind: float
    values: [1e-5, 1e-3]
tasks:
  minatar/breakout: {{low: 0, high: 20}}
seeds: 2
steps: 1000
evaluation: {{every: 500, episodes: 5}}
score: {{metric: return}}
direction: maximize
sampler: grid
scales:
  laptop: {{seeds: [4, 7]}}
  smoke:
    steps: 10
    evaluation.every: 5
    axes.optimizer.lr.values: [1e-4]
"""


def write(folder, text=SPACE):
    path = folder / "x.yaml"
    path.write_text(text)
    return path


def loaded(folder, *words, scale=None, text=SPACE):
    return load(write(folder, text), scale, parse_words(words, ())[1])


def edited(folder, *edits):
    text = SPACE
    for old, new in edits:
        assert old in text, old
        text = text.replace(old, new, 1)
    return write(folder, text)


def message(path, *words, scale=None):
    with pytest.raises(SweeperError) as caught:
        load(path, scale, parse_words(words, ())[1])
    text = str(caught.value)
    assert "\n" not in text and "pydantic" not in text and "validation error" not in text
    return text.replace(str(path), "x.yaml")


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
    assert load(path).fixed == {"loss": "huber", "optimizer.eps": 1e-3}


def test_round_trip_through_json(tmp_path):
    space = loaded(tmp_path, "figures=[]", "note=hello")
    again = Space.parse(json.loads(json.dumps(space.dump())))
    assert again == space and digest(again) == digest(space) and again.dump() == space.dump()


def test_a_frozen_space_that_is_broken(tmp_path):
    data = {**loaded(tmp_path).dump(), "steps": "x"}
    with pytest.raises(SweeperError, match="the frozen space: steps must be a whole number"):
        Space.parse(data)


def test_the_digest_covers_what_changes_results(tmp_path):
    space = loaded(tmp_path)
    for same in (
        "note=x",
        "reference=x",
        "limits.deaths=9",
        "checkpoint.every_s=1",
        "checkpoint.max_gb=1",
        "study=b",
        "axes.optimizer.lr={kind: float, low: 1e-5, high: 1e-3, count: 2}",
    ):
        assert digest(loaded(tmp_path, same)) == digest(space), same
    for other in (
        "seeds=3",
        "steps=999",
        "fixed.loss=mse",
        "axes.optimizer.lr.values=[1e-5]",
        "score.at=max",
        "direction=minimize",
        "evaluation.episodes=6",
        "tasks.minatar/breakout.high=21",
    ):
        assert digest(loaded(tmp_path, other)) != digest(space), other


def test_the_difference_says_what_changed(tmp_path):
    space = loaded(tmp_path)
    assert differences(space, space) == {}
    other = loaded(tmp_path, "seeds=1", "axes.optimizer.lr.values=[1e-5]", "score.at=max")
    assert list(differences(space, other).values()) == [
        "axes.optimizer.lr: [1e-5,0.001] there, [1e-5] now",
        "seeds: [4,7] there, [0] now",
        "score.at: final there, max now",
    ]


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
    assert "needs either agent or function, but got both" in message(path, "agent=dqn")
    assert "needs either agent or function, but got neither" in message(path, "function=null")
    assert message(path, "axes.sn.layers={kind: layers, sets: [none]}").startswith(
        "axes.sn.layers={kind: layers, sets: [none]}: axes.sn.layers cannot count the layers"
    )


LR = "values: [1e-5, 1e-3]"


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("seeds: 2", "sedes: 2", "x.yaml:17: sedes is an unknown key (did you mean 'seeds'?); "),
        ("seeds: 2", "name: x", "x.yaml:17: name is an unknown key"),
        ("metric: return", "metrc: return", "x.yaml:20: score.metrc is an unknown key (did you m"),
        (LR, f"valeus: [1]\n    {LR}", "x.yaml:14: axes.optimizer.lr.valeus is an unknown key"),
        ("low: 0,", "lo: 0,", "x.yaml:16: tasks.minatar/breakout.lo is an unknown key (did you"),
        ("kind: float", "kind: flaot",
         "x.yaml:13: axes.optimizer.lr.kind must be an axis kind, but got 'flaot' (did you mean "
         "'float'?); valid: choice, float, int, layers, norm, normal, shape, variant (or path/fi"),
        ("kind: float", "kind: 3", "x.yaml:13: axes.optimizer.lr.kind must be text, but got 3"),
        ("    kind: float\n", "", "x.yaml:12: axes.optimizer.lr needs the key 'kind'; valid kinds"),
        (f"agent: {FAKE}:Fake", "agent: dnq", "x.yaml:2: agent must be an agent, but got 'dnq'"),
        (f"agent: {FAKE}:Fake", "agent: 5", "x.yaml:2: agent must be text, but got 5"),
        (f"agent: {FAKE}:Fake", "agent: no.py:A", "x.yaml:2: agent names 'no.py:A', but there is"),
        (f"{FAKE}:Fake", f"{FAKE}:Parameter", "x.yaml:2: agent cannot be trained: it lacks param"),
        ("minatar/breakout", "minatar/braekout",
         "x.yaml:16: tasks.minatar/braekout is no task of agent fake_agent.py:Fake (did you mean "
         "'minatar/breakout'?); valid: minatar/breakout, minatar/asterix"),
        ("metric: return", "metric: retrun",
         "x.yaml:20: score.metric must be a metric of agent fake_agent.py:Fake, but got 'retrun' "
         "(did you mean 'return'?); valid: return, loss"),
        ("sampler: grid", "sampler: gird", "x.yaml:22: sampler must be a sampler, but got"),
        ("direction: maximize", "direction: up",
         "x.yaml:21: direction must be one of maximize, minimize, but got 'up'"),
        ("metric: return", "metric: return, at: end",
         "x.yaml:20: score.at must be one of final, max, auc, but got 'end'"),
        ("seeds: 2", "seeds: 2\nfigures: [{heatmop: {}}]", "x.yaml:18: figures[0] must be a figur"),
        ("seeds: 2", "seeds: 2\nfigures: [{a: {}, b: {}}]", "figures[0] must be a figure's name"),
        ("seeds: 2", "seeds: 2\nfigures: 3", "x.yaml:18: figures must be a list, but got 3"),
        (LR, "values: [1e-5, abc]",
         "x.yaml:14: axes.optimizer.lr.values[1] must be a number, but got 'abc'"),
        (LR, "values: []", "x.yaml:14: axes.optimizer.lr.values must hold at least one value"),
        (LR, "values: [1, 1.0]", "axes.optimizer.lr.values[1] repeats 1, which stands at [0]"),
        (LR, "low: 1\n    high: 0.1\n    count: 2", "axes.optimizer.lr needs low < high, but got"),
        (LR, "low: 0\n    high: 1\n    log: true\n    count: 2", "needs low > 0 for a log range"),
        (LR, "values: [11]", "axes.optimizer.lr.values[0] must be at most 10, but got 11.0"),
        (LR, "values: [-1]", "axes.optimizer.lr.values[0] must be at least 0, but got -1.0"),
        ("[-3, -2]", "[-4]",
         "x.yaml:11: axes.sn.layers.sets[1] names layer -4, but network small on minatar/breakout "
         "has 3 layers: -1 to -3"),
        ("[-3, -2]", "[1]", "axes.sn.layers.sets[1][0] must count layers from the output"),
        ("[-3, -2]", "none", "axes.sn.layers.sets[1] repeats none, which stands at [0] already"),
        ("hidden: 64", "hidden: 1.5",
         "x.yaml:10: axes.network.values.deep sets network.hidden, which must be a whole number, "
         "but got 1.5"),
        ("hidden: 64", "hiden: 64",
         "x.yaml:10: axes.network.values.deep sets network.hiden, which is no parameter of agent "
         "fake_agent.py:Fake (did you mean 'network.hidden'?); valid: network.convs, "
         "network.hidden, "),
        ("hidden: 64", "hidden: 13",
         "x.yaml:6: axes.network cannot be trained by agent fake_agent.py:Fake, network=deep, "
         "sn.layers=none, optimizer.lr=1e-5 on minatar/breakout: network.hidden 13 bring"),
        ("convs: [16]", "convs: 16", "sets network.convs, which must be a list, but got 16"),
        ("optimizer.lr:", "optimiser.lr:",
         "axes.optimiser.lr.values[0] is no parameter of agent fake_agent.py:Fake (did you mean "
         "'optimizer.lr'?)"),
        ("loss: huber", "los: huber",
         "x.yaml:4: fixed.los is no parameter of agent fake_agent.py:Fake"),
        ("loss: huber", "loss: hubr",
         "x.yaml:4: fixed.loss has no choice 'hubr' (did you mean 'huber'?); valid: mse, huber"),
        ("loss: huber", "loss: 3", "x.yaml:4: fixed.loss must be text, but got 3"),
        ("loss: huber", "clip: 1", "x.yaml:4: fixed.clip must be true or false, but got 1"),
        ("loss: huber", "limit: yes", "fixed.limit must be a whole number, but got 'yes'"),
        ("loss: huber", "loss: {a: 3}", "fixed.loss must be a value, but got a mapping; paramete"),
        ("loss: huber", "optimizer.lr: 1e-3",
         "axes.optimizer.lr sets optimizer.lr, which fixed sets too"),
        ("loss: huber", "network.convs: [0]", "must be at least 1, but got 0"),
        ("  loss: huber", "  - loss", "x.yaml:3: fixed must be a mapping of keys to values, but "),
        ("seeds: 2", "seeds: 0",
         "x.yaml:17: seeds must be a whole number of at least 1, but got 0"),
        ("seeds: 2", "seeds: 1.5", "seeds must be a whole number of at least 1, but got 1.5"),
        ("seeds: 2", "seeds: true", "seeds must be a whole number of at least 1, but got true"),
        ("seeds: 2", "seeds: many", "seeds must be a whole number of at least 1, but got 'many'"),
        ("seeds: 2", "seeds: .inf", "seeds must be a whole number of at least 1, but got inf"),
        ("seeds: 2", "seeds: [1, 2, 1]", "x.yaml:17: seeds[2] repeats 1, which stands at [0]"),
        ("seeds: 2", "seeds: [1, x]", "seeds[1] must be a whole number of at least 0, but got 'x'"),
        ("seeds: 2", "seeds: [-1]", "seeds[0] must be a whole number of at least 0, but got -1"),
        ("seeds: 2", "seeds: []", "seeds must hold at least one value, but is empty"),
        ("seeds: 2", "seeds: 1e9", "seeds must be at most 1000000"),
        ("seeds: 2", "", "x.yaml: the space needs the key 'seeds'"),
        ("seeds: 2", "seeds: {from: 1}", "x.yaml:17: seeds needs the key 'count', as in {from: 20"),
        ("seeds: 2", "seeds: {form: 1, count: 2}", "seeds.form is an unknown key (did you mean 'f"),
        ("seeds: 2", "seeds: {from: -1, count: 2}", "seeds.from must be a whole number of at lea"),
        ("seeds: 2", "seeds: {from: 0, count: 0}", "seeds.count must be a whole number of at lea"),
        ("seeds: 2", "seeds: {from: 0, count: 1e7}", "seeds.count must be at most 1000000"),
        ("seeds: 2", "seeds: {tune: 2, test: {from: 1, count: 1}}", "seeds.test must be other see"),
        ("convs: [16]", "convs: [[16]]",
         "sets network.convs, which must be a number or text, but got the list [16]"),
        ("steps: 1000", "steps: 0", "x.yaml:18: steps must be a whole number of at least 1, but "),
        ("steps: 1000", "steps: 5k", "steps must be a whole number of at least 1, but got '5k'"),
        ("steps: 1000", "steps: 1e300", "steps must be at most 2**53"),
        ("study: demo", "study: ''", "x.yaml:1: study must be a plain file name"),
        ("study: demo", "study: a/b", "x.yaml:1: study must be a plain file name"),
        ("study: demo", "study: ..", "x.yaml:1: study must be a plain file name"),
        ("study: demo", "study: .hidden", "not beginning with a dot"),
        ("study: demo", "study: a b", "study must be a plain file name of letters, digits and _ ."),
        ("study: demo", f"study: {'x' * 101}", "at most 100 characters long, but got 'xxx"),
        ("every: 500", "every: 1001",
         "x.yaml:19: evaluation.every must be at most steps=1000, but got 1001"),
        ("episodes: 5", "steps: 5, episodes: 5",
         "x.yaml:19: evaluation takes either episodes or steps, but got both"),
        ("episodes: 5", "cap: 5", "evaluation needs either episodes or steps"),
        ("episodes: 5", "episodes: 0", "evaluation.episodes must be a whole number of at least 1"),
        ("evaluation: {every: 500, episodes: 5}", "", "the space needs the key 'evaluation'"),
        ("evaluation: {every: 500, episodes: 5}", "evaluation: 500",
         "evaluation must be a mapping of every, episodes, steps, cap, but got 500"),
        ("low: 0, high: 20", "low: 20, high: 0",
         "x.yaml:16: tasks.minatar/breakout needs low < high, but got low=20 and high=0"),
        ("low: 0, high: 20", "low: 0", "tasks.minatar/breakout needs the key 'high'"),
        ("{low: 0, high: 20}", "3", "tasks.minatar/breakout must be a mapping with low and high"),
        ("  minatar/breakout: {low: 0, high: 20}\n", "  {}\n", "tasks must hold at least one task"),
        ("seeds: 2", "seeds: 2\ncheckpoint: {every_s: 0}", "checkpoint.every_s must be a number a"),
        ("seeds: 2", "seeds: 2\ncheckpoint: {keep: last}",
         "checkpoint.keep must be one of none, final, best, but got 'last'"),
        ("seeds: 2", "seeds: 2\ncheckpoint: {max_gb: -1}", "checkpoint.max_gb must be a number ab"),
        ("seeds: 2", "seeds: 2\ncheckpoint: {max_gb: .inf}", "checkpoint.max_gb must be a number"),
        ("seeds: 2", "seeds: 2\ncheckpoint: {kept: best}",
         "checkpoint.kept is an unknown key (did you mean 'keep'?); valid: every_s, keep, max_gb"),
        ("seeds: 2", "seeds: 2\nlimits: {deaths: 0}", "limits.deaths must be a whole number of at"),
        ("scales:", "scales: 3\nx:", "x is an unknown key"),
        ("laptop: {seeds: [4, 7]}", "laptop: {seeds: [4, 4]}", "x.yaml:24: seeds[1] repeats 4"),
        ("laptop: {seeds: [4, 7]}", "laptop: {sedes: 3}", "x.yaml:24: scales.laptop.sedes is no k"),
        ("laptop: {seeds: [4, 7]}", "laptop: {axes.optimizer.lr.values: [x]}",
         "x.yaml:24: axes.optimizer.lr.values[0] must be a number, but got 'x'"),
        ("laptop: {seeds: [4, 7]}", "laptop: {axes.optimizer.l.values: [1]}",
         "x.yaml:24: axes.optimizer.l.values must be an axis, like {kind: float, values: […]}, b"),
        ("laptop: {seeds: [4, 7]}", "laptop: 3", "x.yaml:24: scales.laptop must be a mapping"),
    ],
)  # fmt: skip
def test_what_is_refused(tmp_path, old, new, expected):
    of_a_scale = old in SPACE[SPACE.index("scales:") :]
    edits = [(old, new)] if of_a_scale else [("seeds: [4, 7]", "note: x"), (old, new)]
    path = edited(tmp_path, *edits)
    assert expected in message(path)


def test_scales_must_be_a_mapping(tmp_path):
    path = write(tmp_path, SPACE[: SPACE.index("scales:")] + "scales: [a]\n")
    assert (
        message(path)
        == "x.yaml:23: scales must be a mapping of keys to values, but got the list ['a']"
    )


def test_an_unknown_scale(tmp_path):
    assert message(write(tmp_path), scale="somke") == (
        "x.yaml: unknown scale 'somke' (did you mean 'smoke'?); scales there: laptop, smoke"
    )


def test_a_word_is_named_where_its_value_is_wrong(tmp_path):
    path = write(tmp_path)
    assert message(path, "seeds=none") == (
        "seeds=none: seeds must be a whole number of at least 1, but got 'none'"
    )
    assert message(path, "axes.optimizer.lr.lo=1") == (
        "axes.optimizer.lr.lo=1: axes.optimizer.lr.lo is an unknown key (did you mean 'low'?); "
        "valid: kind, default, when, grid, helper, title, values, low, high, log, step, count"
    )
    assert "axes.seed={kind: float, values: [1]}: axes.seed is no name for an axis" in message(
        path, "axes.seed={kind: float, values: [1]}"
    )


def test_two_axes_must_not_set_the_same_parameter(tmp_path):
    assert "axes.network.hidden sets network.hidden, which axes.network sets too" in message(
        edited(tmp_path, (LR, f"{LR}\n  network.hidden: {{kind: float, values: [1, 2]}}"))
    )


def test_a_plan_has_a_bound(tmp_path):
    text = message(write(tmp_path), "seeds=1000000")
    assert "make 8000000 runs (2 × 2 × 2 × 1 × 1000000), but a plan has at most 1000000" in text


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
        "import sys; from sweeper.plan.loading import load; from sweeper.plan.plan import Plan;"
        "from sweeper.trainable.loading import load_trainable; s = load(sys.argv[1]);"
        f"Plan(s, load_trainable(s)); print([m for m in {heavy} if m in sys.modules])"
    )
    command = [sys.executable, "-c", code, str(write(tmp_path))]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "[]\n"
