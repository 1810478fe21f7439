"""Loads a space from its file: the scale, the overrides, and the check against what it trains."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from sweeper.errors import Invalid, SweeperError, choices, did_you_mean
from sweeper.schema import document as documents
from sweeper.schema.base_model import validated
from sweeper.schema.rules import mapping, whole
from sweeper.space.overrides import KEYS, Override, apply, scale_overrides
from sweeper.space.space import DEFAULT_SCALE, PAPER_SCALE, Space
from sweeper.space.validators import Context
from sweeper.text import canonical
from sweeper.trainable import own_files


def load(path: str | Path, scale: str | None = None, overrides: Iterable[Override] = ()) -> Space:
    """The space in the YAML file at `path`, at `scale` (`laptop` if it has that), overridden.

    Raises `SweeperError` with file, line, rule, value and valid choices. Imports neither torch
    nor environments.
    """
    from sweeper.plan.check import checked

    document = documents.read(Path(path))
    folder = Path(path).parent
    try:
        data = _data(document, scale, overrides)
        own_files.tell_strangers(data)
        return checked(validated(Space, data, Context(folder)), folder)
    except Invalid as error:
        raise document.error(error.path, error.message) from error


def unchecked(path: Path, scale: str | None = None) -> Space:
    """The space in the YAML file at `path`, not checked against what it trains: none of the files
    that it names is imported, so nobody knows the values of axes of users' own kinds.
    """
    from sweeper.plan.check import absolute

    document = documents.read(path)
    try:
        space = validated(Space, _data(document, scale, ()), Context(path.parent, frozen={}))
        return absolute(space, path.parent)
    except Invalid as error:
        raise document.error(error.path, error.message) from error


def _data(
    document: documents.Document, scale: str | None, overrides: Iterable[Override]
) -> dict[str, Any]:
    """The data of a space of one scale, with what was found beside it."""
    _known_keys(document)
    chosen = _scale(document, scale)
    paper = _paper_steps(document)
    for override in [*(scale_overrides(document, chosen) if chosen else []), *overrides]:
        apply(document, override)
    return _resolved(document, chosen, paper)


def _known_keys(document: documents.Document) -> None:
    valid = [*KEYS, "scales"]
    for key in document.data:
        if key not in valid:
            raise Invalid(f"is an unknown key{choices(key, valid)}", (key,))
    for name in _mapping_at(document, "scales"):
        scale_overrides(document, name)


def _mapping_at(document: documents.Document, key: str) -> dict[str, Any]:
    """The mapping under a top-level key, empty where there is none."""
    try:
        return mapping(document.data.get(key))
    except Invalid as error:
        raise error.under(key) from None


def _scale(document: documents.Document, scale: str | None) -> str | None:
    scales = list(_mapping_at(document, "scales"))
    if scale is None:
        return DEFAULT_SCALE if DEFAULT_SCALE in scales else None
    if scale not in scales:
        listed = f"scales there: {', '.join(scales)}" if scales else "it has no scales"
        raise SweeperError(
            f"{document.name}: unknown scale {scale!r}{did_you_mean(scale, scales)}; {listed}"
        )
    return scale


def _paper_steps(document: documents.Document) -> int | None:
    """The steps of the scale `paper`, before anything is overridden."""
    scales = _mapping_at(document, "scales")
    if PAPER_SCALE not in scales:
        return None
    scaled = "steps" in (scales[PAPER_SCALE] or {})
    path = ("scales", PAPER_SCALE, "steps") if scaled else ("steps",)
    value = scales[PAPER_SCALE]["steps"] if scaled else document.data.get("steps")
    try:
        return None if value is None else whole(1)(value)
    except Invalid as error:
        raise error.under(*path) from error


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
