"""Finds out what another tool's file is, and converts it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sweeper.converting import optuna_study, space_text
from sweeper.converting.draft import Draft
from sweeper.converting.hydra import sweep as hydra
from sweeper.converting.wandb import sweep as wandb
from sweeper.converting.yaml_words import Words
from sweeper.errors import Invalid, SweeperError, cut, dotted
from sweeper.planning.loading import load
from sweeper.planning.plan import Plan
from sweeper.schema import document as documents
from sweeper.space.keys.validators import TRAINED
from sweeper.trainable.loading import load_trainable

_YAML = (".yaml", ".yml", ".json")
_WHAT = "a W&B sweep, Hydra's overrides or an Optuna study"


def converted(source: str, study: str | None = None, program: str | None = None) -> Draft:
    """The space that `source` says: a file, the URL of a storage, or a text of overrides.

    Raises `SweeperError` where it is none of these, or says what no space can.
    """
    if optuna_study.is_one(source):
        draft = optuna_study.convert(source, study, program)
    else:
        if study is not None:
            raise SweeperError("study= names a study in Optuna's storage; this is none")
        draft = _of_text(source, program)
    _check(draft)
    return draft


def _of_text(source: str, program: str | None) -> Draft:
    path = Path(source)
    try:
        exists = path.exists()
    except (OSError, ValueError):  # a text that is too long for a file
        exists = False
    if not exists and ("=" in source or " " in source):
        return _hydras(source, "the command line", program, Path.cwd())
    if not exists or path.is_dir() or path.suffix in _YAML:
        return _of_yaml(path, program)
    return _hydras(_read(path), str(path), program, path.resolve().parent)


def _hydras(text: str, name: str, program: str | None, folder: Path) -> Draft:
    try:
        return hydra.convert_text(text, name, program, folder)
    except Invalid as error:
        raise SweeperError(f"{name}: {dotted(error.path)} {error.message}") from error


def _read(path: Path) -> str:
    try:
        if not path.is_file():
            raise SweeperError(f"{path} is not a plain file")
        raw = path.read_bytes()[: documents.MAX_BYTES + 1]
        text = raw.decode("utf-8-sig")
    except OSError as error:
        raise SweeperError(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise SweeperError(f"{path} is neither text nor a storage of Optuna's") from error
    if len(raw) > documents.MAX_BYTES or "\0" in text:
        raise SweeperError(f"{path} is neither a text of overrides nor a storage of Optuna's")
    if not text.strip():
        raise SweeperError(f"{path}: the file is empty; {_WHAT} is converted")
    return text


def _of_yaml(path: Path, program: str | None) -> Draft:
    words = Words()
    word = None if path.suffix == ".json" else words  # what JSON writes, YAML 1.2 reads the same
    document = documents.read(path, "a sweep's file", word=word)
    data = document.data
    try:
        if hydra.is_one(data):
            return hydra.convert(data, path, program)
        if wandb.is_one(data):
            draft = wandb.convert(data if program is None else {**data, "program": program}, path)
            words.tell(draft)
            return draft
    except Invalid as error:
        raise document.errors([error]) from error
    if "study" in data and any(key in data for key in (*TRAINED, "axes")):
        raise SweeperError(f"{path} is a space already: `sweeper plan {path}`")
    found = ", ".join(map(cut, [*data][:8])) or "nothing"
    raise SweeperError(
        f"{path} is none of {_WHAT}: a sweep of W&B has method and parameters, a configuration of "
        f"Hydra's has hydra.sweeper, but the keys are {found}"
    )


def _check(draft: Draft) -> None:
    """Raises `SweeperError` where the space does not load and plan, its program set aside."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "space.yaml"
        (Path(folder) / "stand_in.py").write_text("def train(config, run):\n    return 0.0\n")
        keys: Mapping[str, Any] = draft.keys
        if "command" in keys:
            named = [word for word in keys["command"] if re.search(r"\{[^{}]+\}", word)]
            keys = {**keys, "command": ["python", "stand_in.py", *named]}
        else:
            keys = {**keys, "function": "stand_in.py:train"}
        path.write_text("\n".join(space_text.text(keys, {})), encoding="utf-8")
        try:
            space = load(path)
            Plan(space, load_trainable(space))
        except SweeperError as error:
            said = str(error).replace(f"{path}:", "the space's line ").replace(str(path), "space")
            raise SweeperError(f"{draft.source}: no space can say this:\n{said}") from error
