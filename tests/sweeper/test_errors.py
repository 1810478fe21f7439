"""Unknown names are answered with what is valid, however much that is."""

from __future__ import annotations

from sweeper.errors import choices


def test_few_are_all_listed_in_their_order():
    assert choices("b", ["z", "y"]) == "; valid: z, y"
    assert choices("b", []) == "; valid: none"


def test_of_many_the_nearest_are_listed_and_the_others_counted():
    valid = [f"dmc/robot-{n}" for n in range(90)] + ["dmc/cheetah-run", "dmc/walker-run"]
    answer = choices("dmc/cheetah_run", valid)
    assert answer.startswith(" (did you mean 'dmc/cheetah-run'?); valid: dmc/cheetah-run, dmc/walk")
    assert answer.endswith(", and 56 more") and answer.count(", ") == 36
