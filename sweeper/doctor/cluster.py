"""Checks Slurm's settings that matter to workers: limits, requeue, preemption and signals."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sweeper.cluster import slurm
from sweeper.cluster.limits import ClusterLimits
from sweeper.cluster.profile import Profile
from sweeper.cluster.slurm import Partition
from sweeper.doctor.finding import Finding

_SHORT_S = 10


def checked(profile: Profile) -> Iterator[Finding]:
    """Limits, requeue, preemption and signals; `slurm.Unanswered` where nobody answers."""
    settings = slurm.settings()
    limits = ClusterLimits.asked()
    complaints = list(limits.complaints(profile))
    for complaint in complaints:
        yield Finding("problem", complaint, f"change it in {profile.file}")
    if not complaints:
        yield Finding("ok", f"{profile.file} is within the cluster's limits")
    yield Finding(
        "ok",
        f"MaxArraySize {limits.array}, MaxJobCount {limits.jobs}: arrays are split at the first, "
        "and more jobs than the second are refused",
    )
    yield _requeue(settings)
    for partition in limits.named(profile):
        yield from _preemption(partition, settings, profile)
    yield _kill_wait(settings)
    yield _accounting(settings)


def _requeue(settings: Mapping[str, str]) -> Finding:
    if settings.get("JobRequeue") == "1":
        return Finding("ok", "JobRequeue=1: workers come back after their time limit")
    return Finding(
        "warning",
        f"JobRequeue={settings.get('JobRequeue')}: jobs come back only because workers ask for it",
        "leave requeue as it is in additional_parameters",
    )


def _preemption(
    partition: Partition, settings: Mapping[str, str], profile: Profile
) -> Iterator[Finding]:
    """What becomes of workers that others push out of `partition`."""
    mode = partition.settings.get("PreemptMode", settings.get("PreemptMode", "OFF"))
    name = f"partition {partition.name}"
    if settings.get("PreemptType", "preempt/none") == "preempt/none" or mode == "OFF":
        yield Finding("ok", f"{name}: nobody pushes workers out")
        return
    if "REQUEUE" in mode:
        yield Finding("ok", f"{name}: PreemptMode={mode}: who is pushed out comes back")
    else:
        yield Finding(
            "warning",
            f"{name}: PreemptMode={mode}: who is pushed out does not come back by itself",
            "the same sweeper run submits the missing workers; or ask for PreemptMode=REQUEUE",
        )
    parameters = settings.get("SlurmctldParameters", ""), settings.get("PreemptParameters", "")
    if not any("send_user_signal" in words for words in parameters):
        yield Finding(
            "warning",
            f"{name}: who is pushed out is not told by SIGUSR2, and may be killed unsaved",
            "ask for SlurmctldParameters=preempt_send_user_signal (22.05 and before) or "
            "PreemptParameters=send_user_signal; or set checkpoint.every_s low",
        )
    grace = slurm.seconds(partition.settings.get("GraceTime", "0"))
    if grace < _SHORT_S:
        yield Finding(
            "warning",
            f"{name}: GraceTime is {grace} s: steps since the last checkpoint are repeated",
            "set checkpoint.every_s low, or ask for GraceTime=30",
        )
    else:
        yield Finding("ok", f"{name}: GraceTime leaves {grace} s to save")
    yield Finding("ok", f"{profile.delay_s} s before the time limit workers save (signal_delay_s)")


def _kill_wait(settings: Mapping[str, str]) -> Finding:
    wait = slurm.seconds(settings.get("KillWait", "0"))
    if wait < _SHORT_S:
        return Finding(
            "warning",
            f"KillWait leaves {wait} s to save after sweeper cancel or scancel",
            "large checkpoints may not be saved then; ask for KillWait=30",
        )
    return Finding("ok", f"KillWait leaves {wait} s to save after sweeper cancel or scancel")


def _accounting(settings: Mapping[str, str]) -> Finding:
    kind = settings.get("AccountingStorageType", "none").rpartition("/")[2]
    there = "none" if kind in ("none", "(null)") else kind
    return Finding("ok", f"accounting: {there}; workers need none")
