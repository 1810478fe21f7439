"""Which test files take longest: a suite of several workers begins with them."""

from __future__ import annotations

SLOWEST = (
    "contracts/test_packs.py",
    "contracts/test_spaces.py",
    "contracts/test_docs_blocks.py",
    "contracts/test_figures.py",
    "sweeper/dispatch/test_local.py",
    "contracts/test_envs.py",
    "sweeper/worker/process/test_memory.py",
    "sweeper/trackers/test_sync.py",
    "agents/training/test_pack.py",
    "contracts/test_diagnostics.py",
    "agents/learners/test_actor_critic.py",
    "contracts/test_constructed_studies.py",
    "sweeper/study/test_killed_study.py",
    "agents/collectors/test_collectors.py",
    "sweeper/cli/test_damaged_studies.py",
    "sweeper/figures/test_frame.py",
    "sweeper/figures/test_parts.py",
    "sweeper/cli/test_new.py",
    "contracts/test_long_values.py",
    "sweeper/worker/test_worker.py",
    "sweeper/worker/test_chaos.py",
    "contracts/test_names.py",
    "sweeper/results/ranking/test_fresh_seeds.py",
    "sweeper/study/sampling/test_advisor.py",
    "contracts/test_release.py",
    "sweeper/ledger/test_damage.py",
    "sweeper/dispatch/test_supervisor.py",
    "sweeper/space/json_schema/test_agreement.py",
    "sweeper/cli/test_cancel.py",
    "sweeper/study/test_begun_before.py",
    "sweeper/trainable/command/test_documented_program.py",
)
"""The files below tests/ that took most seconds of a processor, the slowest first."""
