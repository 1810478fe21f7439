"""Random shifts: a pad and a crop, at offsets that are uniform and each member's own."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from agents import streams
from agents.replay.random_shift import RandomShift, shifted

KEYS = streams.keys([3, 8], "augmentation")


def images(members: int = 2, batch: int = 5, side: tuple[int, int] = (7, 6)) -> torch.Tensor:
    rng = np.random.default_rng(0)
    return torch.from_numpy(rng.integers(0, 256, (members, batch, *side, 3), dtype=np.uint8))


@pytest.mark.parametrize("dtype", [torch.uint8, torch.float32])
@pytest.mark.parametrize("pad", [1, 2, 9])
def test_it_is_a_pad_and_a_crop(pad, dtype):
    seen, shift = images().to(dtype), RandomShift(KEYS, pad, 1)
    found, (down, across) = shift(seen, 6), shift.offsets(6, 0, 5)
    assert found.dtype == dtype and found.is_contiguous()
    for member in range(2):
        for place in range(5):
            edge = ((pad, pad), (pad, pad), (0, 0))
            padded = np.pad(seen[member, place].numpy(), edge, mode="edge")
            top, left = down[member, place], across[member, place]
            crop = padded[top : top + 7, left : left + 6]
            assert np.array_equal(found[member, place].numpy(), crop)


def test_in_the_middle_an_image_is_itself():
    assert torch.equal(shifted(images(), np.full((2, 2, 5), 3), 3), images())


def test_images_need_not_lie_together_in_memory():
    seen, shift = images(), RandomShift(KEYS, 2, 1)
    apart = seen.permute(0, 1, 4, 2, 3).contiguous().permute(0, 1, 3, 4, 2)
    part = torch.cat((seen, seen), dim=1)[:, :5]
    assert torch.equal(shift(apart, 1), shift(seen, 1))
    assert torch.equal(shift(part, 1), shift(seen, 1))


@pytest.mark.parametrize("pad", [1, 4])
def test_offsets_are_uniform(pad):
    """Chi-square over (2 pad + 1)^2 cells, and rows with columns of one shift and of the next."""
    shift, side = RandomShift(KEYS, pad, 2), 2 * pad + 1
    drawn = np.stack([shift.offsets(update, 1, 50) for update in range(400)], axis=2)
    assert drawn.min() == 0 and drawn.max() == 2 * pad
    for down, across in drawn.swapaxes(0, 1).reshape(2, 2, -1):
        for other in (across, np.roll(down, 1), np.roll(across, 1)):
            counts = np.bincount(down * side + other, minlength=side * side)
            expected, cells = down.size / side**2, side**2 - 1
            chi_square = ((counts - expected) ** 2 / expected).sum()
            assert abs(chi_square - cells) < 4 * np.sqrt(2 * cells)


def test_each_member_update_and_copy_has_draws_of_its_own():
    shift = RandomShift(KEYS, 4, 2)
    drawn = [
        shift.offsets(update, copy, 64)[:, member].tobytes()
        for update in (0, 1, 2)
        for copy in (0, 1)
        for member in (0, 1)
    ]
    assert len(set(drawn)) == len(drawn)


def test_in_a_pack_it_is_as_alone():
    whole = RandomShift(KEYS, 4, 2)(images(), 5, 1)
    for member in range(2):
        alone = RandomShift(KEYS[member : member + 1], 4, 2)
        assert torch.equal(alone(images()[member : member + 1], 5, 1)[0], whole[member])


def test_without_pad_images_stay_as_they_are():
    seen = images()
    assert RandomShift(KEYS, 0, 1)(seen, 3) is seen
