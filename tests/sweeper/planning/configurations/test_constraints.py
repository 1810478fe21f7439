"""Spaces whose parts do not go together: each refused with one whole message, at its place."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from sweeper.errors import SweeperError
from sweeper.planning.loading import load
from sweeper.space.overrides import parse_words
from tests.helpers.cases import each
from tests.helpers.paths import FAKE_AGENT

HERE = Path(__file__).parent
REFUSED = yaml.safe_load((HERE / "refused.yaml").read_text())
VALID = (
    "network.convs, network.hidden, sn.layers, optimizer.lr, optimizer.eps, loss, clip, limit, "
    "optimizer, optimizer.momentum, network.units, network.layers, norm.kind, norm.groups, "
    "asymmetry.alpha, asymmetry.beta"
)
GRAMMAR = (
    "may hold numbers, text, true, false, null, names, + - * / // % **, comparisons, in, and, or, "
    "not, if-else, lists and calls of min, max, abs, round, len, int, float, log2"
)
SPACE = f"""\
study: demo
agent: {FAKE_AGENT}:Rich
axes:
  optimizer: {{kind: choice, values: [adam, sgd]}}
  optimizer.eps: {{kind: float, values: [1e-4, 1e-2], when: {{optimizer: adam}}}}
  network.units: {{kind: int, values: [64, 96]}}
  norm: {{kind: norm, values: [none, group], groups: [8]}}
tasks: {{minatar/breakout: {{low: 0, high: 1}}}}
seeds: 1
steps: 100
evaluation: {{every: 50, episodes: 1}}
score: {{metric: return}}
"""


def complaint(folder, words):
    path = folder / "x.yaml"
    path.write_text(SPACE)
    with pytest.raises(SweeperError) as caught:
        load(path, None, parse_words(words, ())[1])
    return str(caught.value).replace(str(path), "x.yaml")


def test_the_space_itself_is_valid(tmp_path):
    (tmp_path / "x.yaml").write_text(SPACE)
    assert len(load(tmp_path / "x.yaml").axes) == 4


@each("case", REFUSED)
def test_what_is_refused(tmp_path, case):
    message = case["says"].replace("VALID", VALID).replace("GRAMMAR", GRAMMAR)
    at = case["at"]
    words = [word if len(word) <= 80 else f"{word[:79]}…" for word in case["words"]]
    where = words[at] if isinstance(at, int) else at
    if "with" in case:
        where += f" (with {', '.join(words[place] for place in case['with'])})"
    further = [f"{words[-1]}: {more}".replace("VALID", VALID) for more in case.get("also", ())]
    assert complaint(tmp_path, case["words"]).splitlines() == [f"{where}: {message}", *further]
