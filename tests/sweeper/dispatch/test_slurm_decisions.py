"""Seeds in rungs, and trials that pause, where the workers are jobs of a real cluster."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from sweeper.planning.loading import load
from sweeper.results import frames
from sweeper.study import studies
from sweeper.study.study import Study
from sweeper.worker.worker import Worker
from tests.helpers.waiting import until

pytestmark = pytest.mark.usefixtures("cluster")

MAY_DIFFER = ["attempts", "seconds", "worker"]
FUNCTION = """
import random

def train(config, run):
    noise = random.Random(f"{config['x']} {run.seed}").gauss(0, 1)
    for step in range(1, 5):
        run.report(step, score=noise - 50 * config["x"])
    return noise - 50 * config["x"]
"""
SPACE = {
    "study": "cluster",
    "function": "f.py:train",
    "axes": {"x": {"kind": "float", "values": [0.0, 0.001, 1.0, 2.0]}},
    "tasks": {"line": {"low": -100.0, "high": 0.0}},
    "seeds": 2,
    "steps": 4,
    "score": {"metric": "score"},
    "figures": [],
}


@pytest.fixture
def on_both(tmp_path: Path) -> Callable[..., tuple[Study, Study]]:
    """Runs a space with three jobs on the cluster, and again with one worker here."""

    def run(**keys: Any) -> tuple[Study, Study]:
        (tmp_path / "f.py").write_text(FUNCTION)
        (tmp_path / "s.yaml").write_text(yaml.safe_dump(SPACE | keys, sort_keys=False))
        words = ["run", "s.yaml", "dispatch=slurm", "workers=3"]
        command = [sys.executable, "-m", "sweeper", *words]
        subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
        there = Study.open(tmp_path / "studies" / "cluster")
        until(lambda: Study.open(there.folder).ended)
        here = studies.start(tmp_path / "studies" / "here", load(tmp_path / "s.yaml"))
        Worker(here, pack="4", device="cpu", workers=1).run()
        return Study.open(there.folder), here

    return run


def table(study: Study) -> pd.DataFrame:
    return frames.runs(study, study.ledger_state()).drop(columns=MAY_DIFFER)


def test_rungs_of_seeds_are_decided_as_one_worker_decides(on_both: Any) -> None:
    there, here = on_both(seeds={"tune": [3, 5]})
    assert [len(there.plan.runs_of(trial)) for trial in range(4)] == [5, 5, 3, 3]
    pd.testing.assert_frame_equal(table(there), table(here))
    decided = [one.paths.rung(0).read_bytes() for one in (there, here)]
    assert decided[0] == decided[1]


def test_paused_trials_go_on_and_the_best_comes_to_the_end(on_both: Any) -> None:
    pruner = {"min_resource": 1, "reduction_factor": 2, "promote": True}
    there, here = on_both(pruner={"successivehalving": pruner})
    runs = table(there)
    assert set(runs["state"]) <= {"complete", "paused"}
    assert set(runs[runs["state"] == "complete"]["trial"]) & {0, 1}
    both = runs.merge(table(here), on=["trial", "seed"], suffixes=("", "_here"))
    ended = both[(both["state"] == "complete") & (both["state_here"] == "complete")]
    assert len(ended) and (ended["score"] == ended["score_here"]).all()
