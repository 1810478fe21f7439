"""Which job a batch script asks for once more, when its worker has left with runs open."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from sweeper.cluster import profile, script
from sweeper.cluster.slurm import REQUEUE
from sweeper.study.study import Study
from tests.helpers.paths import ROOT

ELEMENT = {"SLURM_JOB_ID": "70", "SLURM_ARRAY_JOB_ID": "70", "SLURM_ARRAY_TASK_ID": "2"}
SINGLE = {"SLURM_JOB_ID": "80"}


@pytest.fixture
def texts(tmp_path: Path) -> list[str]:
    """Both batch scripts that there are."""
    shipped = profile.load(profile.DEFAULT)
    written = script.text(shipped, "sweeper", tmp_path, ["study=s"], 3)
    return [written, (ROOT / "slurm" / "worker.sbatch").read_text()]


def played(text: str, folder: Path, code: int, environment: dict[str, str]) -> list[str]:
    """Runs a script whose worker leaves with `code`; returns what is asked of scontrol."""
    for name, body in {
        "srun": f"exit {code}",
        "scontrol": f'echo "$@" >> {folder}/asked',
        "sleep": "exit 0",
    }.items():
        (folder / name).write_text(f"#!/bin/sh\n{body}\n")
        (folder / name).chmod(0o755)
    (folder / "asked").write_text("")
    variables = {"PATH": f"{folder}:{os.environ['PATH']}", **environment}
    done = subprocess.run(["bash", "-c", text, "worker", str(folder)], env=variables, timeout=300)
    assert done.returncode == code
    return (folder / "asked").read_text().splitlines()


@pytest.mark.parametrize(
    ("environment", "asked"), [(ELEMENT, "requeue 70_2"), (SINGLE, "requeue 80")]
)
def test_only_its_own_job_is_requeued(
    texts: list[str], tmp_path: Path, environment: dict[str, str], asked: str
) -> None:
    for text in texts:
        for code in (REQUEUE, 128 + signal.SIGUSR2):
            assert played(text, tmp_path, code, environment) == [asked]


@pytest.mark.parametrize("code", [0, 1])
def test_one_that_is_done_or_failed_is_not(texts: list[str], tmp_path: Path, code: int) -> None:
    for text in texts:
        assert played(text, tmp_path, code, ELEMENT) == []


DAWDLES = """\
import pathlib, sys, time
if "sweeper.dispatch.entry" in sys.orig_argv:
    pathlib.Path(__file__).with_name("begun").touch()
    time.sleep(600)
"""


def test_a_worker_that_is_struck_before_it_listens_comes_back(
    make_study: Callable[..., Study], tmp_path: Path
) -> None:
    (tmp_path / "sitecustomize.py").write_text(DAWDLES)
    paths = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    folder = make_study().folder
    words = [f"study={folder.name}", f"root={folder.parent}"]
    command = [sys.executable, "-m", "sweeper", "work", *words]
    with subprocess.Popen(command, env=os.environ | {"PYTHONPATH": paths}) as tender:
        while not (tmp_path / "begun").exists():
            time.sleep(0.01)
        tender.send_signal(signal.SIGUSR2)
        assert tender.wait(300) == REQUEUE
    assert Study.open(folder).ledger_state().workers == {}, "it began before it was struck"
