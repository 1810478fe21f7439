"""`sweeper plan`: what a space asks for, as it was understood."""

from __future__ import annotations

from pathlib import Path

from sweeper.cli.commands import asked
from sweeper.planning.shipped_spaces import spaces
from sweeper.space.space import Space
from tests.helpers.cases import each
from tests.helpers.function_space import loaded
from tests.helpers.shipped import load


def said(space: Space) -> list[str]:
    return list(asked.lines(space))


def test_a_sampled_space_is_told_in_the_words_of_its_file(tmp_path: Path) -> None:
    space = loaded(
        tmp_path,
        axes={
            "opt": {"kind": "choice", "values": ["adam", "sgd"]},
            "lr": {"kind": "float", "low": 1e-5, "high": 0.1, "log": True, "default": 1e-3},
            "momentum": {"kind": "float", "values": [0, 0.9], "when": {"opt": "sgd"}},
            "width": {"kind": "int", "low": 1, "high": 9, "helper": True},
        },
        fixed={"batch_size": 32, "units": [64, 64], "clip": None},
        derived={"scale": "2 * width"},
        constraints=["batch_size < 64"],
        by_task={"any": {"gamma": 0.9}},
        tasks={"any": {"low": -1, "high": 2.5}, "other": {"low": 0, "high": 1}},
        seeds={"tune": 3, "test": 2},
        score={"metric": "loss", "at": "max", "aggregate": "mean"},
        direction="minimize",
        sampler={"tpe": {"seed": 1}},
        trials=7,
        pruner={"median": {"n_warmup_steps": 1, "seeds": 2}},
    )
    assert said(space) == [
        "trains: function f.py:train",
        "tasks: any (-1 to 2.5), other (0 to 1)",
        "seeds: 0 to 2, and 3, 4 for rerank",
        "score: minimize loss, at max, aggregate mean",
        "sampler: tpe (seed=1), 7 trials, pruner median (n_warmup_steps=1, seeds=2)",
        "fixed: batch_size=32, units=[64,64], clip=null",
        "axis opt: choice, values=[adam,sgd]",
        "axis lr: float, low=1e-5, high=0.1, log=true, default=0.001",
        "axis momentum: float, values=[0,0.9], when opt=sgd",
        "axis width: int, low=1, high=9, helper=true",
        "derived: scale = 2 * width",
        "constraint: batch_size < 64",
        "on any: gamma=0.9",
    ]


def test_several_scores_and_blocks_are_told_each_with_its_own(tmp_path: Path) -> None:
    lr = {"kind": "float", "values": [1, 2]}
    sgd, adam = {"fixed": {"opt": "sgd"}, "axes": {"lr": lr}}, {"fixed": {"opt": "adam"}}
    blocks = {"sgd": sgd, "adam": adam}
    score = [{"metric": "return"}, {"metric": "time", "at": "auc", "direction": "minimize"}]
    told = said(loaded(tmp_path, axes={"width": lr}, blocks=blocks, score=score))
    assert told[3:] == [
        "score: maximize return, at final, aggregate iqm; minimize time, at auc, aggregate iqm",
        "axis width: float, values=[1,2]",
        "block sgd:",
        "  fixed: opt=sgd",
        "  axis lr: float, values=[1,2]",
        "block adam:",
        "  fixed: opt=adam",
    ]


def test_long_values_are_cut_and_counted(tmp_path: Path) -> None:
    values = list(range(1000))
    line = said(loaded(tmp_path, axes={"lr": {"kind": "int", "values": values}}))[-1]
    assert line.startswith("axis lr: int, values=[0,1,2,") and line.endswith("… (1000 in all)")
    assert len(line) < 120


@each("file", [file for file, _ in spaces()])
def test_of_a_shipped_space_all_axes_and_fixed_parameters_are_told(file: Path) -> None:
    space = load(file)
    told = said(space)
    for name, axis in space.axes.items():
        (line,) = [line for line in told if line.startswith(f"axis {name}: {axis.kind}")]
        keys = set(axis.model_dump(exclude_defaults=True)) - {"kind"}
        assert all(f"{key}=" in line or (key == "when" and ", when " in line) for key in keys)
    assert all(any(f"{name}=" in line for line in told) for name in space.fixed)
