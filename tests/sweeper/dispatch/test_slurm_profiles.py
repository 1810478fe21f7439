"""Profiles on a real cluster: what sbatch takes, environment variables, several for one study."""

from __future__ import annotations

from pathlib import Path

import pytest

from sweeper.cli.run_options import of_workers
from sweeper.cluster import profile, script, slurm
from sweeper.cluster.profile import Profile
from sweeper.dispatch import slurm_layout
from sweeper.errors import SweeperError
from sweeper.study.study import Study
from tests.sweeper.dispatch.test_slurm_sweeps import sweeper, wait_until

FUNCTION = """
import os

def train(config, run):
    print(f"{os.environ.get('TOKEN')}!{os.environ['SLURM_JOB_PARTITION']}!", flush=True)
    run.report(1, value=config["x"])
    return config["x"]
"""
SPACE = """
study: parts
function: fn.py:train
axes: {x: {kind: int, low: 1, high: 4}}
tasks: {default: {low: 0, high: 4}}
seeds: 1
steps: 1
score: {metric: value}
"""


def written(folder: Path, name: str, text: str) -> Profile:
    file = folder / f"{name}.yaml"
    file.write_text(text)
    return profile.load(str(file))


@pytest.mark.usefixtures("cluster")
@pytest.mark.parametrize(
    "text",
    [
        "mem: 512M\nnodes: 1\nname: mine\nopen_mode: append",
        "mem_gb: 0\nexclusive: true",
        "mem_per_cpu: 0.25G\ncpus-per-task: 2",
        "gpus: 1\ncpus_per_gpu: 2",
        "gres: [gpu:1]\ntime_min: 3\ntime: 10",
        "exclude: [n1]\nnodelist: [n2]\nmail_type: [END, FAIL]\nmail_user: a@b.example",
        "partition: [low, high]\nrequeue: false\ncomment: two 'quoted' words",
        "hint: nomultithread\ntmp: 0\nnice: true\nhold: true\nkill_on_invalid_dep: yes",
        "begin: now+1hour\noversubscribe: true\nthreads_per_core: 1\nswitches: 1",
        "additional_parameters: {contiguous: true, qos: normal}\nsignal_delay_s: 30",
    ],
)
def test_sbatch_takes_what_a_profile_may_say(tmp_path: Path, text: str) -> None:
    loaded = written(tmp_path, "p", text)
    file = tmp_path / "worker.sbatch"
    file.write_text(script.text(loaded, "sweeper", tmp_path, [], 2))
    slurm.test(str(file))


@pytest.mark.usefixtures("cluster")
def test_workers_of_two_profiles_share_a_study_and_its_secrets_are_in_no_file(
    tmp_path: Path,
) -> None:
    (tmp_path / "fn.py").write_text(FUNCTION)
    (tmp_path / "parts.yaml").write_text(SPACE)
    written(tmp_path, "a", "partition: low\nname: mine\nhold: true\nenv: {TOKEN: \"'hu sh'\"}")
    written(tmp_path, "b", "partition: high\nhold: true\n")
    words = ("parts.yaml", "profile=a.yaml,b.yaml", "workers=2,1")
    said = sweeper(*words, cwd=tmp_path)
    assert "submitted 2 workers of a.yaml as array" in said
    assert "submitted 1 worker of b.yaml as array" in said
    study = Study.open(tmp_path / "studies" / "parts")
    base = script.job_name(study.folder)
    names = sorted(job.name for job in slurm.jobs(base))
    assert names == [f"mine.{base}+a", f"mine.{base}+a", f"{base}+b"]
    slurm.cancel_named(f"{base}+b")
    wait_until(lambda: sum(job.live for job in slurm.jobs(base)) == 2)
    said = sweeper(*words, cwd=tmp_path)
    assert "submitted 1 worker of b.yaml" in said, "the kind that is missing"
    assert "of a.yaml" not in said
    written_down = [file for file in study.folder.rglob("*") if file.is_file()]
    assert not [file for file in written_down if b"hu sh" in file.read_bytes()]
    slurm.ask("scontrol", "release", *{job.id for job in slurm.jobs(base) if job.live})
    wait_until(lambda: study.ended)
    printed = "".join(file.read_text() for file in study.paths.logs.glob("*/*.out"))
    assert {line for line in printed.splitlines() if "!" in line} <= {"'hu sh'!low!", "None!high!"}
    assert "'hu sh'!low!" in printed or "None!high!" in printed
    assert len(study.ledger_state().runs) == 4


@pytest.mark.parametrize(
    ("workers", "numbers"),
    [(None, [16, 24]), ("5", [3, 2]), ("1", [1, 0]), ("4,2", [4, 2]), ("7,1", [7, 1])],
)
def test_workers_are_split_over_profiles(
    tmp_path: Path, workers: str | None, numbers: list[int]
) -> None:
    written(tmp_path, "a", "array_parallelism: 16")
    written(tmp_path, "b", "array_parallelism: 64")
    words = {"profile": f"{tmp_path}/a.yaml,{tmp_path}/b.yaml"}
    options = of_workers(words if workers is None else words | {"workers": workers})
    found = slurm_layout.kinds(options)
    assert slurm_layout.jobs(options, found, 40) == numbers
    assert slurm_layout.workers(found, numbers) == sum(numbers)
    assert options.workers in (None, sum(numbers))


def test_so_many_numbers_of_workers_as_profiles(tmp_path: Path) -> None:
    written(tmp_path, "a", "qos: x")
    with pytest.raises(SweeperError, match=r"must be one number, or one for each profile .* 4,2"):
        slurm_layout.kinds(of_workers({"profile": f"{tmp_path}/a.yaml", "workers": "4,2"}))
    with pytest.raises(SweeperError, match="workers= takes several numbers where profile= names"):
        of_workers({"workers": "4,2"}).local_only("local")
    with pytest.raises(SweeperError, match="workers must be a whole number from 1, but got 'x'"):
        of_workers({"workers": "4,x"})
