"""The reference of profiles: every key, how it may be spelt, and what it takes."""

from __future__ import annotations

from collections.abc import Iterator

from docs.generators.markdown import head, joined, table
from sweeper.cluster.keys import names, refused

_OWN = {
    "time": "minutes, `12:00:00`, `2-12:00:00` or `UNLIMITED`",
    "time_min": "as `time`",
    "mem": "`16G`, `4000` (MB), or 0 for all of a node's; as `mem_gb` a number of GB",
    "mem_per_cpu": "as `mem`",
    "mem_per_gpu": "as `mem`",
    "tmp": "as `mem`",
    "gpus_per_node": "`2`, `a100:2`, `[a100:1, v100:1]`, or 0 for none",
    "gpus_per_task": "as `gpus_per_node`",
    "job_name": "what the names of jobs begin with: letters, digits and `_ . -`",
    "nodes": "1",
    "requeue": "false: jobs do not come back by themselves",
    "env": "environment variables of the jobs, `{NAME: value}`; they stand in no script",
    "open_mode": "`append`, which it is",
    "export": "`ALL`, which it is",
    "use_srun": "true, which it is",
}
"""What keys take that have rules of their own."""

_NOT_OF_SBATCH = {
    "array_parallelism": "how many jobs run at a time (`--array=0-N%…`; default 256)",
    "signal_delay_s": "how many seconds before its limit a job is told (`--signal=USR2@…`; 90)",
    "setup": "lines of the script before the workers start",
    "teardown": "lines of the script after they left",
    "srun_args": "words of `srun`",
    "env": "the environment of sbatch",
    "use_srun": "workers start by srun",
    "stderr_to_stdout": "where workers print is sweeper's matter",
}
"""What keys become that are no options of sbatch."""


def page() -> str:
    """The whole page, in Markdown."""
    intro = (
        "A profile says what a Slurm job of workers asks for, in the keys of sbatch and of "
        "submitit. A key may be spelt with dashes, with `--` before it, or with submitit's "
        "`slurm_`. An example, and what else there is to know: [Slurm "
        "profiles](../how_to/slurm_profiles.md). What an option of sbatch means says `man sbatch`."
    )
    usual = {names.canonical(key) for key in names.USUAL} & names.KEYS
    columns = ("key", "also", "what it takes", "what it becomes")
    parts = [head("Slurm profiles", intro), "## The usual keys", table(columns, _rows(usual))]
    parts += ["## All others", table(columns, _rows(names.KEYS - usual)), "## Wrappers"]
    listed = " and ".join(f"`{key}`" for key in names.WRAPPERS)
    parts += [f"The keys of {listed} count as if they stood above."]
    parts += ["## What a profile does not have", table(("key", "instead"), _refused())]
    return joined(parts)


def _rows(keys: set[str] | frozenset[str]) -> Iterator[tuple[str, str, str, str]]:
    for key in sorted(keys):
        also = [f"`{spelt}`" for spelt, name in names.LONG.items() if name == key]
        also += [f"`{letter}`" for letter, name in names.SHORT.items() if name == key]
        becomes = _NOT_OF_SBATCH.get(key, f"`--{key.replace('_', '-')}`")
        yield f"`{key}`", ", ".join(also), _takes(key), becomes


def _takes(key: str) -> str:
    if key in names.FLAGS:
        return "true or false"
    if key in names.MAYBE_FLAGS:
        return "true, or a value"
    if key in names.COUNTS:
        return "a whole number from 1"
    if key in names.LINES:
        return "a line or a list of lines"
    if key in names.OTHERS:
        return _OWN[key]
    return "text or a list" if key in names.LISTS else "text"


def _refused() -> Iterator[tuple[str, str]]:
    by_reason: dict[str, list[str]] = {}
    for key, reason in refused.REFUSED.items():
        if "sweeper run`, here" not in reason:
            by_reason.setdefault(reason, []).append(f"`{key}`")
    for reason, keys in by_reason.items():
        yield ", ".join(keys), reason
