"""Every space that is shipped loads and expands at each of its scales."""

from __future__ import annotations

from pathlib import Path

import pytest

from sweeper.document import read
from sweeper.plan import make_plan
from sweeper.space import Space, load
from sweeper.trainable import load_trainable

SPACES = sorted((Path(__file__).parents[2] / "spaces").glob("*.yaml"))
CASES = [(path, scale) for path in SPACES for scale in read(path).data["scales"]]
NAMES = [f"{path.stem}-{scale}" for path, scale in CASES]

PAPER_RUNS = {"minatar_adam_sn": 5_760}
"""Runs of the published experiments: spec §6."""


@pytest.mark.parametrize("path", SPACES, ids=lambda path: path.stem)
def test_files_are_called_like_their_study_and_hold_the_usual_scales(path):
    data = read(path).data
    assert data["study"] == path.stem
    assert {"laptop", "smoke"} <= set(data["scales"])
    assert path.read_text().startswith("#"), "a space begins with what it asks"


@pytest.mark.parametrize(("path", "scale"), CASES, ids=NAMES)
def test_expands(path, scale):
    space = load(path, scale)
    plan = make_plan(space, load_trainable(space))
    assert len(plan.runs) == len(plan.trials) * len(space.tasks) * len(space.seeds)
    assert len({run.id for run in plan.runs}) == len(plan.runs)
    assert Space.parse(space.dump()) == space
    assert space.figures


@pytest.mark.parametrize(("path", "scale"), CASES, ids=NAMES)
def test_has_the_size_its_scale_promises(path, scale):
    space = load(path, scale)
    plan = make_plan(space, load_trainable(space))
    if scale == "paper":
        assert len(plan.runs) == PAPER_RUNS[path.stem]
    if scale == "laptop":
        assert space.name == path.stem
        assert len(plan.trials) >= 12 and len(space.seeds) >= 5
        assert 10_000 <= space.steps <= 50_000 or space.function
    if scale == "smoke":
        assert len(plan.runs) <= 4 and space.steps <= 1_000


def test_minatar_adam_sn_is_the_published_grid():
    path = next(path for path in SPACES if path.stem == "minatar_adam_sn")
    space = load(path, "paper")
    sizes = {name: len(axis.points(name)) for name, axis in space.axes.items()}
    assert sizes == {"network": 6, "sn.layers": 3, "optimizer.lr": 8, "optimizer.eps": 5}
    assert (len(space.tasks), len(space.seeds), space.steps) == (4, 2, 5_000_000)
    assert space.steps // space.evaluation.every == 40 and space.evaluation.steps == 125_000
