"""Samplers, pruners and totals that are refused, each with one message at its place."""

from __future__ import annotations

import pytest

from sweeper.errors import SweeperError
from tests.helpers.advised_study import CHOICES, RANGES, maker
from tests.helpers.cases import each


@pytest.fixture
def make(tmp_path):
    return maker(tmp_path)


BAD = {
    "an unknown sampler": (
        {"sampler": "tpee"},
        "sampler must be a sampler, but got 'tpee' (did you mean 'tpe'?); valid: grid, random, "
        "qmc, tpe, gp, cmaes, nsgaii",
    ),
    "an unknown pruner": (
        {"pruner": "halving"},
        "pruner must be a pruner, but got 'halving'",
    ),
    "an unknown pruner as a frozen space writes it": (
        {"pruner": {"name": "halving", "options": {}}},
        "pruner must be a pruner, but got 'halving'",
    ),
    "an unknown argument of a pruner as a frozen space writes it": (
        {"pruner": {"name": "median", "options": {"n_steps": 3}, "seeds": None}},
        "pruner.median.n_steps is an unknown argument of MedianPruner",
    ),
    "a list for a name": (
        {"sampler": {"name": ["tpe"], "options": {}}},
        "must be a sampler's name, or one name with its arguments",
    ),
    "an unknown argument": (
        {"sampler": {"tpe": {"n_startup_trails": 3}}},
        "sampler.tpe.n_startup_trails is an unknown argument of TPESampler (did you mean "
        "'n_startup_trials'?)",
    ),
    "an argument of the wrong type": (
        {"sampler": {"TPESampler": {"n_startup_trials": "many"}}},
        "sampler.tpe.n_startup_trials must be a whole number, but got 'many'",
    ),
    "an argument that Optuna refuses": (
        {"pruner": {"successivehalving": {"reduction_factor": 1}}},
        "pruner.successivehalving has arguments that Optuna refuses",
    ),
    "what Optuna would find in a worker only": (
        {"pruner": {"hyperband": {"reduction_factor": 0}}},
        "pruner.hyperband.reduction_factor must be a whole number of at least 2, but got 0",
    ),
    "a resource that no run reaches": (
        {"pruner": {"successivehalving": {"min_resource": 5}}},
        "pruner.successivehalving.min_resource must be at most 4, the steps of a run, or nothing "
        "is ever pruned, but got 5",
    ),
    "a warm-up that no run outlasts": (
        {"pruner": {"median": {"n_warmup_steps": 5}}},
        "pruner.median.n_warmup_steps must be at most 4, the steps of a run, or nothing is ever "
        "pruned, but got 5",
    ),
    "a first step that no run reaches": (
        {"pruner": {"successivehalving": {"min_resource": 1, "min_early_stopping_rate": 2}}},
        "pruner.successivehalving.min_early_stopping_rate must be less",
    ),
    "a smallest resource above the largest": (
        {"pruner": {"hyperband": {"min_resource": 3, "max_resource": 2}}},
        "pruner.hyperband.min_resource must be at most max_resource=2, but got 3",
    ),
    "seeds for a comparison run by run": (
        {"pruner": {"wilcoxon": {"seeds": 2}}},
        "pruner.wilcoxon.seeds must go: wilcoxon compares run by run",
    ),
    "a resource below one": (
        {"pruner": {"hyperband": {"max_resource": -1}}},
        "pruner.hyperband.max_resource must be a whole number of at least 1, but got -1",
    ),
    "no total": ({"trials": None}, "needs the key 'trials'"),
    "a total for a grid": (
        {"sampler": "grid", "axes": CHOICES},
        "trials must go: a grid has as many trials as it has cells",
    ),
    "a grid's key": (
        {"axes": {"lr": {"kind": "float", "low": 0.1, "high": 1, "count": 3}}},
        "axes.lr.count must go: points are counted for a grid, tpe takes the whole range",
    ),
    "a grid with arguments": ({"sampler": {"grid": {"n": 3}}}, "grid has no arguments"),
    "CMA-ES with choices only": (
        {"axes": CHOICES, "sampler": "cmaes"},
        "sampler is cmaes, which needs at least two axes that are ranges (low and high), but the "
        "space has choices only; use tpe or random instead",
    ),
    "CMA-ES with one range": (
        {"axes": {**CHOICES, "lr": RANGES["lr"]}, "sampler": "cmaes"},
        "only lr; use tpe or random instead",
    ),
    "several scores for CMA-ES": (
        {"sampler": "cmaes", "score": [{"metric": "score"}, {"metric": "cost"}]},
        "sampler is cmaes, which takes one score, but the space has 2; use nsgaii or tpe instead",
    ),
    "several scores and a pruner": (
        {"pruner": "median", "score": [{"metric": "score"}, {"metric": "cost"}]},
        "pruner must go: pruners judge one score, but the space has several",
    ),
    "more seeds than there are": (
        {"pruner": {"median": {"seeds": 3}}},
        "pruner.median.seeds must be at most 2, the seeds of the space, but got 3",
    ),
    "more trials than configurations": (
        {"axes": CHOICES, "trials": 10},
        "trials must be at most 9, the configurations that the space has, but got 10",
    ),
    "too many runs": ({"trials": 1_000_000}, "trials × tasks × seeds make 2000000 runs"),
    "two directions": (
        {"direction": "minimize", "score": [{"metric": "score", "direction": "maximize"}]},
        "direction contradicts the direction of the first score",
    ),
    "an unknown direction": (
        {"score": [{"metric": "score"}, {"metric": "cost", "direction": "down"}]},
        "score[1].direction must be one of maximize, minimize, but got 'down'",
    ),
    "two names": ({"sampler": {"tpe": {}, "gp": {}}}, "must be a sampler's name, or one name"),
    "nothing": ({"sampler": {}}, "must be a sampler's name, or one name"),
    "a list": ({"pruner": ["median"]}, "must be a pruner's name, or one name"),
    "no number of trials": ({"trials": "many"}, "trials must be a whole number of at least 1"),
    "a task as wide as no number": (
        {"tasks": {"line": {"low": -1e308, "high": 1e308}}},
        "tasks.line needs a finite high - low, but got low=-1e+308 and high=1e+308",
    ),
    "no trials": ({"trials": 0}, "trials must be a whole number of at least 1"),
    "an unknown sequence": (
        {"sampler": {"qmc": {"qmc_type": "sobel"}}},
        "qmc_type",
    ),
}


@each("case", BAD)
def test_what_is_refused(make, case):
    keys, message = BAD[case]
    with pytest.raises(SweeperError) as caught:
        make(**keys)
    assert message in str(caught.value)
    assert "s.yaml:" in str(caught.value)
