"""Tasks may have steps of their own: plans, progress, scores and captions count each run's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sweeper.errors import SweeperError
from sweeper.planning.plan import Plan
from sweeper.report.status import summarise
from sweeper.results import frames
from sweeper.results.data import Data
from sweeper.space.digest import digest
from sweeper.study import studies
from sweeper.trainable.loading import load_trainable
from tests.helpers.command import call
from tests.helpers.function_space import loaded
from tests.helpers.worked_study import work

SPACE: dict[str, Any] = {
    "axes": {"x": {"kind": "float", "values": [1, 2]}},
    "tasks": {"short": {"low": 0, "high": 4}, "long": {"low": 0, "high": 4, "steps": 90}},
    "seeds": 2,
    "steps": 30,
}
TRAIN = """
def train(config, run):
    for step in (10, 20, 30, 60, 90):
        if step <= run.steps:
            run.report(step, value=config["x"] + step / run.steps)
"""


def test_each_run_has_its_tasks_steps_and_others_keep_their_names(tmp_path: Path) -> None:
    space = loaded(tmp_path, **SPACE)
    plan = Plan(space, load_trainable(space))
    assert [run.steps for run in plan.runs] == [30, 30, 90, 90] * 2
    assert plan.steps == 480
    plain = {name: {"low": 0, "high": 4} for name in SPACE["tasks"]}
    same = loaded(tmp_path, **SPACE | {"tasks": plain})
    before = [run.id for run in Plan(same, load_trainable(same)).runs]
    kept = [old == run.id for old, run in zip(before, plan.runs, strict=True)]
    assert kept == [True, True, False, False] * 2
    assert digest(same) != digest(space)


def test_scores_progress_and_captions_count_each_runs_steps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    space = loaded(tmp_path, **SPACE | {"score": {"metric": "value", "at": "auc"}})
    (tmp_path / "f.py").write_text(TRAIN)
    begun = studies.start(tmp_path / "studies" / "demo", space)
    assert summarise(begun).progress.steps_left == 480
    assert call("plan", "x.yaml") == 0
    assert "steps: 480 in all, 30 to 90 a run" in capsys.readouterr().out
    done = work(begun)
    found = frames.runs(done, done.ledger_state())
    assert found.groupby("task", observed=True)["step"].unique().map(list).to_dict() == {
        "short": [30],
        "long": [90],
    }
    data = Data.of(done)
    again = data.tables.table("value")
    scores = again["score"].to_numpy() * 4
    assert again["(value)"].to_numpy() == pytest.approx(scores)
    assert "30 to 90 steps" in data.caption(8, [], "")
    assert summarise(done).progress.steps_left == 0


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        (
            {"pruner": "median", "sampler": "random", "trials": 2},
            "tasks.long.steps must go: a pruner compares runs of one length",
        ),
        ({"tasks": {"t": {"low": 0, "high": 1, "steps": 0}}}, "tasks.t.steps must be"),
    ],
)
def test_what_does_not_fit_is_named(tmp_path: Path, keys: dict[str, Any], said: str) -> None:
    with pytest.raises(SweeperError) as raised:
        loaded(tmp_path, **SPACE | keys)
    assert said in str(raised.value)
