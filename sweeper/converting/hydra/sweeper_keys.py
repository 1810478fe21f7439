"""What Hydra's sweepers are told, as sampler, trials, direction and scores of a space."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sweeper.converting.draft import Draft
from sweeper.errors import Invalid, habit, shown
from sweeper.space.samplers import SAMPLERS, sampler_rule

_TRIALS = ("n_trials", "ax_config.max_trials", "optim.budget", "max_trials")
_N_TRIALS = 20
"""How many trials the Optuna sweeper does where nobody says."""

_NO_PLACE = {
    "n_jobs": "workers= of `sweeper run` says how many runs go at once",
    "max_batch_size": "workers= of `sweeper run` says how many runs go at once",
    "ax_config.max_batch_size": "workers= of `sweeper run` says how many runs go at once",
    "optim.num_workers": "workers= of `sweeper run` says how many runs go at once",
    "storage": "`sweeper optuna storage=` writes the study into any storage",
    "max_failure_rate": "limits.same_failure says how many runs may fail",
    "custom_search_space": "axes with a when, derived and constraints say what its code does",
}
_DIRECTIONS = ("direction", "optim.maximize", "ax_config.experiment.minimize")
_BETTER = "nothing says which values are better"
_OF_HYDRA = ("_target_", "_convert_", "_partial_", "_recursive_", "hydra/sweeper")


def flat(settings: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    """The keys below `hydra.sweeper`, by dotted name."""
    found: dict[str, Any] = {}
    for key, value in settings.items():
        if isinstance(value, dict) and key not in ("search_space", "params"):
            found |= flat(value, f"{above}{key}.")
        else:
            found[f"{above}{key}"] = value
    return found


def is_optuna(keys: Mapping[str, Any]) -> bool:
    """Whether the sweeper is that of Optuna."""
    if "hydra/sweeper" in keys or "_target_" in keys:
        return "optuna" in f"{keys.get('hydra/sweeper')} {keys.get('_target_')}".lower()
    return bool({"n_trials", "sampler._target_", "hydra/sweeper/sampler"} & set(keys))


def convert(draft: Draft, keys: Mapping[str, Any], *, drawn: bool) -> None:
    """Sets score, direction, sampler and trials; with `drawn` an axis is an interval."""
    _search_space(draft, keys.get("search_space"))
    _scored(draft, keys)
    _sampled(draft, keys, drawn)
    known = (*_TRIALS, "search_space", *_DIRECTIONS)
    for key, value in keys.items():
        last = key.rpartition(".")[2]
        if key in known or last in _OF_HYDRA or key.startswith(("sampler", "hydra/")):
            continue
        said = _NO_PLACE.get(key, "has no place in a space")
        if value is not None:
            draft.lose(f"hydra.sweeper.{key}", said)


def _scored(draft: Draft, keys: Mapping[str, Any]) -> None:
    """One score, or one for each direction."""
    given = keys.get("direction")
    if "optim.maximize" in keys:
        given = "maximize" if keys["optim.maximize"] else "minimize"
    if "ax_config.experiment.minimize" in keys:
        given = "minimize" if keys["ax_config.experiment.minimize"] else "maximize"
    if isinstance(given, str) and given.startswith("["):
        given = [one.strip() for one in given.strip("[]").split(",")]
    directions = given if isinstance(given, list) else [given]
    if given is None and is_optuna(keys):
        directions = ["minimize"]
    elif given is None:
        draft.lose("direction", f"{_BETTER}: maximize was put in (direction=minimize)")
        directions = ["maximize"]
    for one in directions:
        if one not in ("minimize", "maximize"):
            rule = f"must be minimize or maximize, but got {shown(one)}"
            raise Invalid(rule, ("hydra", "sweeper", "direction"))
    scored(draft, [str(one) for one in directions], [])


def scored(draft: Draft, directions: list[str], names: list[str], remark: str = "") -> None:
    """Sets the scores of a program or function: `value`, or one metric for each direction."""
    several = len(directions) > 1
    called = names or [f"value_{n}" if several else "value" for n in range(1, len(directions) + 1)]
    said = ", ".join(f"{name}=…" for name in called)
    if not names:
        words = [] if several else ["score.metric=NAME"]
        draft.put_in("score.metric", " and ".join(called), *words or ["score=…"])
    remark = remark or f"what the program reports: sweeper.report(step, {said})"
    rules = [{"metric": name, "at": "final", "aggregate": "mean"} for name in called]
    if several:
        others = [rule | {"direction": way} for rule, way in zip(rules, directions, strict=True)]
        draft.set("score", [rules[0], *others[1:]], remark)
    else:
        draft.set("score", rules[0], remark)
    draft.set("direction", directions[0])


def _sampled(draft: Draft, keys: Mapping[str, Any], drawn: bool) -> None:
    """The sampler with its arguments, and how many trials it plans."""
    sweeper = keys.get("hydra/sweeper")
    options = {key[8:]: keys[key] for key in keys if key.startswith("sampler.")}
    options = {key: value for key, value in options.items() if key not in _OF_HYDRA}
    target = keys.get("sampler._target_") or keys.get("hydra/sweeper/sampler")
    name = str(target or "tpe").rpartition(".")[2].lower().removesuffix("sampler")
    if name not in SAMPLERS:
        found = habit(name, SAMPLERS) or "tpe"
        draft.lose("hydra.sweeper.sampler", f"{shown(name)} is no sampler here: {found} chooses")
        name = found
    learns = is_optuna(keys)
    if not learns and sweeper not in (None, "basic"):
        draft.lose("hydra/sweeper", f"{shown(sweeper)}: Optuna's tpe chooses here")
        learns = True
    if not learns and drawn:
        draft.lose("hydra/sweeper", "intervals are drawn from: sampler: random was put in")
        name = "random"
    number = next((keys[key] for key in _TRIALS if keys.get(key) is not None), None)
    if not draft.keys.get("axes") or name == "grid" or not (learns or drawn):
        draft.gridded()
        if number is not None:
            draft.lose("hydra.sweeper.n_trials", f"{shown(number)}: a grid is trained whole")
        return
    draft.set("sampler", _with(draft, name, options))
    if number is None and learns and sweeper in (None, "optuna"):
        number = _N_TRIALS
    draft.trials(number, "hydra.sweeper.n_trials")


def _with(draft: Draft, name: str, options: Mapping[str, Any]) -> Any:
    """The sampler with those arguments that a space can give it."""
    held: dict[str, Any] = {}
    for key, value in options.items():
        try:
            sampler_rule({name: {**held, key: value}})
            held |= {key: value} if value is not None else {}
        except Invalid as error:
            if value is not None:
                draft.lose(f"hydra.sweeper.sampler.{key}", error.message)
    return {name: held} if held else name


def _search_space(draft: Draft, given: Any) -> None:
    """The older `search_space` of the Optuna sweeper."""
    if given is None:
        return
    if not isinstance(given, dict):
        raise Invalid("must be a mapping", ("hydra", "sweeper", "search_space"))
    for name, one in given.items():
        place = ("hydra", "sweeper", "search_space", name)
        kind = one.get("type") if isinstance(one, dict) else None
        if kind == "categorical" and isinstance(one.get("choices"), list) and one["choices"]:
            draft.values(name, one["choices"])
        elif kind in ("int", "float") and {"low", "high"} <= set(one):
            keys = {"kind": kind, "low": one["low"], "high": one["high"]}
            keys |= {"log": True} if one.get("log") else {}
            keys |= {"step": one["step"]} if one.get("step") else {}
            draft.range(name, keys)
        else:
            rule = "must have type: categorical, int or float, with choices or low and high"
            raise Invalid(rule, place)
        draft.keys["command"].append(f"{name}={{{draft.names[name]}}}")
