"""Claims that stood in the plan before the first run ended, and those that came later."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sweeper.cli.commands.retry import reopen
from sweeper.results.verdicts.verdicts import verdicts
from sweeper.study.study import Study
from sweeper.worker.worker import Worker

FIRST = "claims={before: 'score(width=1) > score(width=2)'}"
BOTH = (
    "claims={before: {claim: 'score(width=1) > score(width=2)', source: somebody}, "
    "after: 'best(size) <= 0.2', changed: 'score(size=0.3) > 0.1'}"
)


def states(study: Study) -> dict[str, str]:
    return {one.name: one.status for one in verdicts(study)}


def test_claims_that_come_after_runs_have_ended_are_exploratory(
    make_study: Callable[..., Study],
) -> None:
    make_study("seeds=1")
    made = make_study("seeds=1", FIRST)
    assert states(made) == {"before": "registered"}, "no run had ended"
    made.ledger_state()
    Worker(made, pack="1", device="cpu", workers=1).run()
    later = make_study("seeds=1", BOTH)
    after = {"before": "registered", "after": "exploratory", "changed": "exploratory"}
    assert states(later) == states(Study.open(later.folder)) == after
    assert later.space.claims["before"].source == "somebody", "who says so may be told later"
    gone = make_study("seeds=1")
    assert states(gone) == {}
    again = make_study("seeds=1", BOTH.replace("width=2", "width=1,size=0.3"))
    assert set(states(again).values()) == {"exploratory"}
    assert states(make_study("seeds=1", BOTH)) == after, "it stood there before"
    based = make_study("seeds=1", BOTH, "baseline={width: 1}")
    assert set(states(based).values()) == {"exploratory"}, "scores are others than were promised"


def test_claims_that_were_taken_away_count_as_before(make_study: Callable[..., Study]) -> None:
    """Else a claim could be decided by taking away those beside it."""
    other = "'score(size=0.3) > 0.1'"
    made = make_study("seeds=6", FIRST.replace("}", f", other: {other}, third: {other}}}"))
    Worker(made, pack="1", device="cpu", workers=1).run()
    before = {one.name: one for one in verdicts(made)}
    later = make_study("seeds=6", FIRST)
    assert later.withdrawn == 2 and made.withdrawn == 0
    (one,) = verdicts(later)
    assert one.status == "registered" and one.level >= before["before"].level
    assert one.level == pytest.approx(1 - 0.05 / 3)


def test_a_claim_that_was_given_up_before_any_run_ended_is_none(
    make_study: Callable[..., Study],
) -> None:
    make_study("seeds=1", FIRST)
    made = make_study("seeds=1")
    Worker(made, pack="1", device="cpu", workers=1).run()
    again = make_study("seeds=1", FIRST)
    assert states(again) == {"before": "exploratory"} and again.withdrawn == 0


def test_runs_that_are_open_again_have_ended_before(make_study: Callable[..., Study]) -> None:
    made = make_study("seeds=1")
    Worker(made, pack="1", device="cpu", workers=1).run()
    reopen(made, [*made.ledger_state().runs.values()])
    assert all(one.end is None for one in made.ledger_state().runs.values())
    assert states(make_study("seeds=1", FIRST)) == {"before": "exploratory"}


@pytest.mark.parametrize("ended", [True, False])
def test_a_plan_that_does_not_say_whether_runs_had_ended(
    make_study: Callable[..., Study], ended: bool
) -> None:
    """As those of older studies: claims of the first version stood there before."""
    make_study(*([FIRST] if not ended else []))
    made = make_study(FIRST)
    for plan in made.paths.plans.iterdir():
        text = plan.read_text()
        plan.unlink()
        plan.write_text(text.replace('\n "ended": false,', ""))
    assert states(Study.open(made.folder)) == {"before": "exploratory" if ended else "registered"}
