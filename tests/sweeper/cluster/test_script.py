"""The batch script, and how many arrays of it there are."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from sweeper.cluster import profile, script, slurm


@pytest.mark.parametrize(
    ("number", "largest", "parallel", "arrays"),
    [
        (1, 2001, 64, [(1, 64)]),
        (2001, 2001, 64, [(2001, 64)]),
        (2002, 2001, 64, [(1001, 32), (1001, 32)]),
        (5000, 2001, 64, [(1667, 22), (1667, 21), (1666, 21)]),
        (5000, 2001, 1, [(1667, 1), (1667, 1), (1666, 1)]),
        (4000, 2001, 3, [(2000, 2), (2000, 1)]),
    ],
)
def test_arrays_are_split_and_share_the_throttle(
    number: int, largest: int, parallel: int, arrays: list[tuple[int, int]]
) -> None:
    assert script.split(number, largest, parallel) == arrays


class TestText:
    """Scripts as text, which need no Slurm."""

    def lines(self, folder: Path, text: str, array: int | None = None) -> list[str]:
        file = folder / "p.yaml"
        file.write_text(text)
        words = ["study=x", "root=/a b"]
        return script.text(profile.load(str(file)), "sweeper-x", folder, words, array).splitlines()

    def test_what_the_profile_says_is_there(self, tmp_path: Path) -> None:
        lines = self.lines(
            tmp_path,
            "timeout_min: 1:30:00\nmem_gb: 1.9\ntasks_per_node: 2\nsignal_delay_s: 60\n"
            "gres: gpu:a100:2\nsetup: module load python\nadditional_parameters: {nice: 5}",
            7,
        )
        for wanted in (
            "#SBATCH --time=90",
            "#SBATCH --mem=1946M",
            "#SBATCH --ntasks-per-node=2",
            "#SBATCH --signal=USR2@60",
            "#SBATCH --gres=gpu:a100:2",
            "#SBATCH --array=0-6%7",
            "#SBATCH --nice=5",
            "#SBATCH --requeue",
            "#SBATCH --job-name=sweeper-x",
            "module load python",
            "export SWEEPER_UNTIL=$(($(date +%s) + 5340))",
        ):
            assert wanted in lines
        (started,) = (line for line in lines if "srun" in line)
        assert started.endswith("-m sweeper work study=x 'root=/a b'")
        assert "--open-mode=append" in started, "a requeued job goes on in the same log"

    def test_a_limit_that_is_not_given_is_the_partitions(self, tmp_path: Path) -> None:
        lines = self.lines(tmp_path, "cpus_per_task: 1")
        assert not [line for line in lines if re.search("--time|--mem|--array|UNTIL", line)]

    @pytest.mark.parametrize(
        ("text", "wanted"),
        [
            ("mem: 16G", "mem=16G"),
            ("mem: 1.5G", "mem=1536M"),
            ("mem_gb: 0", "mem=0"),
            ("nodes: 1", "nodes=1"),
            ("gpus: a100:2", "gpus-per-node=a100:2"),
            ("gpus_per_task: 1", "gpus-per-task=1"),
            ("gres: [gpu:a100:1, tmpdisk:20]", "gres=gpu:a100:1,tmpdisk:20"),
            ("gpus: 1\ncpus_per_gpu: 8", "cpus-per-gpu=8"),
            ("time: UNLIMITED", "time=UNLIMITED"),
            ("time_min: 2:00:00", "time-min=120"),
            ("exclusive: true", "exclusive"),
            ("exclusive: user", "exclusive=user"),
            ("requeue: true", "requeue"),
            ("requeue: false", "no-requeue"),
            ("no_requeue: true", "no-requeue"),
            ("exclude: [n1, n2]", "exclude=n1,n2"),
            ("nodelist: [n1]", "nodelist=n1"),
            ("mail_type: [END, FAIL]", "mail-type=END,FAIL"),
            ("partition: [a, b]", "partition=a,b"),
            ("constraint: a100|v100", "constraint='a100|v100'"),
            ("reservation: lab", "reservation=lab"),
            ("licenses: [m:1, n]", "licenses=m:1,n"),
            ("tmp: 10G", "tmp=10G"),
            ("hint: nomultithread", "hint=nomultithread"),
            ("comment: two words", "comment='two words'"),
            ("dependency: afterok:12", "dependency=afterok:12"),
            ("nice: true", "nice"),
            ("nice: 5", "nice=5"),
            ("hold: true", "hold"),
        ],
    )
    def test_what_sbatch_is_given(self, tmp_path: Path, text: str, wanted: str) -> None:
        assert f"#SBATCH --{wanted}" in self.lines(tmp_path, text)

    @pytest.mark.parametrize("value", ["false", "null"])
    def test_what_is_false_or_null_is_left_out(self, tmp_path: Path, value: str) -> None:
        keys = ("exclusive", "hold", "mem_gb", "gpus_per_node", "qos", "time", "exclude", "setup")
        text = "\n".join(f"{key}: {value}" for key in keys)
        assert self.lines(tmp_path, text) == self.lines(tmp_path, "qos: null")

    def test_environment_variables_are_named_but_not_written(self, tmp_path: Path) -> None:
        text = "\n".join(self.lines(tmp_path, "env: {WANDB_API_KEY: hush, B: 1}"))
        assert "hush" not in text
        assert "# sbatch is handed the profile's env: WANDB_API_KEY, B" in text

    def test_names_of_jobs_begin_with_the_profiles_and_end_with_which(self, tmp_path: Path) -> None:
        study = tmp_path / "hops"
        for name, text in (("a", "name: mine"), ("b", "qos: x")):
            (tmp_path / f"{name}.yaml").write_text(text)
        loaded = [profile.load(str(tmp_path / f"{name}.yaml")) for name in "ab"]
        base = script.job_name(study)
        assert script.names(study, loaded[:1]) == [f"mine.{base}"]
        assert script.names(study, loaded) == [f"mine.{base}+a", f"{base}+b"]
        for name in (base, *script.names(study, loaded), *script.names(study, loaded[:1])):
            assert slurm.belongs(name, base)
        assert not slurm.belongs(f"x{base}", base)
        assert not slurm.belongs(f"{base}0", base)
        assert not slurm.belongs("other", base)

    @pytest.mark.parametrize(("code", "ends"), [(0, 0), (1, 1), (75, 0), (140, 0), (137, 137)])
    def test_a_job_that_does_not_come_back_has_not_failed(
        self, tmp_path: Path, code: int, ends: int
    ) -> None:
        lines = self.lines(tmp_path, "requeue: false")
        (start,) = (k for k, line in enumerate(lines) if line.startswith("srun"))
        after = "\n".join([f"(exit {code})", *lines[start + 1 :]])
        done = subprocess.run(["bash", "-c", after], capture_output=True, text=True)
        assert done.returncode == ends
        assert not done.stdout

    @pytest.mark.parametrize("teardown", ["", "teardown: [echo the end, 'false']"])
    @pytest.mark.parametrize(
        ("code", "requeued"), [(0, False), (1, False), (75, True), (140, True), (137, False)]
    )
    def test_a_worker_that_wants_to_come_back_is_requeued(
        self, tmp_path: Path, teardown: str, code: int, requeued: bool
    ) -> None:
        lines = self.lines(tmp_path, f"cpus_per_task: 1\n{teardown}")
        (start,) = (k for k, line in enumerate(lines) if line.startswith("srun"))
        after = "\n".join([f"(exit {code})", *lines[start + 1 :]])
        commands = "scontrol() { echo scontrol $*; }; sleep() { :; }; SLURM_JOB_ID=7\n"
        done = subprocess.run(["bash", "-c", commands + after], capture_output=True, text=True)
        assert done.returncode == code
        assert ("scontrol requeue 7" in done.stdout) is requeued
        assert ("the end" in done.stdout) is bool(teardown)
