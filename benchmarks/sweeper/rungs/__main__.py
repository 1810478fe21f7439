"""Rungs of seeds beside fixed seeds and Optuna's pruners, replayed from recorded curves.

    sweeper run benchmarks/sweeper/rungs/cartpole.yaml
    python -m benchmarks.sweeper.rungs STUDY [replays=1000] [seed=0]

Prints a table for docs/measured/rungs.md. STUDY is the folder of a study that has ended, or a CSV
file of its runs. A replay draws an order of its seeds and of its configurations, and each way takes
from them what it asks for; the truly best configuration is that with the best mean over all seeds.
Optuna's pruners are used as its users do: a trial is a configuration, which takes seed after seed,
reports its mean so far (`WilcoxonPruner`: its score) and is pruned between them; the best trial is
Optuna's. Fixed seeds are dealt to the configurations one round after another until they cost as
much as the rungs did on average.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np
import optuna
import pandas as pd
from optuna.pruners import BasePruner, MedianPruner, SuccessiveHalvingPruner, WilcoxonPruner

from sweeper.results import frames
from sweeper.stats import LEVEL
from sweeper.stats.choosing import race
from sweeper.study.study import Study

RUNGS = ((2, 5, 10), (2, 4, 8, 16), (5, 10, 20))
MOST = 10
"""The seeds of a trial that is not pruned."""

Way = Callable[[np.ndarray, np.random.Generator], tuple[int, int, set[int]]]
"""Of scores [configurations × seeds] the row that it calls the best, the runs that it took, and the
rows that it ended early."""


@dataclass
class Tally:
    """What came of the replays of one way."""

    best: list[bool] = field(default_factory=list)
    lost: list[float] = field(default_factory=list)
    runs: list[int] = field(default_factory=list)
    ended: list[bool] = field(default_factory=list)

    def row(self, name: str) -> str:
        """Its row of the table."""
        cells = [f"{np.mean(self.runs):.0f}", f"{100 * np.mean(self.best):.1f}"]
        cells += [f"{np.mean(self.lost):.4f}", f"{100 * np.mean(self.ended):.1f}"]
        return f"| {name} | {' | '.join(cells)} |"


def recorded(place: Path) -> np.ndarray:
    """The scores of a study's runs [trials × seeds]."""
    if place.suffix == ".csv":
        table = pd.read_csv(place)
    else:
        study = Study.open(place)
        table = frames.runs(study, study.ledger_state())
    return table.pivot_table(index="trial", columns="seed", values="score").to_numpy(float)


def by_rungs(
    rungs: tuple[int, ...], scores: np.ndarray, _: np.random.Generator
) -> tuple[int, int, set[int]]:
    """As `seeds: {tune: rungs}` chooses."""
    left, runs = np.arange(len(scores)), len(scores) * rungs[0]
    for seeds, more in pairwise(rungs):
        found = race.behind(scores[left, :seeds])[1]
        left = left[found >= (1 - LEVEL) / (len(rungs) - 1)]
        runs += len(left) * (more - seeds)
    best = left[scores[left, : rungs[-1]].mean(axis=1).argmax()]
    return int(best), runs, set(range(len(scores))) - set(left.tolist())


def by_fixed(
    runs: float, scores: np.ndarray, rng: np.random.Generator
) -> tuple[int, int, set[int]]:
    """All configurations get seeds in turn, until `runs` are spent."""
    spent = int(runs) + (rng.random() < runs % 1)
    each, over = divmod(spent, len(scores))
    further = set(rng.permutation(len(scores))[:over].tolist())
    means = [own[: each + (row in further)].mean() for row, own in enumerate(scores)]
    return int(np.argmax(means)), spent, set()


def by_pruner(
    pruner: BasePruner, scores: np.ndarray, rng: np.random.Generator
) -> tuple[int, int, set[int]]:
    """As an Optuna study whose objective runs seed after seed."""
    study = optuna.create_study(direction="maximize", pruner=pruner)
    order, runs, ended = rng.permutation(len(scores)).tolist(), 0, set()
    paired = isinstance(pruner, WilcoxonPruner)
    for row in order:
        trial = study.ask()
        state, value = optuna.trial.TrialState.COMPLETE, 0.0
        for step in range(MOST):
            runs, value = runs + 1, float(scores[row, : step + 1].mean())
            trial.report(float(scores[row, step]) if paired else value, step + (not paired))
            if step + 1 < MOST and trial.should_prune():
                ended.add(row)
                state = optuna.trial.TrialState.PRUNED
                break
        study.tell(trial, value if state == optuna.trial.TrialState.COMPLETE else None, state=state)
    return order[study.best_trial.number], runs, ended


def ways() -> dict[str, Way]:
    """All ways that need no other's cost."""
    pruners = {
        "MedianPruner(n_warmup_steps=2)": MedianPruner(n_startup_trials=3, n_warmup_steps=2),
        "SuccessiveHalvingPruner(2, 2)": SuccessiveHalvingPruner(2, 2),
        "WilcoxonPruner(0.1)": WilcoxonPruner(),
        "WilcoxonPruner(0.05, n_startup_steps=4)": WilcoxonPruner(
            p_threshold=0.05, n_startup_steps=4
        ),
    }
    found: dict[str, Way] = {f"rungs {list(r)}": partial(by_rungs, r) for r in RUNGS}
    return found | {f"Optuna, {name}": partial(by_pruner, one) for name, one in pruners.items()}


def replay(scores: np.ndarray, way: Way, replays: int, seed: int) -> Tally:
    """Replays one way; every way meets the same orders of seeds."""
    best, tally = scores.mean(axis=1), Tally()
    for number in range(replays):
        rng = np.random.default_rng([seed, number])
        named, runs, ended = way(scores[:, rng.permutation(scores.shape[1])], rng)
        tally.best.append(named == best.argmax())
        tally.lost.append(float(best.max() - best[named]))
        tally.runs.append(runs)
        tally.ended.append(int(best.argmax()) in ended)
    return tally


def main(place: Path, replays: int = 1000, seed: int = 0) -> None:
    """Prints the table."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
    scores = recorded(place)
    print(f"{date.today()}: {len(scores)} configurations × {scores.shape[1]} seeds\n")
    print("| way | runs | names the best, % | score lost | the best ended early, % |")
    print("|---|---|---|---|---|")
    for name, way in ways().items():
        tally = replay(scores, way, replays, seed)
        print(tally.row(name), flush=True)
        if "rungs" in name:
            fixed = partial(by_fixed, float(np.mean(tally.runs)))
            print(replay(scores, fixed, replays, seed).row("fixed seeds of that cost"), flush=True)
    print(
        replay(scores, partial(by_fixed, len(scores) * MOST), replays, seed).row("ten seeds each")
    )


if __name__ == "__main__":
    words = dict(word.split("=", 1) for word in sys.argv[2:])
    main(Path(sys.argv[1]), **{key: int(value) for key, value in words.items()})
