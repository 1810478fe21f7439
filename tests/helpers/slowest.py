"""Which test files take longest: a suite of several workers begins with them."""

from __future__ import annotations

SLOWEST = (
    "sweeper/dispatch/test_local.py",
    "sweeper/study/test_begun_before.py",
    "sweeper/worker/process/test_memory.py",
    "contracts/test_names.py",
    "contracts/test_docs_blocks.py",
    "sweeper/ledger/test_damage.py",
    "sweeper/cli/test_reopen.py",
    "sweeper/worker/test_worker.py",
    "sweeper/results/ranking/test_fresh_seeds.py",
    "sweeper/study/test_killed_study.py",
    "sweeper/study/sampling/test_advisor.py",
)
"""The files below tests/ that took longest, by `pytest --durations`, the slowest first."""
