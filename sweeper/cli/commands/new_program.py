"""The file of a function or a program that `sweeper new` begins."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

_FUNCTION = '''\
"""What is trained: put your training in the place of the loop's body."""

from random import Random


def {name}(config, run):
    """One run: `config` holds its parameters, `run` its seed, its steps and where to report."""
    random = Random(run.seed)
    value = 0.0
    for step in range(1, run.steps + 1):
        value += random.gauss(0, 1) / run.steps  # {first}
        run.report(step, value=value)
    return value
'''

_PROGRAM = '''\
"""What is trained: put your training in the place of the loop's body."""

import argparse
from random import Random

import sweeper

words = argparse.ArgumentParser()
words.add_argument("--seed", type=int, default=0)
words.add_argument("--steps", type=int, default=100)
{words}
args = vars(words.parse_args())

random = Random(args["seed"])
value = 0.0
for step in range(1, args["steps"] + 1):
    value += random.gauss(0, 1) / args["steps"]  # {first}
    sweeper.report(step, value=value)
'''


def beside(keys: Mapping[str, Any], folder: Path) -> dict[Path, str]:
    """The file of the function or program, where there is none, and its text."""
    first = next(iter(keys["axes"]), None)
    if "function" in keys:
        path, _, name = keys["function"].rpartition(":")
        hint = f'your step, with config["{first}"]' if first else "your step"
        written = _FUNCTION.format(name=name, first=hint)
    elif "command" in keys:
        path = keys["command"][1]
        kinds = ((name, _type(axis)) for name, axis in keys["axes"].items())
        words = "\n".join(f'words.add_argument("--{name}"{kind})' for name, kind in kinds)
        hint = f'your step, with args["{first}"]' if first else "your step"
        written = _PROGRAM.format(words=words, first=hint).replace("\n\nargs", "\nargs")
    else:
        return {}
    file = folder / path
    return {} if file.exists() else {file: written}


def _type(axis: Mapping[str, Any]) -> str:
    return {"float": ", type=float", "int": ", type=int"}.get(axis["kind"], "")
