"""What is refused of a space, each with one readable message that names its place."""

from __future__ import annotations

from tests.helpers.cases import each
from tests.helpers.paths import FAKE_AGENT as FAKE
from tests.helpers.spaces import SPACE, edited, message, write

LR = "values: [1e-5, 1e-3]"


@each(
    "old, new, expected",
    [
        ("seeds: 2", "sedes: 2", "x.yaml:17: sedes is an unknown key (did you mean 'seeds'?); "),
        ("seeds: 2", "seeds: 2\nname: x", "x.yaml:18: name is an unknown key"),
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
        (LR, "values: [11]", "axes.optimizer.lr.values[0] must be at most 10, but got 11"),
        (LR, "values: [-1]", "axes.optimizer.lr.values[0] must be at least 0, but got -1"),
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
         "x.yaml:10: axes.network.values.deep.hidden cannot be trained by agent "
         "fake_agent.py:Fake, network=deep, sn.layers=none, "
         "optimizer.lr=1e-5 on minatar/breakout: network.hidden 13 bring"),
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
        ("loss: huber", "clip: off", "clip must be true or false, but got 'off': write false"),
        ("loss: huber", "clip: 'True'", "clip must be true or false, but got 'True': write true"),
        (LR, "low: 1\n    high: 9\n    log: yes", "log must be true or false, but got 'yes': w"),
        (LR, f"helper: no\n    {LR}", "helper must be true or false, but got 'no': write false"),
        ("seeds: 2", "seeds: 2\nfigures: [{heatmap: {caption: no}}]", "but got 'no': write false"),
        ("loss: huber", "optimizer.lr: 11", "fixed.optimizer.lr must be at most 10, but got 11"),
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
         "evaluation must be a mapping of every, episodes, steps, cap, unfinished, streams, but "),
        ("episodes: 5", "episodes: 5, streams: 1",
         "x.yaml:19: evaluation takes streams and unfinished with steps, not with episodes, but "),
        ("episodes: 5", "episodes: 5, unfinished: count",
         "with steps, not with episodes, but got episodes and unfinished"),
        ("episodes: 5", "steps: 5, streams: 6", "evaluation needs streams <= steps, but got 6 and"),
        ("episodes: 5", "steps: 5, unfinished: keep",
         "evaluation.unfinished must be one of drop, count, but got 'keep'"),
        ("low: 0, high: 20", "low: 20, high: 0",
         "x.yaml:16: tasks.minatar/breakout needs low < high, but got low=20 and high=0"),
        ("low: 0, high: 20", "low: 0", "tasks.minatar/breakout needs the key 'high'"),
        ("{low: 0, high: 20}", "3", "tasks.minatar/breakout must be a mapping with low and high"),
        ("  minatar/breakout: {low: 0, high: 20}\n", "  {}\n", "tasks must hold at least one task"),
        ("seeds: 2", "seeds: 2\ncheckpoint: {every_s: 0}", "checkpoint.every_s must be a number a"),
        ("seeds: 2", "seeds: 2\ncheckpoint: {keep: last}",
         "checkpoint.keep must be one of none, final, best, state, but got 'last'"),
        ("seeds: 2", "seeds: 2\ncheckpoint: {max_gb: -1}", "checkpoint.max_gb must be a number ab"),
        ("seeds: 2", "seeds: 2\ncheckpoint: {max_gb: .inf}", "checkpoint.max_gb must be a number"),
        ("seeds: 2", "seeds: 2\ncheckpoint: {kept: best}",
         "checkpoint.kept is an unknown key (did you mean 'keep'?); valid: every_s, keep, max_gb"),
        ("seeds: 2", "seeds: 2\nlimits: {deaths: 0}", "limits.deaths must be a whole number of at"),
        ("scales:", "scales: {}\nx:", "x is an unknown key"),
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
        "seeds=none: seeds must be a whole number of at least 1, but got 'none'; or a "
        "list, as in [0, 1, 5], or from and count"
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
