"""Workers whose log finds no room."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from sweeper.planning.loading import load
from sweeper.study import studies
from sweeper.study.study import Study

FULL = Path("/dev/full")

TALKATIVE = """
import sys

def train(config, run):
    print("a word", flush=True)
    print("another", file=sys.stderr)
    return config["x"]
"""


@pytest.mark.skipif(not FULL.exists(), reason="only Linux has a file that is always full")
def test_a_full_disk_under_a_log_ends_neither_worker_nor_run(tmp_path: Path) -> None:
    (tmp_path / "file.py").write_text(TALKATIVE)
    keys = {
        "study": "talkative",
        "function": "file.py:train",
        "axes": {"x": {"kind": "float", "values": [0.1, 0.2]}},
        "tasks": {"line": {"low": 0.0, "high": 1.0}},
        "seeds": 1,
        "steps": 1,
        "score": {"metric": "value"},
        "figures": [],
    }
    (tmp_path / "space.yaml").write_text(yaml.safe_dump(keys, sort_keys=False))
    made = studies.start(tmp_path / "studies" / "talkative", load(tmp_path / "space.yaml"))
    words = ["study=talkative", f"root={tmp_path / 'studies'}"]
    with FULL.open("w") as full:
        command = [sys.executable, "-m", "sweeper", "work", *words]
        done = subprocess.run(command, stdout=full, stderr=full, timeout=300, check=False)
    assert done.returncode == 0
    records = Study.open(made.folder).ledger_state().runs.values()
    assert [(r.state, r.attempts) for r in records] == [("complete", 1)] * 2
