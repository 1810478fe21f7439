"""Slurm's refusals of a job, as errors that name the key of the profile to change."""

from __future__ import annotations

from sweeper.cluster.keys import names as keys
from sweeper.cluster.profile import Profile
from sweeper.errors import SweeperError

_REASONS = {
    "invalid partition": "partition",
    "invalid account": "account",
    "account or account/partition": "account",
    "invalid qos": "qos",
    "violates accounting": "workers= on the command line, or what jobs ask for",
    "invalid generic resource": "gpus_per_node or gres",
    "gres": "gpus_per_node or gres",
    "invalid feature": "constraint",
    "time limit": "timeout_min",
    "mutually exclusive": "mem_gb, mem_per_cpu or mem_per_gpu",
    "memory": "mem_gb",
    "invalid wckey": "wckey",
    "number of nodes": "nodelist to one node, or use exclude",
    "node count": "cpus_per_task, gpus_per_node or mem_gb",
    "node configuration": "cpus_per_task, gpus_per_node or mem_gb",
    "option '": "the key of that name",
    "reservation": "reservation",
    "license": "licenses",
    "dependency": "dependency",
    "invalid node name": "nodelist or exclude",
    "--mail-type": "mail_type",
    "time specification": "begin or deadline",
    "array": "workers= on the command line",
    "unable to open file": "the study's folder (root=), which must be shared",
}


def refused(profile: Profile, words: str) -> SweeperError:
    """Slurm's own words, and which key of the profile they are about."""
    lines = [line.removeprefix("sbatch: error: ") for line in words.splitlines() if line.strip()]
    lowered = words.lower()
    found = [key for reason, key in _REASONS.items() if reason in lowered]
    hint = (
        f"; change {_as_spelt(profile, found[0])} in {profile.file}"
        if found
        else f" (with {profile.file})"
    )
    return SweeperError(f"Slurm refused: {' / '.join(lines)}{hint}")


def _as_spelt(profile: Profile, words: str) -> str:
    """`words` where they are no key, else what the file calls that key."""
    return profile.spelt.get(keys.canonical(words), words)
