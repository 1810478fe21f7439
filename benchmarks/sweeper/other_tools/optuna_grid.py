"""Optuna: a grid in a journal file, which two processes share.

python optuna_grid.py           one of the two processes; again: goes on with the study
python optuna_grid.py results   prints x, y and seed of each result
"""

from __future__ import annotations

import sys

import optuna
from optuna.storages.journal import JournalFileBackend
from work import SEEDS, XS, YS, work

GRID = {"x": list(XS), "y": list(YS), "seed": list(SEEDS)}


def objective(trial: optuna.Trial) -> float:
    return work(*(trial.suggest_categorical(name, values) for name, values in GRID.items()))


def main() -> None:
    study = optuna.create_study(
        study_name="grid",
        storage=optuna.storages.JournalStorage(JournalFileBackend("journal.log")),
        sampler=optuna.samplers.GridSampler(GRID),
        load_if_exists=True,
    )
    if "results" not in sys.argv:
        study.optimize(objective)
        return
    for trial in study.get_trials(states=[optuna.trial.TrialState.COMPLETE]):
        print("result", *(trial.params[name] for name in GRID))


if __name__ == "__main__":
    main()
