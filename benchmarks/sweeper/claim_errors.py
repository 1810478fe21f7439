"""How often verdicts on claims are wrong, and how often they are found, by the number of seeds.

    python -m benchmarks.sweeper.claim_errors [studies=1000]

Prints a row for docs/measured/claims.md for each kind of study and number of seeds. A study has
five learning rates with and without a method, on one task, and six claims: on three rates that the
method has the higher score, on all rates that it has, that more of its rates are usable, and that
its best rate is at most the middle one. Half of a run's variance is the luck of its seed, which all
its configurations share. Scores spread by 0.1 around their mean.

Of *equal* studies both sides of every claim are the same (two rates beside the middle are equally
good), so that every verdict but undecided is wrong. In *different* ones the method adds 0.1 at
two rates and 0.22 and more at the others, which makes more rates usable, and its best rate is the
second: all six claims hold.
"""

from __future__ import annotations

import sys
from datetime import date
from typing import Any

import numpy as np
from scipy.stats import expon, norm, t

from sweeper.results.verdicts.paired import Cell, Side, cell, compared
from sweeper.space.claims.claim import Claim
from sweeper.stats.verdicts import REFUTED, SUPPORTED, UNDECIDED, holm

SEEDS = (5, 10, 20)
SCORES = {"normal": norm(), "skewed": expon(-1), "heavy-tailed": t(3, scale=3**-0.5)}
RATES = (1e-4, 3e-4, 1e-3, 3e-3, 1e-2)
EQUAL = (0.3, 0.5, 0.4, 0.5, 0.3)
WITHOUT = (0.3, 0.5, 0.3, 0.2, 0.1)
WITH = (0.4, 0.6, 0.52, 0.5, 0.2)
CLAIMS = {
    **{f"rate {rate:g}": f"score(lr={rate:g},x=1) > score(lr={rate:g},x=0)" for rate in RATES[:3]},
    "all rates": "score(x=1) > score(x=0)",
    "usable": "usable(lr | x=1) > usable(lr | x=0)",
    "best": "best(lr | x=1) <= 0.001",
}


def scores(rng: np.random.Generator, law: Any, means: Any, seeds: int) -> np.ndarray:
    """Scores [method × rates × seeds], half of whose variance a seed has in common."""
    luck = law.rvs(size=seeds, random_state=rng)
    own = law.rvs(size=(2, len(RATES), seeds), random_state=rng)
    return np.array(means)[:, :, None] + 0.1 * (luck + own) / np.sqrt(2)


def on_a_line(values: np.ndarray) -> Cell:
    """The runs behind a cell on the only task, of scores [configurations × seeds]."""
    seeds = np.tile(np.arange(values.shape[1]), len(values))
    return cell(np.full(values.size, "line"), seeds, values.ravel())


def sides(claim: Claim, found: np.ndarray, how: str) -> list[Side]:
    """The sides of one of `CLAIMS`, of scores [method × rates × seeds]."""
    made = []
    for quantity in claim.statement.quantities:
        given = dict(one.split("=") for one in quantity.where.split(","))
        own = found[int(given["x"])]
        if quantity.axis is not None:
            cells = [on_a_line(one[None]) for one in own]
            made.append(Side(quantity, RATES, cells, how, minimise=False))
        else:
            chosen = own[[RATES.index(float(given["lr"]))]] if "lr" in given else own
            made.append(Side(quantity, (None,), [on_a_line(chosen)], how, minimise=False))
    return made


def measured(law: Any, means: Any, seeds: int, how: str, studies: int) -> tuple[float, list[float]]:
    """The share of studies with any refuted claim, or any verdict; and of each claim supported."""
    rng, claims = np.random.default_rng(seeds), {n: Claim(claim=one) for n, one in CLAIMS.items()}
    equal, wrong, right = means[0] == means[1], 0, np.zeros(len(claims))
    for _ in range(studies):
        found = scores(rng, law, means, seeds)
        judged = holm([compared(one, sides(one, found, how)).difference for one in claims.values()])
        states = [one.verdict for one in judged]
        wrong += any(one != UNDECIDED for one in states) if equal else REFUTED in states
        right += [one == SUPPORTED for one in states]
    return wrong / studies, [*(right / studies)]


def main(studies: int) -> None:
    """Prints both tables."""
    print(f"{date.today()}, {studies} studies each\n")
    print(
        "| scores | statistic | seeds | wrong, of equal | wrong, of different "
        f"| {' | '.join(CLAIMS)} |"
    )
    print("|" + "---|" * (5 + len(CLAIMS)))
    for name, law in SCORES.items():
        for how in ("mean", "iqm") if name == "normal" else ("mean",):
            for seeds in SEEDS:
                none, _ = measured(law, (EQUAL, EQUAL), seeds, how, studies)
                some, power = measured(law, (WITHOUT, WITH), seeds, how, studies)
                cells = [f"{100 * one:.1f}" for one in (none, some, *power)]
                print(f"| {name} | {how} | {seeds} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main(int(dict(word.split("=") for word in sys.argv[1:]).get("studies", 1000)))
