"""Loads a space that may be an analysis: what makes its runs is that of the study that it is of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from sweeper import paths
from sweeper.errors import Invalid, Mistakes, SweeperError, choices
from sweeper.lookup import find, located
from sweeper.planning import loading
from sweeper.planning.parameters import coerce
from sweeper.space.overrides import Override
from sweeper.space.space import Space
from sweeper.study import sources, studies
from sweeper.study.study import Study
from sweeper.trainable.analysing.analysis import Analysis
from sweeper.trainable.contract import defaults_of
from sweeper.trainable.loading import trained_by

_MADE = (
    *("axes", "blocks", "zip", "derived", "constraints", "invalid", "by_task", "seeds"),
    *("sampler", "trials", "enqueue"),
)
"""Keys of the source's space that an analysis takes over as they are."""

_ALL = 1_000_000
"""So many runs of an analysis may fail by one cause: those that nobody can analyse are told."""


def load(
    path: str | Path,
    scale: str | None = None,
    overrides: Iterable[Override] = (),
    root: Path | None = None,
) -> Space:
    """The space in the YAML file at `path`, as `loading.load` gives it; an analysis is completed.

    The study that it is of stands under `root`. Raises `SweeperError` where there is none, or none
    that can be analysed.
    """
    under = Path(paths.STUDIES) if root is None else root
    return loading.load(path, scale, overrides, lambda data, folder: _made(data, folder, under))


def _made(data: Mapping[str, Any], folder: Path, root: Path) -> dict[str, Any]:
    """The data of an analysis with all that its source gives it; raises `Invalid`."""
    source = _source(data.get("of"), root)
    space = source.space
    try:
        name = located("agents.analyses", data["analysis"], folder)
        analysis: Analysis = find("agents.analyses", name)
        analysis.check(trained_by(space.agents))
    except SweeperError as error:
        raise Invalid(str(error), ("analysis",)) from error
    except Invalid as error:
        raise error.under("analysis") from error
    except ValueError as error:
        said = f"cannot be of {source.name}, which trains {space.identity}: {error}"
        raise Invalid(said, ("of",)) from error
    _check_kept(source, needs_state=getattr(analysis, "needs_state", False))
    own = _own(data.get("fixed") or {}, analysis, name)
    theirs = space.dump()
    known = defaults_of(analysis.parameters)
    return {
        **data,
        **{key: theirs[key] for key in _MADE if key in theirs},
        "analysis": name,
        "of": str(source.folder.resolve()) if "/" in data["of"] else data["of"],
        "agent": theirs["agent"],
        "fixed": {**theirs["fixed"], **own},
        "defaults": {**space.defaults, **{n: v for n, v in known.items() if n not in own}},
        "tasks": {task: {"low": 0, "high": 1} for task in space.tasks},
        "steps": _steps(analysis, {**known, **own}),
        "limits": {"same_failure": _ALL, **(data.get("limits") or {})},
        **_checkpoint(data.get("checkpoint") or {}, analysis),
        "folder": space.folder,
    }


def _own(fixed: Mapping[str, Any], analysis: Analysis, name: str) -> dict[str, Any]:
    """The parameters of the analysis that `fixed` gives."""
    own, mistakes = {}, Mistakes()
    for key, value in fixed.items():
        with mistakes.under("fixed", key):
            if key not in analysis.parameters:
                near = choices(key, analysis.parameters)
                raise Invalid(f"is no parameter of the analysis {name}{near}")
            own[key] = coerce(value, analysis.parameters[key])
    mistakes.check()
    return own


def _source(of: Any, root: Path) -> Study:
    """The study that is to be analysed; raises `Invalid` where it cannot be."""
    try:
        source = studies.find(str(of), root)
    except SweeperError as error:
        raise Invalid(f"names no study that is there: {error}", ("of",)) from error
    space = source.space
    if space.analysis is not None or len(space.agents) != 1:
        what = space.identity if len(space.agents) != 1 else "an analysis"
        raise Invalid(
            f"must be a study of one agent, but {source.name} is of {what}, which keeps no weights "
            "that an analysis could read",
            ("of",),
        )
    if space.population is not None:
        raise Invalid(
            f"must be a study of agents, but the runs of {source.name} are populations: an "
            "analysis does not know the hyperparameters of the members whose weights stayed",
            ("of",),
        )
    if space.sampler.learns:
        raise Invalid(
            f"must be a study whose trials follow from its space, but those of {source.name} were "
            f"chosen by {space.sampler.told} as results came in",
            ("of",),
        )
    return source


def _check_kept(source: Study, *, needs_state: bool) -> None:
    """Raises `Invalid` where the study keeps none of what an analysis of it looks at."""
    keep = source.space.checkpoint.keep
    keeps = keep == "state" if needs_state else keep != "none"
    if keeps or sources.any_weights(source, state=needs_state):
        return
    if needs_state:
        kept = "no weights" if keep == "none" else "their weights alone"
        raise Invalid(
            f"must be a study that keeps the whole state of its runs, but {source.name} keeps "
            f"{kept}: checkpoint.keep: state of its space keeps that of runs that end from then "
            "on; runs that have ended must be trained once more (sweeper rerun)",
            ("of",),
        )
    raise Invalid(
        f"must be a study that keeps weights, but {source.name} has kept none: "
        "checkpoint.keep: best (or final) of its space keeps those of runs that end from then on",
        ("of",),
    )


def _steps(analysis: Analysis, params: Mapping[str, Any]) -> int:
    """How many steps an analysis takes; raises `Invalid` where its parameters do not fit."""
    try:
        return analysis.steps(params)
    except ValueError as error:
        raise Invalid(str(error), ("fixed",)) from error


def _checkpoint(given: Any, analysis: Analysis) -> dict[str, Any]:
    """The key `checkpoint` of an analysis: one that has arrays keeps them unless told otherwise."""
    if not getattr(analysis, "keeps_weights", False) or not isinstance(given, Mapping):
        return {}
    return {"checkpoint": {"keep": "final", **given}}
