"""`sweeper plan`: what hours are told from."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from sweeper.cli.commands import plan
from sweeper.dispatch import Options
from sweeper.doctor import probe
from sweeper.planning.loading import load
from sweeper.space.overrides import parse_words
from sweeper.study.studies import start
from sweeper.study.study import Study
from sweeper.worker.checkpoints import checkpoint
from sweeper.worker.worker import Worker
from tests.helpers.worker_parts import WorkerParts

OPTIONS = Options(workers=1, pack="1", device="cpu")


@pytest.fixture
def told(space_file: Path, tmp_path: Path) -> Callable[..., str]:
    """What the plan of that space, changed by words, says of time."""

    def tell(*words: str) -> str:
        space = load(space_file, None, parse_words(words, ())[1])
        lines = plan.lines(space, tmp_path / "studies" / "next", OPTIONS)
        return next(line for line in lines if line.startswith("  time: "))

    return tell


def seconds(line: str) -> float:
    """The time of one worker, which takes less than an hour here."""
    minutes, rest = re.findall(r"(?:(\d+) min )?(\d+) s of one worker", line)[0]
    return 60 * float(minutes or 0) + float(rest)


def test_nobody_knows_before_a_run_has_ended(told: Callable[..., str]) -> None:
    assert "time: unknown: no run of agent " in told()


def test_hours_of_runs_of_other_signatures_are_called_a_guess(
    make_study: Callable[..., Study], told: Callable[..., str]
) -> None:
    study = make_study("axes.width.values=[1]", "fixed.pause_s=0.005")
    Worker(study, pack="1", device="cpu", workers=1).run()
    known = told("axes.width.values=[1]", "steps=80")
    assert "time: about " in known and "(from 6 runs under " in known
    assert seconds(known) >= 2  # 6 × 80 × 0.005 s
    half, none = told(), told("axes.width.values=[2, 3]")
    assert "time: at a guess " in half and ", none of 1 of these 2 signatures: " in half
    assert ", none of 2 of these 2 signatures: " in none
    assert seconds(half) == seconds(none)


def test_each_signature_counts_with_what_its_own_runs_took(
    make_study: Callable[..., Study], told: Callable[..., str]
) -> None:
    quick = make_study("axes.width.values=[1]", name="quick")
    slow = make_study("axes.width.values=[2]", "fixed.pause_s=0.02", "seeds=1", name="slow")
    for study in (quick, slow):
        Worker(study, pack="1", device="cpu", workers=1).run()
    assert seconds(told("axes.width.values=[2]")) >= 4  # 6 × 40 × 0.02 s


def test_of_a_study_that_is_half_done_what_is_left_is_told(
    make_study: Callable[..., Study], space_file: Path, tmp_path: Path
) -> None:
    """An extension by a seed, of which a run has begun."""
    Worker(make_study("seeds=1"), pack="2", device="cpu", workers=1).run()
    space = load(space_file, None, parse_words(["seeds=2"], ())[1])

    def said(name: str) -> dict[str, str]:
        lines = plan.lines(space, tmp_path / "studies" / name, OPTIONS)
        return dict(line.strip().split(": ", 1) for line in lines if ": " in line)

    assert said("hops")["left"] == "4 runs and 160 steps to do"
    assert "left" not in said("another")
    grown = start(tmp_path / "studies" / "hops", space, extend=True)
    worker = WorkerParts(grown)
    worker.attempts.report([(worker.claim()[0], (10, {"value": 0.5}))], sync=True)
    assert said("hops")["left"] == "4 runs and 150 steps to do"


def test_packs_of_a_gpu_that_is_elsewhere_are_not_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a login node: an installed torch may have no CUDA at all."""
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(probe, "gpus", lambda: {"gpus": 0})
    space = load(Path("spaces/minatar_adam_sn.yaml"), "smoke", [])
    options = Options(workers=None, pack="auto", device=None, profile="slurm/gpu.yaml")
    said = "\n".join(plan.lines(space, tmp_path / "next", options, dispatch="slurm"))
    assert "in packs that a GPU's memory holds (none is here)" in said
    assert "#SBATCH --gpus-per-node=1" in said
    assert " a run alone on a GPU, beside its packages" in said and "(on a CPU)" not in said
    assert "of checkpoints at a time (2 workers)" in said and "Slurm: 2 workers in" in said


def test_checkpoints_that_find_no_room_are_told(tmp_path: Path) -> None:
    """Of as many runs as there are, whatever the workers."""

    def disk(*words: str, workers: int | None = 2) -> str:
        space = load(Path("spaces/minatar_adam_sn.yaml"), "smoke", parse_words(words, ())[1])
        options = Options(workers=workers, pack="1", device=None, profile=None)
        lines = plan.lines(space, tmp_path / "next", options)
        return next(line for line in lines if line.strip().startswith("disk: "))

    assert "left out" not in disk() and "left out" not in disk("checkpoint.max_gb=0.01", workers=9)
    said = disk("checkpoint.max_gb=0.0001")
    assert "checkpoint.max_gb=0.0001 is less than the " in said
    assert said.endswith(" of all, so that some saves are left out")
    each = checkpoint.most_files(0)
    assert f"about {14 + each} files" in disk(workers=1), "one run at a time"
    assert f"about {14 + 2 * each} files" in disk(workers=9), "both"
