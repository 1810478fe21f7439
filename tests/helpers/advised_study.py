"""Studies that Optuna advises on, for tests of samplers and pruners."""

from __future__ import annotations

import yaml

from sweeper.planning.loading import load
from sweeper.space.overrides import parse_words
from sweeper.study import studies
from sweeper.study.study import Study
from sweeper.worker.worker import Worker

FUNCTION = """
import math, time

def train(config, run):
    value = 0.0
    for step in range(1, run.steps + 1):
        value = -((math.log10(config["lr"]) + 3) ** 2) - abs(config["size"] - 5) + run.seed / 100
        run.report(step, score=value + step / 100, cost=config["size"] + run.seed)
        time.sleep(PAUSE)
    return value
"""

RANGES = {
    "lr": {"kind": "float", "low": 1e-5, "high": 1.0, "log": True},
    "size": {"kind": "float", "low": 1.0, "high": 9.0},
}
CHOICES = {
    "lr": {"kind": "float", "values": [1e-4, 1e-3, 1e-2]},
    "size": {"kind": "choice", "values": [1, 3, 5]},
}


def maker(tmp_path):
    """Makes studies under `tmp_path`: `make(*words, name=, pause=, axes=, extend=, **keys)`."""

    def make(*words, name="study", pause=0.0, axes=RANGES, extend=False, **keys):
        (tmp_path / "f.py").write_text(FUNCTION.replace("PAUSE", str(pause)))
        space = {
            "study": "advised",
            "function": "f.py:train",
            "axes": axes,
            "tasks": {"line": {"low": -10.0, "high": 0.0}},
            "seeds": 2,
            "steps": 4,
            "score": {"metric": "score"},
            "sampler": {"tpe": {"n_startup_trials": 3}},
            "trials": 8,
            "figures": [],
        } | keys
        if space["trials"] is None:
            del space["trials"]
        (tmp_path / "s.yaml").write_text(yaml.safe_dump(space, sort_keys=False))
        loaded = load(tmp_path / "s.yaml", None, parse_words(words, ())[1])
        return studies.start(tmp_path / "studies" / name, loaded, extend=extend)

    return make


def work(started, pack="auto"):
    """One worker until the study has ended; returns the study as anybody would open it."""
    Worker(Study.open(started.folder), pack=pack, device="cpu", workers=1).run()
    return Study.open(started.folder)
