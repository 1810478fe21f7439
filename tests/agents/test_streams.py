"""Streams: pure functions of key and counter, the same for NumPy and torch."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from agents import streams

COUNTER = np.arange(20_000, dtype=np.int64)


@pytest.mark.parametrize("draw", [streams.words, streams.bits])
def test_numpy_and_torch_draw_the_same(draw):
    key = streams.key(3, "exploration")
    assert np.array_equal(draw(key, COUNTER), draw(key, torch.from_numpy(COUNTER)).numpy())


def test_seed_is_bits_without_arrays():
    key = streams.key(-5, "x")
    drawn = streams.bits(key, COUNTER[:50]).tolist()
    assert drawn == [streams.seed(key, counter) for counter in range(50)]


def test_splitmix64_reference_values():
    """The first outputs of splitmix64 from state 0 (Vigna's reference implementation)."""
    drawn = streams.words(0, np.arange(3, dtype=np.int64)).astype(np.uint64)
    assert [hex(word) for word in drawn.tolist()] == [
        "0xe220a8397b1dcdaf",
        "0x6e789e6aa1b965f4",
        "0x6c45d188009454f",
    ]


def test_uniforms_integers_and_normals_have_their_moments():
    key = streams.key(0, "moments")
    uniform = streams.uniforms(key, COUNTER)
    assert uniform.min() >= 0 and uniform.max() < 1
    assert abs(uniform.mean() - 0.5) < 0.01 and abs(uniform.var() - 1 / 12) < 0.01
    below_six = streams.below(streams.bits(key, COUNTER), 6)
    counts = np.bincount(below_six, minlength=6) / len(COUNTER)
    assert len(counts) == 6 and np.abs(counts - 1 / 6).max() < 0.01
    normal = streams.normals(key, COUNTER)
    assert abs(normal.mean()) < 0.03 and abs(normal.std() - 1) < 0.03


def test_streams_differ_by_seed_and_purpose():
    firsts = {streams.key(seed, purpose) for seed in range(10) for purpose in "abc"}
    assert len(firsts) == 30


def test_draws_are_a_pure_function_of_step_and_of_the_member():
    keys = streams.keys([4, 9], "batches")
    together, alone = streams.Draws(keys, 5, block=8), streams.Draws(keys[1:], 5, block=64)
    for step in [0, 7, 8, 100, 3]:
        expected = streams.bits(int(keys[1]), np.arange(5 * step, 5 * step + 5, dtype=np.int64))
        assert np.array_equal(together.at(step)[1], expected)
        assert np.array_equal(alone.at(step)[0], expected)
