"""Verdicts at the edges: ties, runs that diverged or are missing, numbers without end."""

from __future__ import annotations

import math
from typing import Any

import pytest

from sweeper.errors import SweeperError
from sweeper.results.verdicts import verdict_text
from sweeper.results.verdicts.verdicts import asked, verdicts
from tests.helpers.cases import each
from tests.sweeper.results.verdicts.test_verdicts import AXES, Play, judged, noise, rate, went

RATES = {"lr": AXES["lr"]}
TOLD = {
    "best(lr) <= 1e-3": "undecided",
    "best(lr) < 1e-1": "supported",
    "best(lr) > 5e-3": "undecided",
    "usable(lr) >= 3": "supported",
    "usable(lr) > 3": "refuted",
    "score() >= 0.5": "supported",
    "score(lr=1e-4) > score(lr=1e-3)": "undecided",
}


@each("text", TOLD)
def test_where_all_scores_are_equal(played: Play, text: str) -> None:
    """No value is the best one then, whichever stands first."""
    made = played(went(lambda run, trial: 0.5), axes=RATES, seeds=10, claims={"it": text})
    assert verdicts(made)[0].verdict == TOLD[text]


def test_the_best_of_two_sides_where_one_side_is_tied(played: Play) -> None:
    def score(run: Any, trial: Any) -> float:
        return rate(run, trial) if trial.layers == "last" else 0.5

    found = judged(played, score, 10, it="best(lr | layers=none) >= best(lr | layers=last)")
    assert found.it.verdict == "undecided"


def test_values_of_an_axis_are_compared_when_all_have_ended(played: Play) -> None:
    def run(run: Any, labels: Any) -> Any:
        return None if labels["lr"] == 1e-2 else went(rate)(run, labels | {"layers": "none"})

    claims = {"best": "best(lr) <= 1e-3", "usable": "usable(lr) < 3", "score": "score() > 0.1"}
    best, usable, score = verdicts(played(run, axes=RATES, seeds=6, claims=claims))
    assert best.why == "best(lr) is known when all its runs have ended: lr=0.01 has not"
    assert (best.verdict, usable.verdict, score.verdict) == ("undecided", "undecided", "supported")
    assert (score.runs, score.planned) == (12, 18)
    assert "6, 12 of 18 runs" in verdict_text.plain([score])


def test_failed_runs_and_an_axis_that_is_switched_off_are_told(played: Play) -> None:
    axes = {"mode": {"kind": "choice", "values": ["on", "off"]}}
    axes["x"] = {"kind": "int", "values": [1, 2], "when": {"mode": "on"}}

    def run(run: Any, labels: Any) -> Any:
        return ("failed", []) if run.seed == 0 else went(lambda *_: 0.5)(run, labels)

    claims = {"off": "best(x | mode=off) > 1", "failed": "score(mode=on) > 0"}
    off, failed = verdicts(played(run, axes=axes, seeds=5, claims=claims))
    assert off.why == "no configuration of best(x | mode=off) has the axis x"
    assert failed.why.endswith("of its 10 runs 10 have ended, 2 without a score")


def test_a_diverged_run_that_decides_some_resamples_alone(played: Play) -> None:
    """One of 24: what stands for it is in no interval, and is no number that a side is held to."""

    def score(run: Any, trial: Any) -> float | None:
        return None if run.seed == 0 and trial.lr == 1e-2 else rate(run, trial)

    found = judged(
        played,
        lambda run, trial: None if trial.layers == "none" else score(run, trial),
        12,
        it="score(lr=1e-3,layers=last) > score(lr=1e-2,layers=last)",
        number="score(lr=1e-2,layers=last) < 3",
    )
    assert found.it.verdict == found.number.verdict == "supported"
    assert math.isnan(found.it.low) and 0 < found.it.difference < 1
    assert found.number.right == 3


def test_the_worst_of_a_metric_is_its_own(played: Play) -> None:
    """Of two scores, of which the second is to be small."""

    def run(run: Any, labels: Any) -> Any:
        end = "nan" if labels["lr"] == 1e-2 else "complete"
        return end, [(40, {"return": 1.0, "loss": 1.0 + 0.1 * noise(run.seed, labels)})]

    made = played(
        run,
        axes=RATES,
        seeds=8,
        score=[{"metric": "return"}, {"metric": "loss", "direction": "minimize", "high": 10}],
        claims={"it": "loss(lr=1e-2) > loss(lr=1e-3)"},
    )
    (found,) = verdicts(made)
    assert found.left == math.inf and found.verdict == "supported"


def test_runs_of_both_sides_count_once_and_no_number_is_too_large(played: Play) -> None:
    found = judged(
        played,
        rate,
        6,
        part="score(lr=1e-3) > score()",
        large="score() > 1e300",
        low="score() > -1e-300",
    )
    assert found.part.runs == found.part.planned == 36
    assert [one.verdict for one in vars(found).values()] == ["supported", "refuted", "supported"]


def test_a_claim_that_is_made_now_takes_the_place_of_none(played: Play) -> None:
    claims = {"asked": "score() > 0.1"}
    made = played(went(rate), axes=AXES, seeds=5, claims=claims)
    found = verdicts(made, more=asked("score() > 0.2", made.space.claims))
    assert [one.name for one in found] == ["asked", "asked1"]
    assert found[0].status == "registered" and found[1].status == "exploratory"


@each(
    "text, message",
    [
        ("score(lr=99) > score(lr=1e-3)", "claim asks for lr=99; valid: 0.0001"),
        ("best(lr | seed=77) > 1e-3", "claim asks for seed=77; valid: 0, 1"),
        ("score(task=nowhere) > 0", "claim asks for task=nowhere"),
    ],
)
def test_a_claim_that_is_made_now_of_what_there_is_not(
    played: Play, text: str, message: str
) -> None:
    """No run has ended: of what there is, nothing is known yet, which is no mistake."""
    made = played(lambda run, labels: None, axes=RATES, seeds=5)
    with pytest.raises(SweeperError, match=message):
        verdicts(made, more=asked(text))
    assert verdicts(made, more=asked("score(lr=1e-4) > 0"))[0].verdict == "undecided"


def test_some_values_of_an_axis_of_texts(played: Play) -> None:
    axes = {"mode": {"kind": "choice", "values": ["a,b", "k=v|w", "nan"]}}
    claims = {"it": "usable(mode | mode=k=v|w,nan) > 1.5"}
    (found,) = verdicts(played(went(lambda run, trial: 0.5), axes=axes, seeds=8, claims=claims))
    assert (found.verdict, found.left, found.runs) == ("supported", 2, 16)
