"""The tools that are measured: what is installed, what is typed, and what is typed after a kill."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[3]
PACKAGES = {
    "sweeper": ["-e", str(ROOT), "-c", str(ROOT / "constraints.txt")],
    "ray": ["ray[tune]"],
    "hydra": ["hydra-core", "hydra-submitit-launcher", "hydra-joblib-launcher"],
    "optuna": ["optuna"],
    "guild": ["guildai"],
}
"""What pip installs into each environment."""


@dataclass(frozen=True)
class Tool:
    """A tool and its commands, which bash runs in a folder with copies of these scripts.

    `runs`: how many its sweep has, fewer where each starts a process. `again`: what the tool's
    documentation says to type after a kill, or `None` where it says nothing and the first command
    is typed again. `results` prints a line `result X Y SEED` for each result that the tool keeps.
    """

    name: str
    environment: str
    runs: int
    start: str
    again: str | None
    results: str


YS = "$(seq -s, 0 $((WORK_YS - 1)))"
SWEEPER = f"sweeper run %s.yaml workers=2 axes.y.values=[{YS}]"
EXPORT = (
    "sweeper export grid table=runs out=runs.csv && "
    """awk -F, '$7 == "complete" {print "result", $5, $6, $4}' runs.csv"""
)
HYDRA = f"python hydra_app.py --multirun %s +x=0,1,2,3,4 +y={YS} +seed=0,1,2,3"
FILES = "cat multirun/*/*/*/result.txt"
RAY = "TUNE_GLOBAL_CHECKPOINT_S=1 python ray_tune.py"
"""It saves what has ended every second; as it is, every ten, which most sweeps here do not last."""

OPTUNA = "python optuna_grid.py & python optuna_grid.py & wait"
QUEUES = "guild run queue run-once=yes -y & guild run queue run-once=yes -y & wait"
GUILD = f"guild run guild_train.py x=[0,1,2,3,4] y=[{YS}] seed=[0,1,2,3] --stage-trials -y"
BROKEN = "$(guild select --all --operation guild_train.py --error --terminated --pending)"

TOOLS = (
    Tool("sweeper, a function", "sweeper", 100, SWEEPER % "function", SWEEPER % "function", EXPORT),
    Tool(
        "Ray Tune, `reuse_actors=True`",
        "ray",
        100,
        f"{RAY} reuse",
        f"{RAY} reuse restore",
        "python ray_tune.py results",
    ),
    Tool("Optuna, two processes", "optuna", 100, OPTUNA, OPTUNA, "python optuna_grid.py results"),
    Tool(
        "Hydra, joblib launcher",
        "hydra",
        100,
        HYDRA % "hydra/launcher=joblib hydra.launcher.n_jobs=2",
        None,
        FILES,
    ),
    Tool("sweeper, a program", "sweeper", 20, SWEEPER % "command", SWEEPER % "command", EXPORT),
    Tool(
        "Ray Tune, as it is",
        "ray",
        20,
        RAY,
        f"{RAY} restore",
        "python ray_tune.py results",
    ),
    Tool(
        "Hydra, submitit launcher",
        "hydra",
        20,
        HYDRA % "hydra/launcher=submitit_local hydra.sweeper.max_batch_size=2",
        None,
        FILES,
    ),
    Tool(
        "Guild AI, two queues",
        "guild",
        20,
        f"{GUILD} && {{ {QUEUES}; }}",
        f"for run in {BROKEN}; do guild run --restart $run -y; done; {QUEUES}",
        "guild compare --csv - | "
        """awk -F, '/guild_train/ && $5 == "completed" {print "result", $8, $9, $7}'""",
    ),
    Tool(
        "glue: xargs -P 2",
        "optuna",
        20,
        "bash glue.sh",
        "bash glue.sh",
        "ls results | grep -v part | sed 's/-/ /g; s/^/result /'",
    ),
)
