"""`sweeper doctor`: whether workers will be safe here, and what to change."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from sweeper.cluster import profile as profiles
from sweeper.cluster import slurm
from sweeper.doctor import cluster, disk, node, pictures, probe
from sweeper.doctor.finding import Finding
from sweeper.errors import SweeperError


def examine(profile: str | None, root: Path) -> Iterator[Finding]:
    """The studies' file system, Slurm against the profile, a node; without Slurm this machine."""
    loaded = profiles.load_all(profile or profiles.DEFAULT)
    yield from disk.checked(root)
    if not slurm.installed():
        yield Finding("ok", "Slurm is not installed here: dispatch=local and inline are to be had")
        yield from _here()
        return
    for one in loaded:
        try:
            yield from cluster.checked(one)
        except (slurm.Unanswered, SweeperError) as error:
            yield Finding(
                "problem", f"Slurm does not answer: {error}", "try again; ask who runs it"
            )
            return
        yield from node.checked(one, root)


def _here() -> Iterator[Finding]:
    yield pictures.finding(pictures.found())
    found = probe.gpus()
    if found["torch"] is None:
        yield Finding("problem", f"torch cannot be imported: {found['error']}")
    else:
        what = f"torch {found['torch']} sees {found['gpus']} GPUs"
        yield Finding("ok", f"{what}; device=cpu needs none" if not found["gpus"] else what)
