"""Two mistakes in one axis, figure or scale: neither hides the other, and none is made up."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.helpers.cases import each
from tests.helpers.paths import FAKE_AGENT
from tests.sweeper.planning.mistakes.test_every_mistake import SPACE, answer

UNITS = "network.units: {kind: int, values: [64, 96]}"
EPS = "[1e-4, 1e-2], when: {optimizer: adam}"


@each(
    "old, new, said",
    [
        (
            UNITS,
            "learning: {kind: float, values: [a]}",
            ["axes.learning.values[0] must be a number", "axes.learning is no parameter of agent"],
        ),
        (
            UNITS,
            "learning: {kind: flaot, values: [1]}",
            ["axes.learning.kind must be an axis kind", "axes.learning is no parameter of agent"],
        ),
        (
            UNITS,
            "learning: {kind: float, values: [a], title: optimizer}",
            [
                "axes.learning.values[0] must be a number",
                "axes.learning.title must not be what optimizer is called",
                "axes.learning is no parameter of agent",
            ],
        ),
        (
            UNITS,
            "network.units: {values: [1], valeus: 3}",
            ["axes.network.units needs the key 'kind'", "axes.network.units.valeus is an unknown"],
        ),
        (
            UNITS,
            "network.units: {kind: itn, values: [1], stepp: 3}",
            ["axes.network.units.kind must be an axis kind", "axes.network.units.stepp is an unk"],
        ),
        (
            "seeds: 2",
            "seeds: {start: 5, count: 0}",
            ["seeds.start is an unknown key (did you mean 'from'?)", "seeds.count must be a whole"],
        ),
        (
            "seeds: 2",
            "seeds: {first: a, cuont: 0}",
            ["seeds.first is an unknown key", "seeds.cuont is an unknown key"],
        ),
        (
            "constraints:",
            "zip: [[optimizer, none], [network.units, optimizer.lr, nothing]]\nconstraints:",
            ["zip[0][1] must be an axis, but got 'none'", "zip[1][2] must be an axis, but got"],
        ),
        (
            UNITS,
            "n: {kind: float, low: 1, hgih: 3}",
            ["axes.n is no name for an axis", "axes.n.hgih is an unknown key"],
        ),
        (
            UNITS,
            "learning: {kind: log_normal, mean: 1, sdd: 3}",
            [
                "axes.learning.kind is none of choice, float, int, layers, norm, normal, shape",
                "axes.learning.sdd is an unknown key",
                "axes.learning is no parameter of agent",
            ],
        ),
        (
            "curves]",
            "{curves: {where: {seed: 9}}}, {history: {where: task=zz, trial: 99}}]",
            [
                "figures[1].curves.where asks for seed=9; valid: 0, 1",
                "figures[2].history.where asks for task=zz; valid: minatar/breakout, minatar/ast",
                "figures[2].history.trial must be of the space's trials (0 to 17), but got 99",
            ],
        ),
        (UNITS, "setting: {kind: variant, values: [a]}", ["axes.setting.values must be a mapping"]),
        (
            EPS,
            "[x], when: {optimizr: adam}",
            ["axes.optimizer.eps.values[0] must be a number", "axes.optimizer.eps.when.optimizr"],
        ),
        (
            EPS,
            "[x], when: {optimizer: adm}",
            ["axes.optimizer.eps.values[0] must be a number", "axes.optimizer.eps.when.optimizer"],
        ),
        (
            "curves]",
            "{curves: {top: -1, where: foo=3}}]",
            ["figures[1].curves.top must be", "figures[1].curves.where names 'foo'"],
        ),
        (
            "smoke: {seeds: 1}",
            "laptop: {steps: -3, fxed: {}, seeds: 0}",
            ["scales.laptop.fxed is no key of a space", "seeds must be a", "steps must be a whole"],
        ),
        (
            "scales:",
            "by_task: {minatar/breakout: {fixed: {clip: 1}, axes.loss: mse}}\nscales:",
            [
                "by_task.minatar/breakout.fixed must be a value, but got a mapping: leave out",
                "by_task.minatar/breakout.axes.loss is no name of a parameter: leave out axes",
            ],
        ),
    ],
)
def test_neither_hides_the_other(tmp_path: Path, old: str, new: str, said: list[str]) -> None:
    assert SPACE.count(old) == 1
    found = [line.partition(": ")[2] for line in answer(tmp_path, SPACE.replace(old, new))]
    assert len(found) == len(said)
    assert [line for line, one in zip(found, said, strict=True) if not line.startswith(one)] == []


@pytest.mark.parametrize(
    ("axis", "said"),
    [
        ("{kind: normal, mu: 0, sigma: 1}", ["mu is an", "sigma is an"]),
        ("{kind: float, value: [1], min: 0, max: 1}", ["value is an", "min is an", "max is an"]),
    ],
)
def test_several_mistakes_of_one_axis(tmp_path: Path, axis: str, said: list[str]) -> None:
    found = answer(tmp_path, SPACE.replace(UNITS, f"network.units: {axis}"))
    begun = [line.partition("axes.network.units")[2].lstrip(".") for line in found]
    assert [one for one, wanted in zip(begun, said, strict=True) if wanted not in f" {one}"] == []


def test_what_is_trained_twice_and_a_wrong_word(tmp_path: Path) -> None:
    found = answer(tmp_path, SPACE.replace("seeds: 2", "command: [python, [b]]\nseeds: 2"))
    assert any("command[1] must be a word" in line for line in found)


def test_a_mistake_inside_does_not_hide_an_unknown_task(tmp_path: Path) -> None:
    text = SPACE.replace("scales:", "by_task: {minatar/foo: {loss: {k: 1}}}\nscales:")
    assert [line.partition(",")[0].partition(" (")[0] for line in answer(tmp_path, text)] == [
        "x.yaml:21: by_task.minatar/foo.loss must be a value",
        "x.yaml:21: by_task.minatar/foo is no task of the space",
    ]


def test_an_axis_that_is_derived_too_is_one_mistake(tmp_path: Path) -> None:
    text = SPACE.replace("derived: {", "derived: {optimizer: 1 + 1, ")
    assert [line.partition(": ")[2] for line in answer(tmp_path, text)] == [
        "derived.optimizer is a parameter that axes.optimizer sets too"
    ]


def test_what_is_wrong_with_an_axis_is_no_mistake_of_what_reads_it(tmp_path: Path) -> None:
    text = SPACE.replace("[64, 96]", "[a]").replace("asymmetry.beta: 1 -", "limit: network.units *")
    text = text.replace("seeds: 2", "seeds: 2\nsampler: random\ntrials: 4").replace(
        "[network.units > 3]", "[network.units > 3, limit > 3]\nbaseline: {network.units: 64}"
    )
    assert [line.partition(", but")[0] for line in answer(tmp_path, text)] == [
        "x.yaml:10: axes.network.units.values[0] must be a whole number"
    ]


def test_names_of_parameters_do_not_begin_with_their_section(tmp_path: Path) -> None:
    (tmp_path / "f.py").write_text("def train(config, run):\n    return 0.0\n")
    text = (
        "study: f\nfunction: f.py:train\naxes: {axes.a: {kind: int, values: [1]}}\n"
        "fixed: {fixed.k: 3, axes: {k: 3}, fxed.k: 3}\nderived: {derived.c: 1 + 1}\n"
        "tasks: {any: {low: 0, high: 1}}\nseeds: 1\nsteps: 5\nscore: {metric: value}\n"
    )
    assert [line.partition(": ")[2] for line in answer(tmp_path, text)] == [
        "axes.axes.a is no name of a parameter: leave out axes, as in a",
        "fixed.axes must be a value, but got a mapping: leave out axes, as in k",
        "fixed.fixed.k is no name of a parameter: leave out fixed, as in k",
        "derived.derived.c is no name of a parameter: leave out derived, as in c",
    ]


def test_what_is_valid_is_listed_once(tmp_path: Path) -> None:
    """Of keys of one place, of parameters, and of parameters of which the nearest are listed."""
    text = SPACE.replace("seeds: 2", "seeds: 2\nfoo: 1\nbar: 2\nsedes: 3")
    found = answer(tmp_path, text.replace("clip: true", "klip: true\n  nothing: 3"))
    listed = [line for line in found if "; valid: " in line]
    assert len(found) == 5
    assert [line.partition(" ")[2].partition(" ")[0] for line in listed] == ["fixed.klip", "foo"]
    many = SPACE.replace(f"{FAKE_AGENT}:Rich", "dqn")
    found = answer(tmp_path, many.replace("clip: true", "gama: 1\n  gammma: 1\n  qqq: 1"))
    of_fixed = [line for line in found if ": fixed." in line]
    assert ["; valid: " in line for line in of_fixed if "fixed.loss" not in line] == [
        True,
        False,
        True,
    ]


def test_several_keys_that_say_what_is_trained(tmp_path: Path) -> None:
    text = SPACE.replace("seeds: 2", "command: [python, a.py]\nfunction: f.py:train\nseeds: 2")
    rest = "must go, as the space has agent: a space trains one of agent, function, command"
    assert answer(tmp_path, text) == [f"x.yaml:14: command {rest}", f"x.yaml:15: function {rest}"]


def test_what_is_trained_one_level_too_deep(tmp_path: Path) -> None:
    fixed = SPACE.replace(f"agent: {FAKE_AGENT}:Rich\n", "").replace("loss: huber", "agent: td3")
    (line,) = answer(tmp_path, fixed)
    assert line == "x.yaml:3: fixed.agent must stand one level up: agent: td3"
    axis = SPACE.replace(f"agent: {FAKE_AGENT}:Rich\n", "")
    axis = axis.replace("axes:\n", "axes:\n  agent: {kind: choice, values: {a: td3, b: sac}}\n")
    assert answer(tmp_path, axis)[0].startswith("x.yaml:6: axes.agent must list agents by their")


def test_tags_are_told_beside_all_other_mistakes(tmp_path: Path) -> None:
    text = SPACE.replace("seeds: 2", "seeds: !!float 2e0").replace("steps: 100", "steps: !x 1.5")
    assert [line.partition(", ")[0] for line in answer(tmp_path, text)] == [
        "x.yaml:14: tags are refused",
        "x.yaml:15: tags are refused",
        "x.yaml:15: steps must be a whole number of at least 1",
    ]


def test_a_word_for_a_parameter_on_no_task(tmp_path: Path) -> None:
    (line,) = answer(tmp_path, SPACE, "by_task.minatar/breakuot.loss=mse")
    assert "'minatar/breakuot.loss' begins with no task of the space (did you mean" in line
