"""What a study records of its code, packages, machine and tasks when it begins."""

from __future__ import annotations

import subprocess

from sweeper.planning.loading import load
from sweeper.report.status import summarise
from sweeper.report.status_text import summary_lines
from sweeper.study import studies


def test_provenance_is_recorded(tmp_path):
    project = tmp_path / "project"
    project.mkdir()

    def git(*words):
        subprocess.run(
            ["git", "-c", "user.name=a", "-c", "user.email=a@b.c", *words],
            cwd=project,
            check=True,
            capture_output=True,
        )

    (project / "f.py").write_text("def train(config, run):\n    return 1.0\n")
    (project / "s.yaml").write_text(
        "study: s\nfunction: f.py:train\naxes: {x: {kind: choice, values: [1, 2]}}\n"
        "tasks: {t: {low: 0, high: 1}}\nseeds: 1\nsteps: 1\nscore: {metric: value}\n"
    )
    git("init", "-q")
    git("add", ".")
    git("commit", "-qm", "one")
    (project / "f.py").write_text("def train(config, run):\n    return 2.0\n")
    found = studies.start(tmp_path / "s", load(project / "s.yaml")).versions[0].origin
    assert found.code["project"].endswith("-dirty") and len(found.code["f.py"]) == 16
    assert "+    return 2.0" in found.diffs["space"]
    assert {"python", "numpy", "torch", "optuna"} <= set(found.packages)
    assert found.machine["cores"] >= 1 and found.machine["host"]


def test_what_the_agent_says_of_tasks_is_recorded_and_shown(tmp_path):
    (tmp_path / "s.yaml").write_text(
        "study: s\nagent: dqn\naxes: {optimizer.lr: {kind: float, values: [1e-3]}}\n"
        "tasks: {minatar/breakout: {low: 0, high: 1}}\nseeds: 1\nsteps: 1\n"
        "evaluation: {every: 1, episodes: 1, cap: 1}\nscore: {metric: return}\n"
    )
    begun = studies.start(tmp_path / "s", load(tmp_path / "s.yaml"))
    told = begun.versions[0].origin.tasks["minatar/breakout"]
    assert told["observation"] == "10 x 10 x 4 bool" and told["actions"] == "6 choices"
    shown = list(summary_lines(summarise(begun)))
    assert any("task minatar/breakout: observation 10 x 10 x 4 bool, act" in line for line in shown)
