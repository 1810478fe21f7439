"""Spaces of the fake agent with most parameters, and what they expand to."""

from __future__ import annotations

import yaml

from sweeper.planning.configurations.expansion import Expansion
from sweeper.planning.loading import load
from sweeper.space.overrides import parse_words
from sweeper.trainable.loading import load_trainable
from tests.helpers.paths import FAKE_AGENT

RICH = f"{FAKE_AGENT}:Rich"


OPTIMIZER = {"kind": "choice", "values": ["adam", "sgd"]}


MOMENTUM = {"kind": "float", "values": [0.0, 0.9], "when": {"optimizer": "sgd"}}


EPS = {"kind": "float", "values": [1e-4, 1e-2], "when": {"optimizer": "adam"}}


UNITS = {"kind": "int", "values": [64, 96, 128]}


NORM = {"kind": "norm", "values": ["none", "group"], "groups": [8, 48]}


KEYS = {
    "study": "demo",
    "agent": RICH,
    "tasks": {"minatar/breakout": {"low": 0, "high": 1}},
    "seeds": 1,
    "steps": 100,
    "evaluation": {"every": 50, "episodes": 1},
    "score": {"metric": "return"},
}


def maker(tmp_path):
    """Makes spaces under `tmp_path`: `make(*words, **keys)`."""

    def make(*words, **keys):
        (tmp_path / "f.py").write_text("def train(config, run):\n    return 0.0\n")
        path = tmp_path / "x.yaml"
        path.write_text(yaml.safe_dump(KEYS | keys, sort_keys=False))
        return load(path, None, parse_words(words, ())[1])

    return make


def expansion(space):
    """What the space expands to, with its agent's checks."""
    return Expansion(space, load_trainable(space))


def labels(space):
    """The labels of a grid's configurations, in order."""
    return [tuple(made.labels.items()) for made in expansion(space).grid().configurations]


def params(space, *names):
    """Some parameters of a grid's configurations, in order."""
    return [
        tuple(made.params[name] for name in names)
        for made in expansion(space).grid().configurations
    ]
