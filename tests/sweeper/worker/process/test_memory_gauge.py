"""What is read of a process's memory, and which errors say that there was none."""

from __future__ import annotations

import errno
import mmap
import sys
from pathlib import Path

import pytest

from sweeper.worker.process import memory
from sweeper.worker.process.memory import MemoryGauge, Reading


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (MemoryError(), True),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), True),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to"), True),
        (RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB"), True),
        (RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling"), True),
        (RuntimeError("Unable to allocate 8.00 GiB for an array"), True),
        (RuntimeError("shapes do not match"), False),
        (RuntimeError("cannot allocate a seat in the simulator"), False),
        (OSError(errno.ENOSPC, "No space left on device"), False),
        (ValueError("out of memory"), False),
    ],
)
def test_which_errors_say_that_there_was_no_memory(error: Exception, expected: bool) -> None:
    wrapped = RuntimeError("a step failed")
    wrapped.__cause__ = error
    assert memory.ran_out(error) == memory.ran_out(wrapped) == expected


def test_the_limit_is_the_smallest_and_shared(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = MemoryGauge(1).read()
    assert 0 < whole.used < whole.limit
    assert MemoryGauge(4)._resident == MemoryGauge(1)._resident // 4
    monkeypatch.setenv("SLURM_MEM_PER_CPU", "100")
    monkeypatch.setenv("SLURM_CPUS_ON_NODE", "4")
    assert MemoryGauge(1).read().limit == 400 << 20
    monkeypatch.setenv("SLURM_MEM_PER_NODE", "300")
    assert MemoryGauge(1).read().limit == 300 << 20
    monkeypatch.setenv("SLURM_STEP_TASKS_PER_NODE", "3(x2)")
    monkeypatch.setenv("SWEEPER_TENDER", "t")
    assert MemoryGauge(500).read().limit == 100 << 20, (
        "the tasks here count, not those of all nodes"
    )


def test_a_beat_tells_a_reading() -> None:
    reading = Reading(950, 1000, 3)
    assert Reading.of_beat(b"%020d %s\n" % (7, reading.encode())) == reading
    assert Reading.of_beat(b"%020d\n" % 7) is None


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells what is of files")
def test_what_is_mapped_from_a_disk_is_no_memory_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a replay's frames: the system drops their pages first. What is no file's counts."""
    monkeypatch.setattr(memory, "_CODE", 0)
    gauge, size = MemoryGauge(1), 50_000_000
    before = gauge.read().used
    with (tmp_path / "frames").open("w+b") as file:
        file.truncate(size)
        mapped = mmap.mmap(file.fileno(), size)
    mapped.write(bytes(size))
    assert abs(gauge.read().used - before) < size / 2
    own = mmap.mmap(-1, size, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)  # malloc may have had some
    own.write(bytes(size))
    assert gauge.read().used - before > size / 2
    monkeypatch.setattr(memory, "_CODE", 2**40)
    assert gauge.read().used - before > 1.5 * size
