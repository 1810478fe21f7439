"""Programs of a space's `command` as jobs of a real cluster: their runs, ends and environment."""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path

import pytest

from sweeper.cluster import slurm
from sweeper.results import frames
from sweeper.study.study import Study
from tests.sweeper.dispatch.test_slurm_sweeps import jobs, sweeper, wait_until

pytestmark = pytest.mark.usefixtures("cluster")

SPACE = f"""\
study: programs
command: [{sys.executable}, prog.py, "--lr={{lr}}", "--seed={{seed}}"]
axes: {{lr: {{kind: float, values: [1, 2]}}}}
tasks: {{any: {{low: 0, high: 1}}}}
seeds: 2
steps: 2
score: {{metric: value}}
"""

PROGRAM = """\
import json, os, pathlib, subprocess, sys, time
lr, seed = (float(word.partition("=")[2]) for word in sys.argv[1:])
if pathlib.Path("held").exists():
    child = [sys.executable, "-c", "import time; time.sleep(600)", os.getcwd()]
    pathlib.Path(f"pids/{subprocess.Popen(child).pid}").touch()
    time.sleep(600)
assert os.environ["SLURM_JOB_ID"] and os.environ["MINE"] == "told"
with open(os.environ["SWEEPER_METRICS"], "a") as file:
    file.write(json.dumps({"step": 2, "value": 10 * lr + seed}) + "\\n")
"""


def children(folder: Path) -> list[Path]:
    """The children of programs in a folder that run; zombies have no command line.

    Nodes may have numbers of processes of their own, so that these tell nothing here.
    """
    found = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            words = file.read_bytes().split(b"\0")
            found += [file] if {b"import time; time.sleep(600)", bytes(folder)} <= {*words} else []
    return found


def test_cancelled_programs_end_with_their_children_and_run_anew(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text(SPACE)
    (tmp_path / "prog.py").write_text(PROGRAM)
    (tmp_path / "p.yaml").write_text("timeout_min: 9\nenv: {MINE: told}\n")
    (tmp_path / "held").touch()
    (tmp_path / "pids").mkdir()
    words = ("x.yaml", "profile=p.yaml", "workers=2")
    sweeper(*words, cwd=tmp_path)
    study = Study.open(tmp_path / "studies" / "programs")
    wait_until(lambda: len(list((tmp_path / "pids").iterdir())) == 2)
    assert len(children(tmp_path)) == 2
    slurm.ask("scancel", *{job.id for job in jobs(study)})
    wait_until(lambda: not [job for job in jobs(study) if job.live])
    wait_until(lambda: not children(tmp_path), 30)
    (tmp_path / "held").unlink()
    sweeper(*words, cwd=tmp_path)
    wait_until(lambda: study.ended)
    table = frames.runs(study, study.ledger_state())
    assert set(table["state"]) == {"complete"}
    assert sorted(table["score"]) == [10, 11, 20, 21], "each once, none lost"
    assert table["attempts"].max() <= 2
