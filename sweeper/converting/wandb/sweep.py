"""A W&B sweep's file as a space."""

from __future__ import annotations

import math
from collections.abc import Mapping
from keyword import iskeyword
from pathlib import Path
from typing import Any

from sweeper.converting import runs
from sweeper.converting.draft import Draft
from sweeper.converting.wandb import command, parameters
from sweeper.errors import Invalid, Mistakes, choices, did_you_mean, habit, shown
from sweeper.schema.rules import number
from sweeper.space.samplers import SAMPLERS

_METHODS = {name: habit(name, SAMPLERS) or name for name in ("grid", "random", "bayes")}
_KEYS = (
    *("program", "command", "parameters", "method", "metric", "early_terminate", "run_cap"),
    *("name", "description", "project", "entity", "version", "controller"),
)
_GOALS = ("minimize", "maximize")
_OF_METRIC = ("name", "goal", "target", "impute", "impute_while_running")
_NO_PLACE = {
    "project": "`sweeper sync` takes a project's name where it sends runs",
    "entity": "`sweeper sync` takes an entity's name where it sends runs",
    "version": "there is one version of the space language",
    "controller": "`sweeper run` controls the study",
}
_STEPS = 100
"""Steps of a run where the sweep says nothing of them."""


def is_one(data: Mapping[str, Any]) -> bool:
    """Whether a YAML file's data are those of a sweep."""
    return "parameters" in data and bool({"method", "program", "metric", "command"} & set(data))


def convert(data: Mapping[str, Any], file: Path) -> Draft:
    """The space that says what the sweep in `file` says; raises `Invalid`."""
    draft, mistakes = Draft(f"{file.name}, a W&B sweep"), Mistakes()
    draft.study(data.get("name"), file.stem)
    for key in data:
        if key in _NO_PLACE:
            draft.lose(key, f"has no place in a space: {_NO_PLACE[key]}")
        elif key not in _KEYS:
            draft.lose(key, f"is no key that W&B documents{choices(key, _KEYS)}")
    method, paths = _method(data, mistakes), list[tuple[str, ...]]()
    if isinstance(data.get("description"), str) and data["description"].strip():
        draft.set("note", " ".join(data["description"].split()))
    with mistakes.under("parameters"):
        paths = parameters.convert(draft, data.get("parameters"), method)
    mistakes.check()
    draft.set("command", command.convert(draft, data.get("program"), data.get("command"), paths))
    _scored(draft, data.get("metric"))
    _chosen(draft, data, method)
    _pruned(draft, data.get("early_terminate"))
    task = Path(str(data.get("program", file.stem))).stem or "train"
    runs.add(draft, task, draft.keys.get("steps"), "--seed={seed}")
    return draft


def _method(data: Mapping[str, Any], mistakes: Mistakes) -> str:
    method = data.get("method")
    if isinstance(method, str) and method in _METHODS:
        return method
    rule = "is needed: grid, random or bayes"
    if method is not None:
        near = did_you_mean(str(method), _METHODS)
        rule = f"must be grid, random or bayes, but got {shown(method)}{near}"
    mistakes.add(Invalid(rule, ("method",)))
    return "grid"


def _scored(draft: Draft, metric: Any) -> None:
    """The score: the metric that the sweep optimises."""
    if metric is not None and not isinstance(metric, dict):
        rule = f"must be a mapping with name and goal, but got {shown(metric)}"
        raise Invalid(rule, ("metric",))
    given = dict(metric or {})
    name, goal = given.pop("name", None), given.pop("goal", "minimize")
    if goal not in _GOALS:
        near = did_you_mean(str(goal), _GOALS)
        rule = f"must be minimize or maximize, but got {shown(goal)}{near}"
        raise Invalid(rule, ("metric", "goal"))
    if name is None:
        draft.lose("metric", "is not there: score: {metric: loss} was put in its place")
    for key in given:
        if key == "target":
            what = "has no place in a space: no value of the metric ends a study"
        elif key in _OF_METRIC:
            what = "has no place in a space: a run without the metric has no score"
        else:
            what = f"is no key that W&B documents{choices(key, _OF_METRIC)}"
        draft.lose(f"metric.{key}", what)
    name = "loss" if name is None else str(name)
    arguments = f"{name}=…" if name.isidentifier() and not iskeyword(name) else f'**{{"{name}": …}}'
    remark = f"the program reports it: sweeper.report(step, {arguments})"
    draft.set("score", {"metric": name, "at": "final", "aggregate": "mean"}, remark)
    draft.set("direction", goal)
    if "goal" not in (metric or {}):
        draft.put_in("direction", "minimize, as W&B does", "direction=maximize")


def _chosen(draft: Draft, data: Mapping[str, Any], method: str) -> None:
    """The sampler, and how many trials it plans."""
    cap = data.get("run_cap")
    if method == "grid" or not draft.keys.get("axes"):
        draft.gridded()
        if method != "grid":
            draft.lose("method", f"{method} has nothing to draw: there is one configuration")
        if cap is not None:
            draft.lose("run_cap", f"{shown(cap)}: a grid is trained whole")
        return
    if method == "bayes":
        said = "is Optuna's tpe here; sampler: gp learns by a Gaussian process, as W&B does"
        draft.lose("method", f"bayes {said}")
    draft.set("sampler", _METHODS[method])
    draft.trials(cap, "run_cap")


def _pruned(draft: Draft, given: Any) -> None:
    """The pruner: W&B has Hyperband alone."""
    if given is None:
        return
    if not isinstance(given, dict) or given.get("type") != "hyperband":
        kind = given.get("type", given) if isinstance(given, dict) else given
        near = did_you_mean(str(kind), ["hyperband"])
        rule = f"must be a mapping with type: hyperband, but got {shown(given)}{near}"
        raise Invalid(rule, ("early_terminate",))
    found = {}
    for key in ("min_iter", "max_iter", "s", "eta"):
        if key in given:
            try:
                found[key] = number(given[key])
            except Invalid as error:
                raise error.under("early_terminate", key) from None
    eta = max(2, round(found.get("eta", 3)))
    least, most = found.get("min_iter"), found.get("max_iter")
    if least is None and most is not None:
        least = most / eta ** found.get("s", math.log(max(most, 1), eta))
    options = {"min_resource": max(1, round(least or 1)), "reduction_factor": eta}
    longest = max(round(most or 0), options["min_resource"] * eta)
    if most is not None:
        options["max_resource"] = longest
    draft.set("pruner", {"hyperband": options}, "counts the steps that the program reports")
    draft.set("steps", longest if most is not None else max(_STEPS, longest))
    for key in (key for key in given if key not in ("type", "min_iter", "max_iter", "eta", "s")):
        near = did_you_mean(key, ["min_iter", "max_iter", "eta"])
        draft.lose(f"early_terminate.{key}", f"has no place in Optuna's Hyperband{near}")
    what = "counts logged values of the metric, the pruner here counts steps that are reported"
    draft.lose("early_terminate", what)
