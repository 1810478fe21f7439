"""An Optuna study as a space: the distributions that its trials drew from, and its directions."""

from __future__ import annotations

import json
import math
import sqlite3
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sweeper.converting import runs
from sweeper.converting.draft import Draft
from sweeper.converting.hydra.sweeper_keys import scored
from sweeper.errors import SweeperError, choices, cut, reason, shown
from sweeper.text import brief, counted

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.storages import BaseStorage
    from optuna.study import Study
    from optuna.trial import FrozenTrial

_SQLITE = b"SQLite format 3\x00"
_MOST_STUDIES = 20


def is_one(source: str) -> bool:
    """Whether `source` is the URL of a storage, or the file of one."""
    if "://" in source:
        return True
    try:
        with Path(source).open("rb") as file:
            begin = file.read(4096)
    except (OSError, ValueError):
        return False
    return begin.startswith(_SQLITE) or _is_journal(begin)


def convert(source: str, name: str | None, program: str | None) -> Draft:
    """The space of the study `name` in a storage, or of the only one there."""
    with _quiet(), _storage(source) as storage:
        study = _found(storage, source, name)
        return _converted(study, cut(source), program)


def _is_journal(begin: bytes) -> bool:
    try:
        return "op_code" in json.loads(begin.split(b"\n", 1)[0])
    except (ValueError, TypeError):
        return False


@contextmanager
def _quiet() -> Iterator[None]:
    """Optuna says nothing of what is experimental, and logs nothing."""
    import optuna

    level = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        optuna.logging.set_verbosity(level)


@contextmanager
def _storage(source: str) -> Iterator[BaseStorage]:
    """The storage, which is only read; raises `SweeperError` where there is none."""
    from optuna.storages import JournalStorage, RDBStorage
    from optuna.storages.journal import JournalFileBackend

    url = source
    if "://" not in source:
        with Path(source).open("rb") as file:
            if file.read(len(_SQLITE)) != _SQLITE:
                yield _opened(source, lambda: JournalStorage(JournalFileBackend(source)))
                return
        url = f"sqlite:///{source}"
    options: dict[str, Any] = {}
    if url.startswith("sqlite:///"):
        uri, url = _read_only(url), "sqlite:///read-only"
        options["creator"] = lambda: sqlite3.connect(uri, uri=True, check_same_thread=False)
    storage = _opened(source, lambda: RDBStorage(url, options, skip_table_creation=True))
    try:
        yield storage
    finally:
        storage.remove_session()
        storage.engine.dispose()


def _read_only(url: str) -> str:
    """The URI by which SQLite reads the file of `url` and writes nothing.

    Raises `SweeperError` where it is no storage.
    """
    path = Path(url.removeprefix("sqlite:///").partition("?")[0])
    if not path.is_file():
        near = choices(path.name, sorted(one.name for one in path.parent.glob("*.db")))
        raise SweeperError(f"{cut(url)}: there is no such file{near}")
    uri = f"{path.resolve().as_uri()}?mode=ro"
    try:
        with closing(sqlite3.connect(uri, uri=True)) as base:
            tables = {row[0] for row in base.execute("select name from sqlite_master")}
    except sqlite3.Error as error:
        raise SweeperError(f"{cut(url)} cannot be read: {error}") from error
    if not {"studies", "trials", "version_info"} <= tables:
        raise SweeperError(f"{cut(url)} is no storage of Optuna's: it has no table of studies")
    return uri


def _opened(source: str, make: Any) -> Any:
    try:
        return make()
    except ImportError as error:
        raise SweeperError(
            f"{cut(source)} needs a package that is not installed: {error}"
        ) from error
    except Exception as error:
        raise SweeperError(f"{cut(source)} cannot be opened: {cut(reason(error), 300)}") from error


def _found(storage: BaseStorage, source: str, name: str | None) -> Study:
    import optuna

    try:
        names = [one.study_name for one in storage.get_all_studies()]
    except Exception as error:
        raise SweeperError(f"{cut(source)} cannot be read: {cut(reason(error), 300)}") from error
    if not names:
        raise SweeperError(f"{cut(source)} holds no study")
    if name is None and len(names) > 1:
        listed = ", ".join(map(cut, names[:_MOST_STUDIES]))
        raise SweeperError(f"study= is needed, as {cut(source)} holds {len(names)}: {listed}")
    if name is not None and name not in names:
        raise SweeperError(f"{cut(source)} has no study {shown(name)}{choices(name, names)}")
    return optuna.load_study(study_name=name or names[0], storage=storage)


def _converted(study: Study, source: str, program: str | None) -> Draft:
    from optuna.trial import TrialState

    draft = Draft(f"the Optuna study {shown(study.study_name)} in {source}")
    draft.study(study.study_name)
    trials = study.get_trials(deepcopy=False)
    seen: dict[str, list[BaseDistribution]] = {}
    for trial in trials:
        for name, distribution in trial.distributions.items():
            seen.setdefault(name, []).append(distribution)
    if not seen:
        raise SweeperError(f"{draft.source} has no trial with a parameter: nothing is known of it")
    for name, found in seen.items():
        _axis(draft, name, found)
    drawn = [trial for trial in trials if trial.distributions]
    for name in seen:
        _condition(draft, name, drawn)
    remark = 'config["lr"] for trial.suggest_float("lr", …)'
    draft.set("function", program or "train.py:train", remark)
    directions = [one.name.lower() for one in study.directions]
    if "not_set" in directions:
        draft.lose("directions", "are not set: minimize was put in (direction=maximize)")
        directions = ["minimize" for _ in directions]
    names = [str(name) for name in study.metric_names or ()]
    remark = "what the function returns" if len(directions) == 1 and not names else ""
    scored(draft, directions, names, remark)
    if draft.keys.get("axes"):
        draft.lose("sampler", "is not kept in a storage: tpe, Optuna's own choice, was put in")
        draft.set("sampler", "tpe")
        draft.trials(len(trials), "trials")
    states = Counter(trial.state for trial in trials)
    if states[TrialState.PRUNED]:
        number = counted(states[TrialState.PRUNED], "trial")
        draft.lose("pruner", f"is not kept in a storage; it pruned {number}: pruner: median is one")
    _lose_results(draft, study, trials)
    steps = [step for trial in trials for step in trial.intermediate_values]
    runs.add(draft, "default", max(1, *steps) if steps else None)
    return draft


def _lose_results(draft: Draft, study: Study, trials: Sequence[FrozenTrial]) -> None:
    """Names what a space has no place for: values, attributes and the best trial."""
    from optuna.trial import TrialState

    done = [one for one in trials if one.state == TrialState.COMPLETE]
    if done:
        draft.lose("trials", f"the values of {counted(len(done), 'trial')} stay in the storage")
    if done and len(study.directions) == 1:
        best = study.best_trial
        params = ", ".join(f"{name}={_brief(value)}" for name, value in best.params.items())
        draft.lose("best trial", f"{brief(best.value)} by {cut(params, 300)}")
    of_trials = dict.fromkeys(name for trial in trials for name in trial.user_attrs)
    for whose, names in (("study", study.user_attrs), ("trials", of_trials)):
        for name in names:
            draft.lose(f"user_attrs.{name}", f"of the {whose}: has no place in a space")


def _brief(value: Any) -> str:
    return (
        brief(value) if isinstance(value, int | float | bool | str) or value is None else str(value)
    )


def _axis(draft: Draft, name: str, found: Sequence[BaseDistribution]) -> None:
    """The axis of the newest distribution of a parameter."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    newest = found[-1]
    others = {repr(one) for one in found} - {repr(newest)}
    if others:
        draft.lose(name, f"has had {counted(len(others), 'other range')}: the newest is taken")
    if isinstance(newest, CategoricalDistribution):
        if not draft.seeds(name, newest.choices):
            draft.values(name, newest.choices)
    elif isinstance(newest, FloatDistribution | IntDistribution):
        if draft.seeds(name, None):
            return
        whole = isinstance(newest, IntDistribution)
        keys: dict[str, Any] = {"kind": "int" if whole else "float"}
        keys |= {"low": newest.low, "high": newest.high}
        keys |= {"log": True} if newest.log else {}
        if newest.step is not None and not (whole and newest.step == 1):
            keys["step"] = newest.step
        draft.range(name, _fitting(draft, name, keys))
    else:
        kind = type(newest).__name__
        raise SweeperError(f"{draft.source}: {cut(name)} has a distribution unknown here: {kind}")


def _condition(draft: Draft, name: str, trials: Sequence[FrozenTrial]) -> None:
    """Adds the `when` of a parameter that only some trials drew, where one choice explains it."""
    axes = draft.keys.get("axes", {})
    axis = axes.get(draft.names.get(name))
    without = [trial.params for trial in trials if name not in trial.params]
    if not without or name == "seed":
        return
    given = [trial.params for trial in trials if name in trial.params]
    share = f"{len(given)} of {counted(len(trials), 'trial')} drew it"
    for other, called in draft.names.items() if axis is not None else ():
        if "values" not in axes.get(called, {}) or other == name:
            continue
        if any(other not in params for params in (*given, *without)):
            continue
        values = axes[called]["values"]
        listed = [*values.values()] if isinstance(values, dict) else values
        on = [value for value in listed if _among(value, [params[other] for params in given])]
        if on and not any(_among(params[other], on) for params in without):
            axes[draft.names[name]]["when"] = {called: on if len(on) > 1 else on[0]}
            draft.lose(name, f"{share}, all of them where {called} is {cut(brief(on))}")
            return
    draft.lose(name, f"{share}: say when, as in when: {{opt: sgd}}, or all have it here")


def _among(value: Any, others: Sequence[Any]) -> bool:
    """Whether a value is one of others: 1 is not true."""
    return any(type(one) is type(value) and one == value for one in others)


def _fitting(draft: Draft, name: str, keys: Mapping[str, Any]) -> dict[str, Any]:
    """The keys of a range that a space can hold: a finite one."""
    low, high = keys["low"], keys["high"]
    large = keys["kind"] == "int" and max(abs(low), abs(high)) > 2**53
    if large or not math.isfinite(high - low):
        raise SweeperError(f"{draft.source}: the range of {cut(name)} is too wide for a space")
    return dict(keys)
