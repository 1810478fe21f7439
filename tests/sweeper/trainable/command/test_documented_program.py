"""The example of docs/how_to/a_program.md, Stable-Baselines3's PPO, runs as it is written there."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from sweeper.study.study import Study
from tests.helpers.command import call
from tests.helpers.paths import ROOT


@pytest.mark.skipif(find_spec("stable_baselines3") is None, reason="needs Stable-Baselines3")
def test_the_script_of_the_page_trains_from_its_space(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = (ROOT / "docs" / "how_to" / "a_program.md").read_text()
    for name in ("ppo.py", "ppo.yaml"):
        (text,) = re.findall(rf"^```\w+\n(# {name}\n.*?)^```$", page, re.MULTILINE | re.DOTALL)
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    words = ["ppo.yaml", "scale=smoke", "steps=512", "axes.lr.values=[3e-4]", "figures=[]"]
    assert call("run", *words, "dispatch=inline") == 0
    study = Study.open(tmp_path / "studies" / "ppo-smoke")
    (record,) = study.ledger_state().runs.values()
    assert [step for step, _ in record.reports] == [512], "a rollout is of 512 steps"
    assert record.value is not None and 8 <= record.value <= 500, "no episode is shorter or longer"
    own, metrics = study.paths.runs / record.run, tmp_path / "metrics.jsonl"
    command = [sys.executable, "ppo.py", "--steps=1024", f"--folder={own}"]
    environment = {**os.environ, "SWEEPER_METRICS": str(metrics)}
    subprocess.run(command, cwd=tmp_path, env=environment, check=True, capture_output=True)
    (line,) = metrics.read_text().splitlines()
    assert json.loads(line)["step"] == 1024, "it goes on from what it saved"
