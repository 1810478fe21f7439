"""Each key of a space says once what may be done with it."""

from __future__ import annotations

from sweeper.space.keys.marks import Key
from sweeper.space.overrides import KEYS
from sweeper.space.space import Space, keys
from tests.helpers.cases import each


@each("name", Space.model_fields)
def test_every_field_is_marked_once(name):
    marks = [mark for mark in Space.model_fields[name].metadata if isinstance(mark, Key)]
    assert len(marks) == 1


def test_who_repeats_a_trial_says_all_that_shapes_its_runs():
    """What changes results is repeated, or chooses the trials, of which there is one."""
    known = set(keys(lambda key: key.repeated or key.chooses))
    assert set(keys(lambda key: key.results)) - known == {"invalid"}
    assert not keys(lambda key: key.repeated and key.chooses)


def test_a_study_grows_by_what_changes_its_results():
    assert keys(lambda key: key.grows) == ("axes", "blocks", "seeds", "trials", "enqueue")
    assert not keys(lambda key: key.grows and not key.results)


def test_what_loading_finds_out_cannot_be_given():
    assert set(Space.model_fields) - set(KEYS) == {
        *("scale", "changed", "held_out", "rungs", "paper_steps", "defaults", "name", "file"),
        *("folder", "searched"),
    }
    assert not keys(lambda key: key.results and not key.given)
