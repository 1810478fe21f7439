"""A space of the fake agent and of a function, changed line by line, and what loading says."""

from __future__ import annotations

import pytest

from sweeper.errors import SweeperError
from sweeper.planning.loading import load
from sweeper.space.overrides import parse_words
from tests.helpers.paths import FAKE_AGENT as FAKE

SPACE = f"""\
study: demo
agent: {FAKE}:Fake
fixed:
  loss: huber
axes:
  network:
    kind: choice
    values:
      small: {{convs: [16], hidden: 128}}
      deep: {{convs: [16, 16], hidden: 64}}
  sn.layers: {{kind: layers, sets: [none, [-3, -2]]}}
  optimizer.lr:
    kind: float
    values: [1e-5, 1e-3]
tasks:
  minatar/breakout: {{low: 0, high: 20}}
seeds: 2
steps: 1000
evaluation: {{every: 500, episodes: 5}}
score: {{metric: return}}
direction: maximize
sampler: grid
scales:
  laptop: {{seeds: [4, 7]}}
  smoke:
    steps: 10
    evaluation.every: 5
    axes.optimizer.lr.values: [1e-4]
"""


def write(folder, text=SPACE):
    """The file of a space in `folder`."""
    path = folder / "x.yaml"
    path.write_text(text)
    return path


def loaded(folder, *words, scale=None, text=SPACE):
    """The space, changed by `key=value` words."""
    return load(write(folder, text), scale, parse_words(words, ())[1])


def edited(folder, *edits):
    """The file of the space with each old text replaced by a new one."""
    text = SPACE
    for old, new in edits:
        assert old in text, old
        text = text.replace(old, new, 1)
    return write(folder, text)


def message(path, *words, scale=None):
    """What loading is refused with: one line, its file called x.yaml."""
    with pytest.raises(SweeperError) as caught:
        load(path, scale, parse_words(words, ())[1])
    text = str(caught.value)
    assert "\n" not in text and "pydantic" not in text and "validation error" not in text
    return text.replace(str(path), "x.yaml")
