"""What a study takes on the disk."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from sweeper.files import disk_usage
from sweeper.paths import StudyPaths
from sweeper.report.status import summarise
from sweeper.report.status_text import summary_lines
from sweeper.study.study import Study

PARTS = ("ledger", "claims", "checkpoints", "weights", "runs", "figures")


@pytest.fixture
def paths(tmp_path: Path) -> StudyPaths:
    made = StudyPaths(tmp_path / "study")
    made.create()
    return made


def fill(file: Path, size: int) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(os.urandom(size))


def test_an_empty_study_takes_nothing(tmp_path: Path) -> None:
    found = disk_usage.usage(StudyPaths(tmp_path / "nowhere"))
    assert found == dict.fromkeys((*PARTS, "total", "files"), 0)


def test_each_part_is_counted(paths: StudyPaths) -> None:
    sizes = {name: 40_960 * (place + 1) for place, name in enumerate(PARTS)}
    for name, size in sizes.items():
        folder = getattr(paths, name)
        fill(folder / "a" / "b" if name == "runs" else folder / "b", size)
    found = disk_usage.usage(paths)
    assert {name: found[name] for name in PARTS} == pytest.approx(sizes, rel=0.2)
    assert found["total"] == sum(found[name] for name in PARTS)
    assert found["files"] == len(PARTS)
    fill(paths.optuna, 40_960)
    fill(paths.logs / "0" / "out", 40_960)
    assert disk_usage.usage(paths)["total"] >= found["total"] + 2 * 40_960
    assert disk_usage.usage(paths)["files"] == len(PARTS) + 2


def test_hard_links_count_once(paths: StudyPaths) -> None:
    fill(paths.checkpoints / "a", 40_960)
    alone = disk_usage.used([paths.checkpoints])
    os.link(paths.checkpoints / "a", paths.checkpoints / "b")
    assert disk_usage.used([paths.checkpoints, paths.weights]) == alone
    assert disk_usage.usage(paths)["files"] == 2


def blocks(file: Path) -> int:
    status = file.stat()
    return max(status.st_size, 512 * status.st_blocks)


def test_a_small_file_takes_a_block(paths: StudyPaths) -> None:
    fill(paths.claims / "a", 300)
    assert disk_usage.usage(paths)["claims"] == blocks(paths.claims / "a") >= 300


def test_many_claims_and_folders_are_estimated(paths: StudyPaths) -> None:
    for place in range(1000):
        fill(paths.claims / f"c{place}", 300)
        os.link(paths.claims / f"c{place}", paths.claims / f"d{place}")
        fill(paths.runs / f"r{place}" / "state", 8192)
    some = {
        "claims": disk_usage.Sample(2000, list(paths.claims.iterdir())[:300]),
        "runs": disk_usage.Sample(1000, list(paths.runs.iterdir())[:100]),
    }
    found = disk_usage.usage(paths, some)
    assert found["claims"] == 1000 * blocks(paths.claims / "c0")
    assert found["runs"] == 1000 * blocks(paths.runs / "r0" / "state")
    assert found["files"] == 3000


def test_many_claims_cost_no_time(paths: StudyPaths) -> None:
    first = paths.claims / "x"
    first.write_bytes(b"x")
    for place in range(20_000):
        os.link(first, paths.claims / f"c{place}")
    begin = time.process_time()
    found = disk_usage.usage(paths, {"claims": disk_usage.Sample(20_001, [first])})
    sampled = time.process_time() - begin
    assert found["files"] == 20_001
    begin = time.process_time()
    assert sum(file.stat().st_size for file in paths.claims.iterdir()) == 20_001
    assert sampled < (time.process_time() - begin) / 3, "each of them was looked at"


def test_status_says_what_a_study_takes(make_study: Callable[..., Study]) -> None:
    study = make_study()
    fill(study.paths.weights / "x.npz", 3_000_000)
    summary = summarise(study)
    assert summary.disk == disk_usage.usage(study.paths)
    (line,) = [line for line in summary_lines(summary) if "on disk" in line]
    assert line.strip().startswith("3.0")
    assert "3 MB weights" in line
