"""The batch script, and how many arrays of it there are."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from sweeper.cluster import profile, script


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


@pytest.mark.usefixtures("cluster")
class TestText:
    """submitit writes no script where there is no srun."""

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
