"""Random shifts of images (Kostrikov et al. 2020, "Image augmentation is all you need")."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from agents import streams
from agents.parameter import Parameter
from agents.shape import Shape

if TYPE_CHECKING:
    import torch
else:
    from agents.lazy import LazyModule

    torch = LazyModule("torch")


PARAMETERS: Mapping[str, Parameter] = {
    "augmentation.pad": Parameter(int, 4, low=0),
    "augmentation.views": Parameter(int, 2, low=1),
}
"""By how many pixels images are shifted at most, 0 for not at all, and how many views of each an
update sees."""


def check(params: Mapping[str, Any], shape: Shape) -> None:
    """Raises ValueError where a shift may leave nothing of the images [H, W, C]."""
    pad, side = params["augmentation.pad"], min(shape.observation[:2])
    if pad >= side:
        raise ValueError(
            f"augmentation.pad must be below the {side} pixels of the images' side, got {pad}"
        )


class RandomShift:
    """Shifts of up to `pad` pixels: images are padded by their edge pixels and cropped back.

    Where a crop begins is uniform in {0, ..., 2 pad}^2, for every image by itself; the frames of a
    stack, which are its channels, share it. An update may shift images `copies` times, each with
    draws of its own: those of the next observations, or of further views of the same ones. Draws
    depend on a member's key [P] and the update alone. With `pad` 0 images stay as they are.
    """

    def __init__(self, keys: np.ndarray, pad: int, copies: int) -> None:
        self.pad, self._keys, self._copies = pad, keys[:, None], copies

    def offsets(self, update: int, copy: int, batch: int) -> np.ndarray:
        """Returns rows and columns where the crops of an update's copy begin, [2, P, B]."""
        begin = (update * self._copies + copy) * batch
        drawn = streams.bits(self._keys, np.arange(begin, begin + batch, dtype=np.int64))
        side = 2 * self.pad + 1
        return np.stack(np.divmod(streams.below(drawn, side * side), side))

    def __call__(self, images: torch.Tensor, update: int, copy: int = 0) -> torch.Tensor:
        """Returns images [P, B, H, W, C], of any type, shifted by the draws of an update's copy."""
        if not self.pad:
            return images
        return shifted(images, self.offsets(update, copy, images.shape[1]), self.pad)


def shifted(images: torch.Tensor, offsets: np.ndarray, pad: int) -> torch.Tensor:
    """Returns crops [P, B, H, W, C] of images padded by `pad`, which begin at `offsets` [2, P, B].

    Padded are the columns alone. A row of a crop is a run of numbers of a padded row, and runs are
    selected by a table of where they begin, as `patches.unfold` does; a row above or below the
    image is its first or its last.
    """
    members, batch, height, width, channels = images.shape
    lines = images.reshape(-1, width * channels)
    left, right = lines[:, :channels], lines[:, -channels:]
    padded = torch.cat((*[left] * pad, lines, *[right] * pad), dim=1)
    run, wide = width * channels, (width + 2 * pad) * channels
    down, across = offsets.reshape(2, -1, 1)
    rows = np.clip(down + np.arange(height) - pad, 0, height - 1)
    begins = (np.arange(members * batch)[:, None] * height + rows) * wide + across * channels
    runs = padded.as_strided((padded.numel() - run + 1, run), (1, 1))
    table = torch.from_numpy(begins.reshape(-1)).to(images.device)
    return runs.index_select(0, table).view(images.shape)
