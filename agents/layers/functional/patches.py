"""Patches of images for convolutions as products: unfolding, and its adjoint, folding."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch
    import torch.nn.functional as F
else:
    from agents.lazy import LazyModule

    F = LazyModule("torch.nn.functional")
    torch = LazyModule("torch")


def unfold(x: torch.Tensor, size: int, stride: int = 1) -> torch.Tensor:
    """Returns the patches of x: [P, B, H, W, C] -> [P, B, H', W', size * size * C], contiguous.

    They are `stride` pixels apart: H' = (H - size) // stride + 1. Each row of a patch is a run of
    size * C numbers of x; selecting runs by a table of where they begin takes a third of the time
    that copying a strided view does.
    """
    members, batch, height, width, channels = x.shape
    run = size * channels
    begins = _runs(x.shape, x.stride()[:4], size, stride, x.device)
    runs = x.as_strided((_span(x.shape, x.stride()) - run + 1, run), (1, 1))
    patches = runs.index_select(0, begins)
    rows, columns = (number(side, size, stride) for side in (height, width))
    return patches.view(members, batch, rows, columns, size * run)


def number(side: int, size: int, stride: int) -> int:
    """Returns how many patches there are along a side."""
    return (side - size) // stride + 1


def _span(shape: Sequence[int], stride: Sequence[int]) -> int:
    """How many numbers of its memory a tensor reaches over."""
    return 1 + sum((n - 1) * step for n, step in zip(shape, stride, strict=True))


@lru_cache(maxsize=64)
def _runs(
    shape: Sequence[int], steps: Sequence[int], size: int, stride: int, device: torch.device
) -> torch.Tensor:
    """Where the runs of `unfold` begin, in the order [P, B, H', W', size].

    `steps` are those in memory from one number to the next along the axes of x.
    """
    members, batch, height, width, _ = shape
    rows, columns = (number(side, size, stride) for side in (height, width))
    counts = (members, batch, rows, columns, size)
    apart = (*steps[:2], stride * steps[2], stride * steps[3], steps[2])
    with torch.inference_mode(mode=False):  # kept, and used where gradients are recorded, too
        begins = torch.zeros((), dtype=torch.int64)
        for count, step in zip(counts, apart, strict=True):
            begins = begins[..., None] + torch.arange(count) * step
        return begins.flatten().to(device, torch.int32)


def fold(
    patches: torch.Tensor, size: int, stride: int = 1, sides: tuple[int, int] | None = None
) -> torch.Tensor:
    """Returns patches [P, B, H', W', size * size * C] added up, [P, B, H, W, C]: unfold's adjoint.

    `sides` are H and W, where they are not the fewest pixels that have so many patches. Every pixel
    is the sum of a bag of rows of C numbers, by a table of which rows.
    """
    members, batch, rows, columns, numbers = patches.shape
    channels = numbers // (size * size)
    height, width = sides or ((rows - 1) * stride + size, (columns - 1) * stride + size)
    row, first = _bags(members * batch, height, width, size, stride, patches.device)
    x = F.embedding_bag(row, patches.reshape(-1, channels), first, mode="sum")
    return x.view(members, batch, height, width, channels)


@lru_cache(maxsize=64)
def _bags(
    images: int, height: int, width: int, size: int, stride: int, device: torch.device
) -> tuple[torch.Tensor, torch.Tensor]:
    """Rows of patches by the pixel they belong to, and where each pixel's bag of rows begins."""
    shape, steps = (1, images, height, width, 1), (0, height * width, width, 1)
    runs = _runs(shape, steps, size, stride, torch.device("cpu"))
    with torch.inference_mode(mode=False):  # as in `_runs`
        pixels = (runs[:, None] + torch.arange(size)).flatten()
        counts = pixels.bincount(minlength=images * height * width)
        rows, first = pixels.argsort(stable=True), counts.cumsum(0) - counts
        return rows.to(device, torch.int32), first.to(device, torch.int32)
