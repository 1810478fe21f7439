"""Loads a space from its file: the scale, the overrides, and the check against what it trains."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from copy import deepcopy
from logging import LogRecord
from pathlib import Path
from typing import Any

from sweeper import log
from sweeper.errors import (
    Invalid,
    Mistakes,
    SweeperError,
    choices,
    closest,
    cut,
    did_you_mean,
    listed,
    shown,
)
from sweeper.files import bundled
from sweeper.planning import caption_note
from sweeper.planning.mistakes.placement import placed
from sweeper.planning.mistakes.repair import Repair
from sweeper.schema import document as documents
from sweeper.schema.base_model import validated
from sweeper.schema.extends import KEY as EXTENDS
from sweeper.schema.extends import extended
from sweeper.schema.rules import mapping, whole
from sweeper.space.keys import analyses
from sweeper.space.keys.axes_rule import Context
from sweeper.space.overrides import KEYS, MERGED, Override, apply, scale_overrides
from sweeper.space.space import DEFAULT_SCALE, PAPER_SCALE, Space
from sweeper.text import canonical
from sweeper.trainable import own_files
from sweeper.trainable.contract import Trainable
from sweeper.trainable.loading import load_trainable

_ROUNDS = 200
"""How often what is wrong with a space is taken out and the rest is checked again, at most."""

_MANY = documents.MOST_TOLD
"""After so many mistakes nothing more is looked for."""

_SHIPPED = "spaces"
"""The folder of spaces that ship."""

Completed = Callable[[Mapping[str, Any], Path], dict[str, Any]]
"""The data of an analysis with that of the study that it is of; the path is the file's folder."""


def load(
    path: str | Path,
    scale: str | None = None,
    overrides: Iterable[Override] = (),
    completed: Completed | None = None,
) -> Space:
    """The space in the YAML file at `path`, at `scale` (`laptop` if it has that), overridden.

    Raises `SweeperError` with file, line, rule, value and valid choices. Imports neither torch
    nor environments. An analysis needs what completes it (`sweeper.study.analysed.load`).
    """
    file = _found(Path(path))
    document = extended(documents.read(file, later=True), MERGED)
    folder = file.parent
    mistakes, words = Mistakes(), list[str]()
    unknown = {key: value for key, value in document.data.items() if key not in KEYS}
    with mistakes.under():
        _known_keys(document)
    chosen, paper = _scale(document, scale), None
    with mistakes.under():
        paper = _paper_steps(document)
    of_scale: list[Override] = []
    with mistakes.under():
        of_scale = scale_overrides(document, chosen) if chosen else []
    given, note = list(overrides), None
    before, scaled = (_applied(document, some, words) for some in (of_scale, given))
    with mistakes.under():
        note = caption_note.held(before, scaled, given)
    space, trainable, held = None, None, list[LogRecord]()
    data = _resolved(document, chosen, paper)
    data |= {"note": note, "changed": caption_note.by_hand(given)}
    own_files.tell_strangers(data)
    try:
        if analyses.is_one(data):
            data = analyses.completed(data, folder, completed)
        with log.unsaid() as held:  # of a space with mistakes it may be true of what is left alone
            space, trainable = _checked(data, folder, mistakes)
    except Invalid as error:
        mistakes.add(error)
    except SweeperError as error:
        words.append(str(error))
    if space is None or mistakes.found or words or document.mistakes:
        if trainable is None and space is not None:
            trainable = load_trainable(space)
        told = [placed(one, {**document.data, **unknown}, trainable) for one in mistakes.found]
        raise document.errors(told, words)
    log.say(held)
    return space


def _checked(
    data: Mapping[str, Any], folder: Path, mistakes: Mistakes
) -> tuple[Space | None, Trainable | None]:
    """The space that `data` holds, and what it trains; all mistakes are added to `mistakes`.

    What is wrong is taken out, and the rest is checked again, until nothing is found any more.
    """
    from sweeper.planning.check import checked

    rest, trainable = Repair(data), None
    for _ in range(_ROUNDS):
        space: Space | None = None
        try:
            space = validated(Space, rest.data, Context(folder))
            return checked(space, folder), trainable
        except Invalid as error:
            found = [rest.original(one) for one in error.each]
            if ("study",) in [one.path for one in found]:
                found = [one for one in found if one.path != ("name",)]
            for one in found:
                if not rest.follows(one):
                    mistakes.add(one)
            with suppress(ValueError, SweeperError):
                trainable = load_trainable(space) if space else trainable
            if len(mistakes.found) > _MANY or not rest.without(found, trainable):
                break
    return None, trainable


def _found(path: Path) -> Path:
    """Where the space `path` is: a file or folder, else one of that name that ships."""
    if path.exists():
        return path
    found = bundled.find(_SHIPPED, str(path))
    if found is None:
        near = [file.name for file in sorted(path.parent.glob("*.y*ml"))]
        valid = choices(path.name, [*near, *bundled.named(_SHIPPED)])
        where = cut(path.parent.resolve())
        raise SweeperError(f"{cut(path)}: there is no such file in {where}{valid}")
    return found


def scales(path: str | Path) -> list[str | None]:
    """The scales of the space in the file at `path`; `None` stands for the space without one, where
    it may be planned so.
    """
    document = extended(documents.read(_found(Path(path)), later=True), MERGED)
    found = document.data.get("scales")
    names = [*found] if isinstance(found, dict) else []
    return names if DEFAULT_SCALE in names else [None, *names]


def unchecked(path: Path, scale: str | None = None) -> Space:
    """The space in the YAML file at `path`, not checked against what it trains: none of the files
    that it names is imported, so nobody knows the values of axes of users' own kinds.
    """
    from sweeper.planning.check import absolute

    document, wrong = extended(documents.read(path), MERGED), list[str]()
    try:
        _known_keys(document)
        chosen, paper = _scale(document, scale), _paper_steps(document)
        before = _applied(document, scale_overrides(document, chosen) if chosen else (), wrong)
        data = _resolved(document, chosen, paper)
        data["note"] = caption_note.held(before, document.data, ())
        if analyses.is_one(data):
            data = analyses.completed(data, path.parent, analyses.stand_in)
        return absolute(validated(Space, data, Context(path.parent, frozen={})), path.parent)
    except Invalid as error:
        raise document.errors([error]) from error


def _known_keys(document: documents.Document) -> None:
    """Raises `Invalid` for all unknown keys, and takes them out of the document.

    One that is like a missing key is taken for that.
    """
    valid = [*KEYS, "scales"]
    mistakes = Mistakes()
    for key in [key for key in document.data if key not in valid]:
        mistakes.add(Invalid(f"is an unknown key{choices(key, [*valid, EXTENDS])}", (key,)))
        meant, value = closest(key, valid), document.data.pop(key)
        if meant is not None and meant not in document.data:
            document.data[meant] = value
            for path in [path for path in document.places if path[:1] == (key,)]:
                document.places[(meant, *path[1:])] = document.places[path]
    names: Mapping[str, Any] = {}
    with mistakes.under():
        names = _mapping_at(document, "scales")
    for name, values in names.items():
        with mistakes.under():
            scale_overrides(document, name)
        found = [*values] if isinstance(values, dict) else []
        for key in [key for key in found if key.split(".")[0] not in KEYS]:
            del values[key]
    mistakes.check()


def _mapping_at(document: documents.Document, key: str) -> dict[str, Any]:
    """The mapping under a top-level key, empty where there is none."""
    try:
        return mapping(document.data.get(key))
    except Invalid as error:
        raise error.under(key) from None


def _scale(document: documents.Document, scale: str | None) -> str | None:
    found = document.data.get("scales")
    scales = list(found) if isinstance(found, dict) else []
    if scale is None:
        return DEFAULT_SCALE if DEFAULT_SCALE in scales else None
    if scale not in scales:
        there = f"scales there: {listed(scale, scales)}" if scales else "it has no scales"
        near = did_you_mean(scale, scales)
        raise SweeperError(f"{cut(document.name)}: unknown scale {shown(scale)}{near}; {there}")
    return scale


def _paper_steps(document: documents.Document) -> int | None:
    """The steps of the scale `paper`, before anything is overridden."""
    scales = document.data.get("scales")
    if not isinstance(scales, dict) or not isinstance(scales.get(PAPER_SCALE), dict):
        return None
    scaled = "steps" in scales[PAPER_SCALE]
    path = ("scales", PAPER_SCALE, "steps") if scaled else ("steps",)
    value = scales[PAPER_SCALE]["steps"] if scaled else document.data.get("steps")
    try:
        return None if value is None else whole(1)(value)
    except Invalid as error:
        raise error.under(*path) from error


def _applied(
    document: documents.Document, overrides: Iterable[Override], wrong: list[str]
) -> dict[str, Any]:
    """A copy of the document's data before `overrides` are applied in place.

    What cannot be applied is added to `wrong`.
    """
    before = deepcopy(document.data)
    for override in overrides:
        try:
            apply(document, override)
        except SweeperError as error:
            wrong.append(str(error))
    return before


def _resolved(
    document: documents.Document, scale: str | None, paper_steps: int | None
) -> dict[str, Any]:
    data = {key: value for key, value in document.data.items() if key != "scales"}
    study = data.get("study")
    suffix = f"-{scale}" if scale not in (None, DEFAULT_SCALE) else ""
    named = canonical(study) + suffix if study is not None else "unnamed"
    folder = str(Path(document.name).resolve().parent)
    found = {"scale": scale, "paper_steps": paper_steps, "file": document.name, "folder": folder}
    return {**data, "name": named, **found}
