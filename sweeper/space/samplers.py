"""Samplers and pruners of a space, the classes of Optuna that they are, and their arguments.

`grid`, `random` and `qmc` are planned once, as pure functions of the space; the others, and those
of one's own, are asked trial by trial (`sweeper.study.sampling.advisor`). Optuna is imported only
where one of its arguments is given.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from sweeper.errors import Invalid, Mistakes, choices, shown
from sweeper.lookup import is_file
from sweeper.schema.base_model import Section
from sweeper.schema.rules import (
    Text,
    accepts,
    each_of,
    flag,
    mapping,
    nullable,
    number,
    text,
    whole,
    with_calls,
)

SAMPLERS = {
    "grid": "",
    "random": "RandomSampler",
    "qmc": "QMCSampler",
    "tpe": "TPESampler",
    "gp": "GPSampler",
    "cmaes": "CmaEsSampler",
    "nsgaii": "NSGAIISampler",
}
"""Samplers and the classes of Optuna that they are."""

ADAPTIVE = ("tpe", "gp", "cmaes", "nsgaii")
"""Samplers that learn from results."""

CONSTRAINED = ("tpe", "gp", "nsgaii")
"""Samplers that keep to the constraints of a score."""

PRUNERS = {
    "median": "MedianPruner",
    "successivehalving": "SuccessiveHalvingPruner",
    "hyperband": "HyperbandPruner",
    "wilcoxon": "WilcoxonPruner",
}
"""Pruners and the classes of Optuna that they are."""


_OURS = ("seeds", "promote")
"""The arguments of pruners that are ours, not Optuna's."""

_RULES: dict[str, Callable[[Any], Any]] = {
    "int": whole(),
    "float": lambda value: float(number(value)),
    "bool": flag,
    "str": text,
}


class Sampler(Section):
    """How trials are chosen: `grid`, or a sampler of Optuna's, or of one's own, with arguments."""

    name: Text
    """One of `SAMPLERS`, or `path/file.py:Name`."""
    options: dict[str, Any] = {}  # noqa: RUF012 (pydantic copies it)

    @property
    def seed(self) -> int:
        """The seed of all that is drawn at random."""
        return int(self.options.get("seed", 0))

    @property
    def own(self) -> bool:
        """Whether it is a class in a file of the user's own."""
        return is_file(self.name)

    @property
    def learns(self) -> bool:
        """Whether it is asked trial by trial, as results come in."""
        return self.name in ADAPTIVE or self.own

    @property
    def told(self) -> str:
        """Its name, without the folder of a file."""
        path, _, name = self.name.rpartition(":")
        return f"{Path(path).name}:{name}" if self.own else self.name


class Pruner(Section):
    """Which trials end early: a pruner of Optuna's with its arguments, and `seeds`.

    Numbers of its arguments count environment steps of a run, as `steps` does, and not reports. A
    trial is judged once at each step, by its runs on all tasks under as many of its first seeds as
    have come there, at least `seeds` (default: 1), beside the same runs of other trials.
    """

    name: Text
    options: dict[str, Any] = {}  # noqa: RUF012 (pydantic copies it)
    seeds: int | None = None
    promote: bool = False
    """Whether trials pause where others would be pruned, and go on once they are good enough."""


@accepts({"$ref": "#/definitions/sampler"})
def sampler_rule(value: Any) -> Any:
    """`tpe`, `TPESampler`, `{tpe: {n_startup_trials: 20, seed: 1}}`, or `path/file.py:Name` of
    one's own in the place of a name.
    """
    name, options = _named(value, SAMPLERS, "Sampler", "a sampler")
    if is_file(name):
        return {"name": name, "options": _own_arguments(name, options)}
    if name == "grid" and options:
        key = next(iter(options))
        raise Invalid("must go: grid has no arguments", ("grid", key))
    return {"name": name, "options": _arguments("samplers", SAMPLERS[name], name, options)}


@accepts({"$ref": "#/definitions/pruner"})
def pruner_rule(value: Any) -> Any:
    """`median`, `MedianPruner`, or `{median: {n_warmup_steps: 1000, seeds: 2}}`."""
    if _frozen(value):
        more = {key: value.get(key) for key in _OURS}
        value = {value["name"]: {**mapping(value["options"]), **more}}
    name, options = _named(value, PRUNERS, "Pruner", "a pruner")
    options = dict(options)
    seeds, promote = (options.pop(key, None) for key in _OURS)
    mistakes = Mistakes()
    arguments: dict[str, Any] = {}
    with mistakes.under(name, "promote"):
        promote = promote is not None and flag(promote)
        if promote and name != "successivehalving":
            raise Invalid(f"must go: successivehalving alone promotes trials, {name} does not")
    if promote and "bootstrap_count" in options:
        rule = "must go: trials that pause are not lost, and go on when enough have come as far"
        mistakes.add(Invalid(rule, (name, "bootstrap_count")))
    with mistakes.under(name, "seeds"):
        seeds = None if seeds is None else whole(1)(seeds)
    with mistakes.under():
        arguments = _arguments("pruners", PRUNERS[name], name, options, _OURS)
    mistakes.check()
    return {"name": name, "options": arguments, "seeds": seeds, "promote": promote}


def constructor(module: str, name: str) -> Any:
    """The class of Optuna's that is called `name` in its module `samplers` or `pruners`."""
    import importlib

    return getattr(importlib.import_module(f"optuna.{module}"), name)


def _named(
    value: Any, known: Mapping[str, str], suffix: str, what: str
) -> tuple[str, dict[str, Any]]:
    if _frozen(value) and "seeds" not in value:
        value = {value["name"]: value["options"]}
    if isinstance(value, dict) and len(value) == 1:
        ((given, options),) = value.items()
    else:
        given, options = value, {}
    if not isinstance(given, str):
        raise Invalid(
            f"must be {what}'s name, or one name with its arguments, like "
            f"{{{list(known)[-1]}: {{…}}}}, but got {shown(value)}"
        )
    name = given.lower().removesuffix(suffix.lower())
    if known is SAMPLERS and is_file(given):
        name = given
    elif name not in known:
        listed = choices(name, known)
        raise Invalid(f"must be {what}, but got {shown(given)}{listed}")
    try:
        return name, mapping(options)
    except Invalid as error:
        raise error.under(given) from None


def _own_arguments(name: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of a sampler of one's own: plain values, and a seed that is a whole number."""
    mistakes, found = Mistakes(), dict[str, Any]()
    with mistakes.under(name):
        found = each_of(lambda value: with_calls(nullable, value), options)
    with mistakes.under(name, "seed"):
        found |= {"seed": whole(0)(found["seed"])} if "seed" in found else {}
    mistakes.check()
    return found


def _frozen(value: Any) -> bool:
    """Whether a sampler or a pruner is written as `Space.dump` writes it."""
    keys = set(value) if isinstance(value, dict) else set()
    return {"name", "options"} <= keys <= {"name", "options", *_OURS} and isinstance(
        value["name"], str
    )


def _arguments(
    module: str, found: str, name: str, options: dict[str, Any], more: tuple[str, ...] = ()
) -> dict[str, Any]:
    """`options` as arguments of the class `found`; those that are plain values can be given."""
    if not options:
        return {}
    valid = _plain(constructor(module, found))
    checked, mistakes = {}, Mistakes()
    for key, value in options.items():
        if value is None:
            continue
        with mistakes.under(name, key):
            if key not in valid:
                known = choices(key, [*valid, *more])
                raise Invalid(f"is an unknown argument of {found}{known}")
            checked[key] = _plainly(value, valid[key])
    mistakes.check()
    return _tried(module, found, name, checked)


def _plain(function: Any) -> dict[str, list[str]]:
    """The arguments of a constructor that are numbers, flags or text, with what they may be."""
    found = {}
    for key, parameter in inspect.signature(function.__init__).parameters.items():
        annotation = parameter.annotation
        kinds = getattr(annotation, "__name__", str(annotation)).replace(" ", "").split("|")
        kinds = [kind for kind in kinds if kind in _RULES]
        if kinds:
            found[key] = sorted(kinds, key=list(_RULES).index)
    return found


def _plainly(value: Any, kinds: list[str]) -> Any:
    for kind in kinds:
        try:
            return _RULES[kind](value)
        except Invalid as error:
            last = error
    raise last


def _tried(module: str, found: str, name: str, options: dict[str, Any]) -> dict[str, Any]:
    """The options; raises `Invalid` where the class of Optuna's refuses them."""
    import warnings

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            constructor(module, found)(**options)
    except ImportError as error:
        raise Invalid(f"needs a package that is not installed: {error}") from error
    except (ValueError, TypeError) as error:
        raise Invalid(f"has arguments that Optuna refuses: {error}", (name,)) from error
    return options
