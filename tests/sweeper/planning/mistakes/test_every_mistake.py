"""One answer tells every mistake of a space file, and where a misplaced key belongs."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import pytest

from sweeper.errors import SweeperError
from sweeper.planning.loading import load
from sweeper.space.overrides import parse_words
from tests.helpers.cases import each
from tests.helpers.paths import FAKE_AGENT

SPACE = f"""\
study: demo
agent: {FAKE_AGENT}:Rich
fixed:
  loss: huber
  clip: true
axes:
  optimizer: {{kind: choice, values: [adam, sgd]}}
  optimizer.lr: {{kind: float, values: [1e-4, 1e-3, 1e-2]}}
  optimizer.eps: {{kind: float, values: [1e-4, 1e-2], when: {{optimizer: adam}}}}
  network.units: {{kind: int, values: [64, 96]}}
derived: {{asymmetry.beta: 1 - asymmetry.alpha}}
constraints: [network.units > 3]
tasks: {{minatar/breakout: {{low: 0, high: 1}}, minatar/asterix: {{low: 0, high: 1}}}}
seeds: 2
steps: 100
evaluation: {{every: 50, episodes: 1}}
score: {{metric: return}}
checkpoint: {{every_s: 30}}
limits: {{deaths: 3}}
figures: [{{heatmap: {{x: optimizer.lr}}}}, curves]
scales:
  smoke: {{seeds: 1}}
"""

MISTAKES = [
    ("study: demo", "study: a b", "x.yaml:1: study must be a plain file name"),
    ("loss: huber", "loss: hubr", "x.yaml:4: fixed.loss has no choice 'hubr'"),
    ("clip: true", "klip: true", "x.yaml:5: fixed.klip is no parameter of agent"),
    ("[adam, sgd]", "[adam, adam]", "x.yaml:7: axes.optimizer.values[1] repeats adam"),
    ("1e-3, 1e-2]", "-1, 99]", "x.yaml:8: axes.optimizer.lr.values[1] must be at least 0"),
    ("1e-3, 1e-2]", "-1, 99]", "x.yaml:8: axes.optimizer.lr.values[2] must be at most 10"),
    ("kind: int", "kind: itn", "x.yaml:10: axes.network.units.kind must be an axis kind"),
    ("asymmetry.alpha}", "asymmetry.alhpa}", "x.yaml:11: derived.asymmetry.beta names 'asymm"),
    ("[network.units > 3]", "[nothing > 3]", "x.yaml:12: constraints[0] names 'nothing'"),
    ("breakout: {low: 0,", "breakout: {lo: 0,", "x.yaml:13: tasks.minatar/breakout.lo is an unk"),
    ("minatar/asterix", "minatar/asterx", "x.yaml:13: tasks.minatar/asterx is no task of"),
    ("seeds: 2", "sedes: [1, 1]", "x.yaml:14: sedes is an unknown key (did you mean 'seeds'?)"),
    ("seeds: 2", "sedes: [1, 1]", "x.yaml:14: seeds[1] repeats 1"),
    ("steps: 100", "steps: 1.5", "x.yaml:15: steps must be a whole number of at least 1"),
    ("episodes: 1", "episode: 1", "x.yaml:16: evaluation.episode is an unknown key"),
    ("metric: return", "metric: retrun, at: end", "x.yaml:17: score.at must be one of final"),
    ("metric: return", "metric: retrun, at: end", "x.yaml:17: score.metric must be a metric of"),
    ("every_s: 30", "every_s: 0, keep: all", "x.yaml:18: checkpoint.every_s must be a number ab"),
    ("every_s: 30", "every_s: 0, keep: all", "x.yaml:18: checkpoint.keep must be one of none"),
    ("deaths: 3", "deaths: 0", "x.yaml:19: limits.deaths must be a whole number of at least 1"),
    ("x: optimizer.lr", "x: optimizer.rl", "x.yaml:20: figures[0].heatmap.x must be an axis, but"),
    (", curves]", ", curvs]", "x.yaml:20: figures[1] must be a figure, but got 'curvs'"),
    ("smoke: {seeds: 1}", "smoke: {sedes: 1}", "x.yaml:22: scales.smoke.sedes is no key of a sp"),
    ("limits:", "limits: {}\nlimits:", "the key limits is there twice, first on line 19"),
]
EDITS = list(dict.fromkeys((old, new) for old, new, _ in MISTAKES))


def answer(folder: Path, text: str, *words: str) -> list[str]:
    path = folder / "x.yaml"
    path.write_text(text)
    with pytest.raises(SweeperError) as caught:
        load(path, None, parse_words(words, ())[1])
    return str(caught.value).replace(str(path), "x.yaml").splitlines()


def edited(*edits: tuple[str, str]) -> str:
    text = SPACE
    for old, new in edits:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


def test_the_space_itself_is_valid(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text(SPACE)
    assert len(load(tmp_path / "x.yaml").axes) == 4


def test_all_mistakes_together_are_told_in_the_order_of_the_file(tmp_path: Path) -> None:
    found = answer(tmp_path, edited(*EDITS[:-1]))
    expected = [message for old, new, message in MISTAKES if (old, new) != EDITS[-1]]
    assert [line[: len(m)] for line, m in zip(found, expected, strict=True)] == expected


@each("edit", EDITS)
def test_each_mistake_alone_is_told_without_what_follows_from_it(
    tmp_path: Path, edit: tuple[str, str]
) -> None:
    found = answer(tmp_path, edited(edit))
    expected = [message for old, new, message in MISTAKES if (old, new) == edit]
    assert len(found) == len(expected)
    assert all(message in line for line, message in zip(found, expected, strict=True))


@each("pair", list(combinations(EDITS, 2))[::7])
def test_two_mistakes_are_both_told(tmp_path: Path, pair: tuple[tuple[str, str], ...]) -> None:
    found = answer(tmp_path, edited(*pair))
    expected = [message for old, new, message in MISTAKES if (old, new) in pair]
    if ("limits:", "limits: {}\nlimits:") not in pair:  # lines behind it move
        assert len(found) == len(expected)
        assert all(any(message in line for line in found) for message in expected)


def test_mistakes_of_words_are_told_with_those_of_the_file(tmp_path: Path) -> None:
    found = answer(tmp_path, edited(EDITS[1]), "steps=0", "axes.network.units.values=[x]")
    assert [line.partition(": ")[0] for line in found] == [
        "x.yaml:4",
        "axes.network.units.values=[x]",
        "steps=0",
    ]


def test_of_very_many_mistakes_the_first_are_told_and_the_rest_counted(tmp_path: Path) -> None:
    found = answer(tmp_path, SPACE + "".join(f"key{n}: 1\n" for n in range(210)))
    assert len(found) == 201 and found[-1] == "and 10 mistakes more"


def test_a_mistake_of_an_agent_does_not_hide_those_of_the_file(tmp_path: Path) -> None:
    text = edited(EDITS[0], ("deaths: 3", "deaths: 0")).replace("fake_agent.py:Rich", "gone.py:A")
    assert [
        line.partition(" must")[0].partition(" names")[0] for line in answer(tmp_path, text)
    ] == [
        "x.yaml:1: study",
        "x.yaml:2: agent",
        "x.yaml:19: limits.deaths",
    ]


@pytest.mark.parametrize(
    ("axes", "more", "said"),
    [
        (
            "{size: {kind: int, low: 0, high: 9, step: 4}}",
            "sampler: random\ntrials: 4\n",
            "axes.size needs steps that lead from low to high, but got low=0, high=9 and step=4: "
            "the last step leads to 8",
        ),
        (
            "{size: {kind: int, values: [1, 2]}}",
            "constraints: [size > 3]\ninvalid: drop\n",
            "axes hold no trial: all 2 combinations are dropped",
        ),
        (
            "{size: {kind: int, values: [1, 2]}}",
            "derived: {twice: 2 * size}\nconstraints: [twice > 5, size < 9]\ninvalid: drop\n",
            "axes hold no trial: all 2 combinations are dropped",
        ),
    ],
)
def test_where_no_axis_is_left_nothing_is_said_of_what_asks_for_one(
    tmp_path: Path, axes: str, more: str, said: str
) -> None:
    (tmp_path / "f.py").write_text("def train(config, run):\n    return 0.0\n")
    space = "study: demo\nfunction: f.py:train\ntasks: {a: {low: 0, high: 1}}\nseeds: 1\nsteps: 9\n"
    file = tmp_path / "x.yaml"
    file.write_text(f"{space}score: {{metric: value}}\naxes: {axes}\n{more}")
    with pytest.raises(SweeperError) as caught:
        load(file)
    assert str(caught.value) == f"{file}:7: {said}"


def test_an_axis_that_was_taken_out_is_no_mistake_of_the_baseline(tmp_path: Path) -> None:
    text = (
        "study: b\nagent: [dqn, sac]\naxes:\n  agent: {kind: choice, values: [dqn, sac]}\n"
        "  network.units: {kind: int, values: [64, 65]}\n"
        "tasks: {gym/CartPole-v1: {low: 0, high: 1}, gym/Pendulum-v1: {low: 0, high: 1}}\n"
        "seeds: 1\nsteps: 100\nevaluation: {every: 50, episodes: 1}\nscore: {metric: return}\n"
        "baseline: {agent: dqn, network.units: 64, foo: 3}\n"
    )
    found = answer(tmp_path, text)
    assert [line.partition(" cannot")[0].partition("; valid")[0] for line in found] == [
        "x.yaml:4: axes.agent",
        "x.yaml:11: baseline.foo is no axis",
    ]


def test_a_missing_file_of_a_function_does_not_hide_unknown_names(tmp_path: Path) -> None:
    text = (
        "study: f\nfunction: gone.py:train\naxes: {a: {kind: int, values: [1, 2]}}\n"
        "derived: {f: zz + 1}\nconstraints: [unknown == 2]\n"
        "tasks: {any: {low: 0, high: 1}}\nseeds: 1\nsteps: 5\nscore: {metric: value}\n"
    )
    assert [line.partition(", ")[0] for line in answer(tmp_path, text)] == [
        "x.yaml:2: function names 'gone.py:train'",
        "x.yaml:4: derived.f names 'zz'",
        "x.yaml:5: constraints[0] names 'unknown'",
    ]
