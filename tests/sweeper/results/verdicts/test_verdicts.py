"""The verdicts on claims, of runs that went as a test says."""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from sweeper.errors import SweeperError
from sweeper.results.verdicts.verdicts import Verdict, asked, verdicts
from sweeper.study.study import Study

Play = Callable[..., Study]

AXES = {
    "lr": {"kind": "float", "values": [1e-4, 1e-3, 1e-2]},
    "layers": {"kind": "choice", "values": ["none", "last"]},
}


def noise(seed: int, *of: object) -> float:
    return float(np.random.default_rng([seed, zlib.crc32(repr(of).encode())]).normal())


def went(score: Callable[..., float | None]) -> Any:
    """Runs that end with twice a score, as the task's high is 2; `None` of one that diverges."""

    def run(run: Any, labels: Any) -> Any:
        found = score(run, SimpleNamespace(**labels))
        if found is None:
            return "nan", [(20, {"return": 0.0})]
        return "complete", [(20, {"return": 0.1}), (40, {"return": 2 * found, "loss": -found})]

    return run


def judged(play: Play, score: Callable[..., float | None], seeds: int, **claims: Any) -> Any:
    made = play(went(score), axes=AXES, seeds=seeds, claims=claims)
    return SimpleNamespace(**{one.name: one for one in verdicts(made)})


def rate(run: Any, trial: Any) -> float:
    """With the last layer two rates are usable and the middle one best; without it one is."""
    height = {1e-4: 0.5, 1e-3: 1.0, 1e-2: 0.9 if trial.layers == "last" else 0.4}[trial.lr]
    return height + 0.02 * noise(run.seed, trial.lr, trial.layers)


def test_each_kind_of_quantity(played: Play) -> None:
    found = judged(
        played,
        rate,
        10,
        helps="score(layers=last) > score(layers=none)",
        much="score(layers=last) > score(layers=none) by 0.4",
        smaller="loss(layers=last) < loss(layers=none)",
        wider="usable(lr | layers=last) > usable(lr | layers=none)",
        best="best(lr) <= 1e-3",
        low="best(lr | layers=none) < 1e-3",
        number="score(lr=1e-3) >= 0.5",
    )
    states = {name: one.verdict for name, one in vars(found).items()}
    assert states == {
        "helps": "supported",
        "much": "refuted",
        "smaller": "supported",
        "wider": "supported",
        "best": "supported",
        "low": "refuted",
        "number": "supported",
    }
    assert (found.wider.left, found.wider.right) == (2, 1)
    assert (found.best.left, found.best.right) == (1e-3, 1e-3)
    assert found.helps.difference == pytest.approx(0.27, abs=0.05)
    assert found.helps.low < found.helps.difference < found.helps.high
    assert found.smaller.high < 0 and found.much.high < 0.4
    assert {one.runs for one in vars(found).values()} == {60, 30, 20}
    assert {one.seeds for one in vars(found).values()} == {10}


def alike(run: Any, trial: Any) -> float:
    return 0.5 + 0.1 * noise(run.seed, trial.lr, trial.layers)


def test_what_is_alike_stays_undecided_and_says_how_many_seeds_would_decide(played: Play) -> None:
    found = judged(played, alike, 6, it="score(layers=last) > score(layers=none)")
    assert found.it.verdict == "undecided" and found.it.p > 0.05
    assert found.it.low < 0 < found.it.high
    assert found.it.seeds_needed is None or found.it.seeds_needed > 6


def test_seeds_that_both_share_cancel(played: Play) -> None:
    """A difference far smaller than what seeds differ in is found, as seeds are paired."""

    def shifted(run: Any, trial: Any) -> float:
        return noise(run.seed) + 0.05 * (trial.layers == "last") + 0.01 * noise(run.seed, trial)

    found = judged(played, shifted, 8, it="score(layers=last) > score(layers=none)")
    assert found.it.verdict == "supported"
    assert found.it.high - found.it.low < 0.1


def test_too_few_seeds_and_no_runs_say_so(played: Play) -> None:
    few = judged(played, rate, 4, it="score(layers=last) > score(layers=none)").it
    assert (few.verdict, few.seeds_needed) == ("undecided", 5)
    assert few.why == "4 seeds of a task: an interval needs 5"
    assert math.isnan(few.low) and few.difference > 0
    made = played(
        lambda run, labels: None,
        name="open",
        axes=AXES,
        seeds=5,
        claims={"it": "score(layers=last) > score(layers=none)"},
    )
    (none,) = verdicts(made)
    assert none.verdict == "undecided" and none.as_json()["difference"] is None
    assert none.why == (
        "no configuration of score(layers=last) is complete: of its 15 runs 0 have ended"
    )


def test_a_side_whose_runs_diverge_is_worse_than_every_other(played: Play) -> None:
    def broken(run: Any, trial: Any) -> float | None:
        return None if trial.lr == 1e-2 else rate(run, trial)

    found = judged(
        played,
        broken,
        8,
        it="score(lr=1e-2) > score(lr=1e-3)",
        best="best(lr) <= 1e-3",
    )
    assert found.it.verdict == "refuted" and found.it.left == -math.inf
    assert found.best.verdict == "supported"


def test_where_smaller_is_better(played: Play) -> None:
    made = played(
        went(lambda run, trial: 1 - rate(run, trial)),
        axes=AXES,
        seeds=10,
        direction="minimize",
        claims={
            "best": "best(lr) <= 1e-3",
            "wider": "usable(lr | layers=last) > usable(lr | layers=none)",
        },
    )
    assert [one.verdict for one in verdicts(made)] == ["supported", "supported"]


def test_the_tasks_that_a_claim_is_about(played: Play) -> None:
    def by_task(run: Any, trial: Any) -> float:
        better = trial.layers == ("last" if run.task == "line" else "none")
        return 0.5 + 0.5 * better + 0.05 * noise(run.seed, run.task, trial)

    made = played(
        went(by_task),
        axes=AXES,
        seeds=6,
        tasks={"line": {"low": 0.0, "high": 2.0}, "circle": {"low": 0.0, "high": 2.0}},
        claims={
            "one": {"claim": "score(layers=last) > score(layers=none)", "where": "task=line"},
            "other": {"claim": "score(layers=last) > score(layers=none)", "where": "task=circle"},
            "tasks": "score(layers=last,task=line) > score(layers=last,task=circle)",
            "best": {"claim": "score(layers=last) > score(layers=none)", "pool": "best"},
        },
    )
    found = {one.name: one for one in verdicts(made)}
    assert [one.verdict for one in found.values()] == [
        "supported",
        "refuted",
        "supported",
        "undecided",
    ]
    assert found["one"].runs == 36 and found["best"].runs == 24


def test_what_a_study_does_not_have_is_told(played: Play) -> None:
    """Where metrics are only known by running; of a claim that is made now it is an error."""
    text = "lose(layers=last) > lose(layers=none)"
    made = played(went(rate), axes=AXES, seeds=5, claims={"it": text, "other": "score() > 0.5"})
    found = verdicts(made)
    said = "'lose' is no metric of played (did you mean 'loss'?); valid: "
    assert [one.verdict for one in found] == ["undecided", "supported"]
    assert found[0].why.startswith(said)
    with pytest.raises(SweeperError, match="'lose' is no metric of played"):
        verdicts(made, more=asked(text))
    with pytest.raises(SweeperError, match="claim must compare two quantities"):
        asked("score(layers=last)")
    with pytest.raises(SweeperError, match="'layer' is no axis or parameter of played"):
        verdicts(made, more=asked("score(layer=last) > 0"))
    assert verdicts(made, more=asked("score(layers=last) > 0"))[-1].status == "exploratory"


def test_exploratory_claims_change_no_registered_verdict(
    played: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are corrected for all, and those that stood before only for each other."""

    def close(run: Any, trial: Any) -> float:
        return 0.055 * (trial.layers == "last") + 0.05 * noise(run.seed, trial)

    def found(names: str) -> list[Verdict]:
        text = "score(layers=last) > score(layers=none)"
        claims = dict.fromkeys(names, text)
        return verdicts(played(went(close), axes=AXES, seeds=10, claims=claims))

    (alone,) = found("a")
    monkeypatch.setattr(Study, "registered", lambda study, name: name == "a")
    first, *others = found("abcdefgh")
    assert first == alone and first.status == "registered"
    assert {one.status for one in others} == {"exploratory"}
    assert first.p < 0.05 and first.verdict == "supported"
    assert all(one.p == pytest.approx(min(1, 8 * first.p)) for one in others)
    assert all(one.level > first.level for one in others)
