"""Studies of the trainable that saves in pieces and has weights, and the files they leave."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import yaml

from sweeper.planning.loading import load
from sweeper.space.overrides import parse_words
from sweeper.study.studies import start
from sweeper.study.study import Study

Make = Callable[..., Study]

QUICK = ("checkpoint.every_s=0.001", "fixed.pause_s=0.001")


ONE = ("seeds=1", "axes.size.values=[0.1]", "axes.width.values=[1]")


def maker(space_file: Path, tmp_path: Path) -> Make:
    """Makes studies under `tmp_path` of the space in `space_file`, with this trainable."""
    space = yaml.safe_load(space_file.read_text())
    space["agent"] = space["agent"].replace(":Counter", ":Hoarder")
    space_file.write_text(yaml.safe_dump(space, sort_keys=False))

    def make(*words: str, name: str = "hoard") -> Study:
        loaded = load(space_file, None, parse_words(words, ())[1])
        return start(tmp_path / "studies" / name, loaded)

    return make


def weights(study: Study) -> dict[str, list[float]]:
    """The trails in weights/ by their files' names."""
    found = {}
    for file in study.paths.weights.iterdir():
        with np.load(file, allow_pickle=False) as arrays:
            found[file.name] = arrays["trail"].tolist()
    return found


def files(study: Study) -> list[str]:
    """The names in checkpoints/."""
    return sorted(path.name for path in study.paths.checkpoints.iterdir())
