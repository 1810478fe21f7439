"""The small spaces that `chaos.py` sweeps, and the functions that they train."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from sweeper.planning.loading import load
from sweeper.space.overrides import parse_words
from sweeper.space.space import Space
from sweeper.study import studies
from sweeper.study.study import Study

_ROOT = Path(__file__).parents[2]

TRAIN = """
import json, math, os, random, time
from pathlib import Path

def train(config, run):
    value = config["x"] + 0.1 * run.seed
    for step in range(1, run.steps + 1):
        time.sleep(0.004)
        value = math.fmod(3.7 * value + 0.1, 1.0)
        run.report(step, loss=value)
    return value

def stateful(config, run):
    file = run.folder / "state.json"
    step, value = json.loads(file.read_text()) if file.exists() else (0, config["x"] + run.seed)
    while step < run.steps:
        time.sleep(0.004)
        step, value = step + 1, math.fmod(3.7 * value + 0.1, 1.0)
        run.report(step, loss=value)
        (run.folder / "new").write_text(json.dumps([step, value]))
        os.replace(run.folder / "new", file)
    return value

def searched(config, run):
    for step in range(1, run.steps + 1):
        time.sleep(0.004)
        run.report(step, loss=-((math.log10(config["lr"]) + 2) ** 2) - config["size"] / step)
    return -((math.log10(config["lr"]) + 2) ** 2) - config["size"] / 10

def raced(config, run):
    noise = random.Random(f"{config['x']} {run.seed}").gauss(0, 0.02)
    for step in range(1, run.steps + 1):
        time.sleep(0.004)
        run.report(step, loss=noise / step)
    return noise + (0.5 if config["x"] < 0.3 else 0.1)

def broken(config, run):
    if run.seed == 0 and (Path(__file__).parent / "broken").exists():
        raise RuntimeError("this one is broken")
    return train(config, run)
"""

_BASE: dict[str, Any] = {
    "study": "chaos",
    "tasks": {"line": {"low": 0.0, "high": 1.0}},
    "seeds": 5,
    "steps": 5,
    "score": {"metric": "value"},
    # Forced kills hit single runs more often than a cluster ever would.
    "figures": [],
    "limits": {"deaths": 100_000, "failures": 3},
}
_SEARCH = {
    "lr": {"kind": "float", "low": 1e-5, "high": 1.0, "log": True},
    "size": {"kind": "choice", "values": [1, 2, 3]},
}

GRID = {
    "function": "train.py:train",
    "axes": {"x": {"kind": "float", "values": [0.1, 0.2, 0.3, 0.4]}},
}
FIGURES = [{"sensitivity": {"x": "x"}}]
SEARCH = {"function": "train.py:searched", "axes": _SEARCH, "seeds": 1, "trials": 16, "steps": 4}
TPE = {"sampler": {"tpe": {"n_startup_trials": 4}}}
PRUNER = {
    "pruner": {"successivehalving": {"min_resource": 1, "reduction_factor": 2}},
    "score": {"metric": "loss"},
}

RUNGS = {"function": "train.py:raced", "seeds": {"tune": [2, 4, 7]}}
MORE_RUNGS = {
    **RUNGS,
    "axes": {"x": {"kind": "float", "values": [0.1, 0.2, 0.3, 0.4, 0.5]}},
    "seeds": {"tune": [2, 4, 7, 9]},
}

PROMOTION = {
    "pruner": {"successivehalving": {"min_resource": 1, "reduction_factor": 2, "promote": True}},
    "score": {"metric": "loss"},
}

HOARD: dict[str, Any] = {
    "agent": f"{_ROOT}/tests/helpers/counter_agent.py:Hoarder",
    "fixed": {"pause_s": 0.001},
    "axes": {"size": {"kind": "float", "values": [0.1, 0.2, 0.3, 0.4]}},
    "tasks": {"line": {"low": 0.0, "high": 2.0}},
    "steps": 120,
    "evaluation": {"every": 20, "episodes": 1},
    "checkpoint": {"every_s": 0.01, "keep": "best"},
}
"""An agent that trains nothing, but saves segments and has weights, in packs of four."""

DQN_WORDS = (
    *("axes.sn.layers.sets=[none]", "axes.optimizer.lr.values=[2.5e-4,1e-3]", "steps=2400"),
    *(
        "axes.optimizer.eps.values=[3.125e-4,1e-2]",
        "evaluation={every: 600, episodes: 2, cap: 300}",
    ),
    *("fixed.replay.capacity=1500", "fixed.warmup_steps=200", "seeds=4", "figures=[]"),
    *("checkpoint.every_s=0.05", "checkpoint.keep=best", "limits.deaths=100000"),
)


def make(root: Path, name: str, *parts: dict[str, Any]) -> Study:
    """Starts the study `name` of a space made of `parts`."""
    return studies.start(root / "studies" / name, space(root, name, *parts))


def extend(root: Path, name: str, *parts: dict[str, Any]) -> Study:
    """Extends the study `name` to what a space of `parts` asks for."""
    return studies.start(root / "studies" / name, space(root, name, *parts), extend=True)


def space(root: Path, name: str, *parts: dict[str, Any]) -> Space:
    """A space made of `parts`, written to `<name>.yaml`, with its functions beside it."""
    (root / "train.py").write_text(TRAIN)
    keys = dict(_BASE)
    for part in parts:
        keys |= part
    (root / f"{name}.yaml").write_text(yaml.safe_dump(keys, sort_keys=False))
    return load(root / f"{name}.yaml")


def make_dqn(root: Path, name: str) -> Study:
    """Starts a study of four small networks that learn a game under four seeds."""
    words = parse_words(DQN_WORDS, ())[1]
    shipped = load(_ROOT / "spaces" / "minatar_adam_sn.yaml", "laptop", words)
    return studies.start(root / "studies" / name, shipped)
