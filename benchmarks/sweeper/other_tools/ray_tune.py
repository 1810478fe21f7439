"""Ray Tune: a grid on two processor cores.

python ray_tune.py [reuse]           runs the grid; `reuse`: runs follow each other in a process
python ray_tune.py [reuse] restore   goes on with it
python ray_tune.py results           prints x, y and seed of each result
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import ray
from ray import tune
from work import SEEDS, XS, YS, work

GRID = {"x": XS, "y": YS, "seed": SEEDS}
STORAGE = Path.cwd() / "ray_results"


def train(config: dict[str, Any]) -> None:
    tune.report({"score": work(*(config[name] for name in GRID))})


def tuner() -> tune.Tuner:
    """The new grid, or the one that there is."""
    if "restore" in sys.argv:
        return tune.Tuner.restore(str(STORAGE / "grid"), trainable=train, resume_errored=True)
    return tune.Tuner(
        train,
        param_space={name: tune.grid_search(list(values)) for name, values in GRID.items()},
        tune_config=tune.TuneConfig(reuse_actors="reuse" in sys.argv),
        run_config=tune.RunConfig(
            name="grid",
            storage_path=str(STORAGE),
            failure_config=tune.FailureConfig(max_failures=3),
        ),
    )


def main() -> None:
    if "results" not in sys.argv:
        ray.init(num_cpus=2)
        tuner().fit()
        return
    for trial in tune.ExperimentAnalysis(str(STORAGE / "grid")).trials:
        if trial.status == "TERMINATED" and "score" in trial.last_result:
            print("result", *(trial.config[name] for name in GRID))


if __name__ == "__main__":
    main()
