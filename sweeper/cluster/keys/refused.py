"""Keys that a profile does not have, and what to use in their place."""

from __future__ import annotations

import sys

_PYTHON = (
    f"workers run the Python of `sweeper run`, here {sys.executable}; what a job needs beside it, "
    "as setup: [module load cuda]"
)
_LOGS = "what workers print is in the study's folder: sweeper logs shows it"
_STUDIES = "files go to the study's folder: root= on the command line says where"
_COMES_BACK = "a job that reaches its limit comes back as often as runs are open"
_HYDRA = "a profile holds what a job asks for, and nothing of Hydra's"

REFUSED = {
    "array": "workers= is how many there are, and array_parallelism how many jobs run at a time",
    "signal": "it is signal_delay_s, the seconds before the limit at which workers are told",
    **dict.fromkeys(("output", "error", "input", "log_folder"), _LOGS),
    **dict.fromkeys(
        ("submitit_folder", "folder", "output_dir", "sweep_dir", "project_root_dir"), _STUDIES
    ),
    **dict.fromkeys(("wrap", "command", "cmd", "script", "program"), "a job runs `sweeper work`"),
    **dict.fromkeys(
        ("wait", "parsable", "test_only", "help", "usage", "version"),
        "sbatch answers "
        "sweeper, not you: watch=true stays, sweeper plan dispatch=slurm shows the script",
    ),
    **dict.fromkeys(("quiet", "verbose"), "sbatch answers sweeper, not you"),
    **dict.fromkeys(
        ("clusters", "cluster", "cluster_name"),
        "jobs are submitted to, and asked of, one cluster, that of SLURM_CONF",
    ),
    **dict.fromkeys(
        ("uid", "gid", "export_file", "batch", "container_id", "stepmgr"),
        "workers are jobs of yours, with the environment of `sweeper run`: env adds to it",
    ),
    "gpus_per_socket": "it is gpus_per_node",
    "ntasks_per_gpu": "it is tasks_per_node, the workers of a job",
    "tres_per_task": "it is cpus_per_task and gpus_per_task",
    "extra_node_info": "it is sockets_per_node, cores_per_socket and threads_per_core",
    **dict.fromkeys(("max_num_timeout", "reschedule_timeout"), _COMES_BACK),
    "experiments_per_job": "it is tasks_per_node, the workers of a job",
    **dict.fromkeys(("_target_", "defaults", "launcher", "sweeper"), _HYDRA),
    **dict.fromkeys(
        ("slurm", "sbatch", "hydra", "slurm_options", "resources"),
        "its keys stand at the top of a profile, each on a line of its own",
    ),
    **dict.fromkeys(
        (
            "conda",
            "conda_env",
            "conda_environment",
            "venv",
            "virtualenv",
            "python",
            "python_path",
            "executable",
            "python_executable",
            "interpreter",
        ),
        _PYTHON,
    ),
    **dict.fromkeys(("workers", "n_workers", "num_workers"), "it is workers= on the command line"),
}
"""Keys that sweeper sets or that have no meaning here, and what to use."""

INSTEAD = {
    **dict.fromkeys(
        (
            "timeout_h",
            "timeout_hours",
            "timeout_s",
            "walltime",
            "wall_time",
            "time_limit",
            "max_time",
            "hours",
            "runtime",
        ),
        "timeout_min (or time: 4:00:00)",
    ),
    **dict.fromkeys(("queue", "partitions"), "partition"),
    **dict.fromkeys(("project", "charge_account"), "account"),
    **dict.fromkeys(
        (
            "cpus",
            "ncpus",
            "num_cpus",
            "n_cpus",
            "cores",
            "num_cores",
            "cpus_per_node",
            "cpus_per_worker",
        ),
        "cpus_per_task",
    ),
    **dict.fromkeys(
        ("memory", "ram", "mem_per_node", "mem_per_task", "memory_gb", "mem_mb"),
        "mem (as in mem: 16G) or mem_gb",
    ),
    **dict.fromkeys(("gpu", "n_gpus", "ngpus", "num_gpu", "gpu_type"), "gpus (as in gpus: a100:1)"),
    **dict.fromkeys(("email", "mail"), "mail_user"),
    **dict.fromkeys(
        (
            "max_parallel",
            "max_simultaneous_jobs",
            "max_concurrent",
            "n_jobs",
            "max_jobs",
            "parallelism",
            "max_workers",
        ),
        "array_parallelism",
    ),
    **dict.fromkeys(("features", "feature"), "constraint"),
    **dict.fromkeys(("nodes_list", "node_list", "hosts"), "nodelist"),
    **dict.fromkeys(
        (
            "modules",
            "module",
            "pre_commands",
            "commands",
            "prolog",
            "init",
            "prologue",
            "setup_commands",
            "module_load",
            "source",
        ),
        "setup (as in setup: [module load cuda])",
    ),
    **dict.fromkeys(("post_commands", "epilog", "epilogue", "cleanup"), "teardown"),
    **dict.fromkeys(("envs", "envvars", "environment_variables", "variables"), "env"),
    **dict.fromkeys(("licence", "license", "licences"), "licenses"),
    **dict.fromkeys(("tasks", "num_tasks", "procs"), "tasks_per_node, the workers of a job"),
    **dict.fromkeys(("signal_delay", "grace", "grace_s"), "signal_delay_s"),
    **dict.fromkeys(("jobname", "job"), "name"),
    **dict.fromkeys(("share", "shared"), "oversubscribe"),
    **dict.fromkeys(("workdir", "work_dir", "working_directory", "cwd"), "chdir"),
}
"""Words that other tools have for keys of a profile."""


def instead(name: str) -> str | None:
    """Which key a word of another tool is here."""
    return INSTEAD.get(name.lower())
