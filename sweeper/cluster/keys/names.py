"""The keys of a profile: how they may be spelt, and what sbatch calls them."""

from __future__ import annotations

LONG = {
    "name": "job_name",
    "timeout_min": "time",
    "mem_gb": "mem",
    "tasks_per_node": "ntasks_per_node",
    "ntasks": "ntasks_per_node",
    "gpus": "gpus_per_node",
    "num_gpus": "gpus_per_node",
    "no_requeue": "requeue",
    **dict.fromkeys(("environment", "env_vars", "env_set", "export_env"), "env"),
}
"""Keys by another name: submitit's, and sbatch's where a job is one node."""

SHORT = {
    "A": "account",
    "a": "array",
    "b": "begin",
    "C": "constraint",
    "c": "cpus_per_task",
    "D": "chdir",
    "d": "dependency",
    "e": "error",
    "G": "gpus_per_node",
    "H": "hold",
    "F": "nodefile",
    "J": "job_name",
    "k": "no_kill",
    "L": "licenses",
    "M": "clusters",
    "N": "nodes",
    "n": "ntasks_per_node",
    "o": "output",
    "p": "partition",
    "q": "qos",
    "s": "oversubscribe",
    "t": "time",
    "w": "nodelist",
    "x": "exclude",
}
"""The options of sbatch that are one letter."""

WRAPPERS = ("additional_parameters", "sbatch_options")
"""Mappings whose keys count as those of the profile: submitit's, and seml's."""

FLAGS = frozenset(
    {
        *("contiguous", "hold", "overcommit", "oversubscribe", "reboot", "spread_job"),
        *("use_min_nodes", "ignore_pbs", "stderr_to_stdout"),
    }
)
"""Options of sbatch that take no value."""

MAYBE_FLAGS = frozenset({"exclusive", "nice", "propagate", "no_kill", "get_user_env"})
"""Options of sbatch that may do without their value."""

LISTS = frozenset(
    {
        *("exclude", "nodelist", "mail_type", "mail_user", "gres", "partition", "licenses"),
        *("reservation", "dependency", "gres_flags", "profile", "qos"),
    }
)
"""Options of sbatch whose value may be a list, which is joined by commas."""

TEXTS = frozenset(
    {
        *("account", "acctg_freq", "bb", "bbf", "begin", "chdir", "cluster_constraint"),
        *("comment", "constraint", "container", "core_spec", "cores_per_socket", "cpu_freq"),
        *("deadline", "delay_boot", "distribution", "extra", "gpu_bind", "gpu_freq", "hint"),
        *("kill_on_invalid_dep", "mcs_label", "mem_bind", "mincpus", "network", "nodefile"),
        *("ntasks_per_core", "ntasks_per_socket", "power", "prefer", "priority", "resv_ports"),
        *("segment", "sockets_per_node", "switches", "thread_spec", "threads_per_core"),
        *("tres_bind", "wait_all_nodes", "wckey"),
    }
)
"""Options of sbatch that are handed on as they are written."""

COUNTS = frozenset(
    {
        *("cpus_per_task", "cpus_per_gpu", "ntasks_per_node", "signal_delay_s"),
        "array_parallelism",
    }
)
"""Keys whose value is a whole number."""

LINES = frozenset({"setup", "teardown", "srun_args"})
"""Keys whose value is a line or a list of lines."""

OTHERS = frozenset(
    {
        *("job_name", "nodes", "time", "time_min", "mem", "mem_per_cpu", "mem_per_gpu", "tmp"),
        *("gpus_per_node", "gpus_per_task", "open_mode", "requeue", "use_srun", "export", "env"),
    }
)
"""Keys with rules of their own."""

KEYS = FLAGS | MAYBE_FLAGS | LISTS | TEXTS | COUNTS | LINES | OTHERS
USUAL = (
    *("account", "additional_parameters", "array_parallelism", "constraint", "cpus_per_gpu"),
    *("cpus_per_task", "env", "exclude", "exclusive", "gpus", "gpus_per_node", "gres"),
    *("mail_type", "mail_user", "mem", "mem_gb", "mem_per_cpu", "name", "nodelist", "nodes"),
    *("partition", "qos", "requeue", "reservation", "setup", "signal_delay_s"),
    *("tasks_per_node", "teardown", "time", "timeout_min"),
)
"""The keys that messages list; all others are options of sbatch that few need."""

OF_SUBMITIT = frozenset(
    {
        *("account", "array_parallelism", "comment", "constraint", "cpus_per_task", "dependency"),
        *("exclude", "exclusive", "gpus_per_node", "gpus_per_task", "gres", "mail_type"),
        *("mail_user", "mem", "mem_per_cpu", "mem_per_gpu", "nodelist", "nodes", "wckey"),
        *("ntasks_per_node", "partition", "qos", "setup", "teardown", "srun_args"),
        *("signal_delay_s", "time"),
    }
)
"""Keys that submitit writes into a script itself; it hands all others on."""


def canonical(key: object) -> str:
    """The one name of a key: of `--cpus-per-task`, `slurm_cpus_per_task` and `c` `cpus_per_task`.

    Where a key has two units, as `mem_gb` and `mem`, its rule looks at the spelling.
    """
    name = plain(key)
    return LONG.get(name, name)


def plain(key: object) -> str:
    """A key with underscores, and without the dashes of sbatch and the prefix of submitit."""
    written = str(key)
    if len(bare := written.lstrip("-")) == 1:
        return SHORT.get(bare, bare)
    return bare.replace("-", "_").removeprefix("slurm_")
