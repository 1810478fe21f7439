"""Trees of sums: against cumulative sums in double precision, without drift, and never a 0."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.replay import sum_tree
from agents.replay.sum_tree import SumTree

SIZES = [1, 5, 4_096, 4_097, 20_000]


def tree_of(leaves: np.ndarray) -> SumTree:
    tree = SumTree(*leaves.shape)
    tree.put(np.arange(leaves.shape[1]), leaves)
    return tree


@pytest.mark.parametrize("places", SIZES)
def test_what_is_found_is_what_cumulative_sums_pass(places):
    """Of whole numbers, whose sums are exact."""
    rng = np.random.default_rng(places)
    leaves = rng.integers(0, 9, (2, places)).astype(np.float32)
    leaves[:, -1] += 1
    tree = tree_of(leaves)
    sums = np.cumsum(leaves, axis=1, dtype=np.float64)
    assert np.array_equal(tree.totals(), sums[:, -1])
    asked = rng.random((2, 1_000)) * sums[:, -1:]
    asked[:, 0], asked[:, 1] = 0.0, np.nextafter(sums[:, -1], 0.0)
    found, of = tree.find(asked)
    for row in range(2):
        expected = np.searchsorted(sums[row], asked[row], "right")
        expected[1] = places - 1
        assert np.array_equal(found[row], expected)
        assert np.array_equal(of[row], leaves[row][found[row]])


@pytest.mark.parametrize("places", SIZES)
def test_many_changes_leave_no_drift(places):
    """Bit for bit as a tree made from the leaves alone; near the sum in double precision."""
    rng = np.random.default_rng(places)
    leaves = np.zeros((2, places), np.float32)
    tree = tree_of(leaves)
    for _ in range(300):
        at = rng.integers(0, places, (2, 40))
        new = rng.exponential(size=(2, 40)).astype(np.float32) ** 9
        tree.put(at, new)
        np.put_along_axis(leaves, at, new, axis=1)
        tree.totals()
    fresh = tree_of(leaves)
    asked = rng.random((2, 500)) * tree.totals()[:, None]
    assert np.array_equal(tree.totals(), fresh.totals())
    assert all(
        np.array_equal(a, b) for a, b in zip(tree.find(asked), fresh.find(asked), strict=True)
    )
    assert np.allclose(tree.totals(), leaves.sum(1, dtype=np.float64), rtol=1e-14)


def test_a_member_beside_others_is_as_alone():
    leaves = np.random.default_rng(0).random((3, 9_000)).astype(np.float32)
    asked = np.random.default_rng(1).random((3, 64)) * 4_000
    together = tree_of(leaves)
    for row in range(3):
        alone = tree_of(leaves[row : row + 1])
        assert alone.totals()[0] == together.totals()[row] > 4_000
        assert np.array_equal(alone.find(asked[row : row + 1])[0][0], together.find(asked)[0][row])


def test_of_a_place_named_twice_the_later_leaf_counts():
    tree = tree_of(np.ones((1, 5_000), np.float32))
    tree.put(np.array([[7, 7, 7]]), np.array([[5.0, 3.0, 2.0]], np.float32))
    assert tree.leaves(0, np.array([7])) == 2.0 and tree.totals()[0] == 5_001.0


def test_a_sum_that_was_rounded_up_leads_to_no_0(monkeypatch):
    """1.5 and 2^52 + 2 are 2^52 + 4 in double precision; what is below it lies behind the last."""
    monkeypatch.setattr(sum_tree, "_TOP", 1)
    leaves = np.array([[1.5, 0, 0, 0, 2.0**52, 2, 0, 0]], np.float32)
    tree = tree_of(leaves)
    assert tree.totals() == 2.0**52 + 4
    found, of = tree.find(np.array([[2.0**52 + 3, 0.0]]))
    assert found.tolist() == [[5, 0]] and of.tolist() == [[2.0, 1.5]]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.sampled_from([0.0, 1e-30, 1e-6, 0.1, 1.0, 3.0, 1e9, 1e30]), min_size=1, max_size=40
    ),
    st.lists(st.floats(0.0, 1.0), min_size=1, max_size=8),
)
def test_a_0_is_never_found(leaves, shares):
    if not any(leaves):
        leaves = [*leaves, 1e-30]
    kept, sum_tree._TOP = sum_tree._TOP, 2
    try:
        tree = tree_of(np.array([leaves], np.float32))
        total = tree.totals()[:, None]
        sums = np.array([shares]) * total
        found, of = tree.find(np.minimum(sums, np.nextafter(total, 0.0)))
    finally:
        sum_tree._TOP = kept
    assert (found >= 0).all() and (found < len(leaves)).all() and of.all()
    assert of[0].tolist() == [np.float32(leaves[place]) for place in found[0]]
