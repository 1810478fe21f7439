"""One lucky seed: a sweep finds the truly best configuration, where a maximum finds the lucky one.

The function is best at lr = 0.01. Under one of five seeds lr = 1 scores far above everything.
"""

from __future__ import annotations

import runpy
import sys
from types import SimpleNamespace

import optuna
import pytest

from sweeper.planning.loading import load
from sweeper.results import frames
from sweeper.results.export import optuna_storage
from sweeper.results.ranking import ranking
from sweeper.study import studies
from sweeper.worker.worker import Worker

BEST, LUCKY, SEEDS = 0.01, 1.0, 5
RATES = [0.0001, 0.001, BEST, 0.1, LUCKY]

FUNCTION = """
import math

def train(config, run):
    luck = 90 if config["lr"] == 1.0 and run.seed == 3 else 0
    return 50 - 10 * abs(math.log10(config["lr"]) + 2) + run.seed + luck
"""

SPACE = f"""
study: lucky
function: lucky.py:train
axes: {{lr: {{kind: float, values: {RATES}}}}}
tasks: {{default: {{low: 0, high: 100}}}}
seeds: {SEEDS}
steps: 1
score: {{metric: value, at: final, aggregate: iqm}}
"""


@pytest.fixture
def function(tmp_path):
    """The file of the function."""
    file = tmp_path / "lucky.py"
    file.write_text(FUNCTION)
    return file


@pytest.fixture
def swept(function, tmp_path, monkeypatch):
    """The study of all configurations and seeds, run by a worker."""
    monkeypatch.setattr(sys, "path", sys.path[:])
    (tmp_path / "lucky.yaml").write_text(SPACE)
    made = studies.start(tmp_path / "studies" / "lucky", load(tmp_path / "lucky.yaml"))
    Worker(made, pack="1", device="cpu", workers=1).run()
    yield made
    sys.modules.pop("lucky", None)


def test_a_sweep_finds_the_best(swept):
    trials = frames.trials(swept, swept.ledger_state())
    assert trials.loc[trials["value"].idxmax(), "lr"] == BEST
    _, first, *_ = ranking.best(swept, 1)
    assert f"lr={BEST}" in first


def test_the_optuna_study_of_a_sweep_has_the_best(swept):
    optuna_storage.write(swept, swept.ledger_state())
    backend = optuna.storages.journal.JournalFileBackend(str(swept.paths.optuna))
    storage = optuna.storages.JournalStorage(backend)
    assert optuna.load_study(study_name="lucky", storage=storage).best_params == {"lr": BEST}


def test_the_maximum_over_runs_finds_the_lucky_one(swept):
    runs = frames.runs(swept, swept.ledger_state())
    assert runs.loc[runs["score"].idxmax(), "lr"] == LUCKY


def test_optuna_with_seeds_as_trials_finds_the_lucky_one(function):
    """The same function and the same grid, a seed being one more parameter."""
    train = runpy.run_path(str(function))["train"]

    def objective(trial):
        config = {"lr": trial.suggest_categorical("lr", RATES)}
        return train(config, SimpleNamespace(seed=trial.suggest_int("seed", 0, SEEDS - 1)))

    grid = {"lr": RATES, "seed": list(range(SEEDS))}
    found = optuna.create_study(
        direction="maximize", sampler=optuna.samplers.GridSampler(grid, seed=0)
    )
    found.optimize(objective)
    assert len(found.trials) == len(RATES) * SEEDS
    assert found.best_params == {"lr": LUCKY, "seed": 3}
