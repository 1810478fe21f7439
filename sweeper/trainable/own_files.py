"""The Python files that training a space runs: the user's own, and those of `agents/`.

They are found by the names in the space and by what these files import, without running them.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.util
import os
import pwd
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from sweeper.errors import Invalid
from sweeper.files.imports import closure
from sweeper.log import log
from sweeper.schema.template import command_rule, literal
from sweeper.text import few

AGENTS = "agents"
MISSING = "missing"
"""Stands for the hash of a file that is not there."""

_NAMED = re.compile(r"(?P<path>.+\.py):\w+")
_MODULE = re.compile(r"(?P<module>\w+(?:\.\w+)*):\w")
_DRAWN = "figures"
"""The key of a space whose files draw and do not train."""

_PLACES = ("analysis", "fixed", "defaults", "axes", "blocks", "tasks")
"""The keys of a space under which files of `agents/` are named, beside its agent."""

_LONGEST_NAME = 1000

_LARGEST = 10**7
"""The most bytes of a file that a command names and that counts as code."""


def named(space: Mapping[str, Any], *, figures: bool = False) -> list[Path]:
    """The files of Python that the data of a space names, those of its figures with `figures`, and
    the files that its command names.

    A path is relative to the space's `folder`.
    """
    folder = Path(space["folder"])
    texts = _texts({key: value for key, value in space.items() if figures or key != _DRAWN})
    found = [file for text in texts for file in _files(text, folder)]
    return list(dict.fromkeys([*found, *_of_command(space.get("command"), folder)]))


def trained(space: Mapping[str, Any]) -> dict[str, Path]:
    """All files that training a space may run, by the names under which they are recorded.

    A user's own file is called by its path from the space's folder, one of `agents/` by its path
    from there.
    """
    folder = Path(space["folder"])
    own = named(space)
    home = _home(AGENTS)
    places = {folder.resolve(): None, **{path.parent.resolve(): None for path in own}}
    start = [*own, *_shipped(space, home)]
    files = closure(start, list(places), {AGENTS: home, "sweeper": None})
    return {_name(path, folder, home): path for path in files}


def loaded(space: Mapping[str, Any]) -> dict[str, Path]:
    """The files of modules that this process has imported from the folders of a user's own files.

    They are called as in `trained`.
    """
    folder, home = Path(space["folder"]), _home(AGENTS)
    places = {folder.resolve(), *(path.parent.resolve() for path in named(space))}
    prefixes = (sys.prefix, sys.base_prefix)
    installed = {Path(prefix).resolve() for prefix in prefixes}
    most = tuple(os.path.join(prefix, "") for prefix in prefixes)
    found = {}
    for module in list(sys.modules.values()):
        file = getattr(module, "__file__", None)
        if isinstance(file, str) and not file.startswith(most) and not _of_sweeper(module):
            path = _resolved(file)
            if places & set(path.parents) and not installed & set(path.parents):
                found[_name(path, folder, home)] = path
    return found


@functools.cache
def _resolved(file: str) -> Path:
    """Where the file of a module lies, looked up once: it was imported from there."""
    return Path(file).resolve()


def located(name: str, folder: Path) -> Path:
    """The file that is recorded as `name`, for a space in `folder`."""
    home = _home(AGENTS)
    ships = home is not None and Path(name).parts[0] == AGENTS and not (folder / name).exists()
    return home / name if ships and home is not None else folder / name


def hashes(files: Mapping[str, Path]) -> dict[str, str]:
    """The first 16 hex digits of the SHA-256 of each file, or `MISSING`."""
    return {name: _hash(path) for name, path in files.items()}


def tell_strangers(space: Mapping[str, Any]) -> None:
    """Says, before anything is run, which files of other users training this space runs."""
    for line in strangers(space):
        log.warning("%s", line)


def strangers(space: Mapping[str, Any]) -> Iterator[str]:
    """A line for each other user whose files training this space would run.

    A file belongs to whoever owns it, or the folder that it lies in.
    """
    theirs: dict[int, list[Path]] = {}
    for path in _unshipped(space):
        for owner in {path.stat().st_uid, path.parent.stat().st_uid} - {os.getuid()}:
            theirs.setdefault(owner, []).append(path)
    for owner, paths in theirs.items():
        yield f"runs code of {_user(owner)}: {few(list(map(str, paths)))}"


def _unshipped(space: Mapping[str, Any]) -> list[Path]:
    home = _home(AGENTS)
    ships = [] if home is None else [home / AGENTS]
    files = named(space, figures=True)
    places = list({Path(space["folder"]).resolve(): None, **{path.parent: None for path in files}})
    found = closure(files, places, {AGENTS: None, "sweeper": None})
    return [path for path in found if not set(ships) & set(path.parents)]


def _texts(data: Any) -> Iterator[str]:
    """All texts in plain data, the keys of its mappings included."""
    if isinstance(data, str):
        yield data
    elif isinstance(data, Mapping):
        for key, value in data.items():
            yield from (*_texts(key), *_texts(value))
    elif isinstance(data, list | tuple):
        for item in data:
            yield from _texts(item)


def _files(text: str, folder: Path) -> Iterator[Path]:
    """The file that a text names as `path/file.py:Name`, maybe with a task behind it.

    Behind a family of environments may stand a file, or a module beside the space, which registers
    an id: `gym/path/file.py:id`, `gym/module:id`.
    """
    if len(text) > _LONGEST_NAME:
        return
    _, _, task = text.partition("/")
    for name in (text, task):
        if found := _NAMED.match(name):
            yield from _existing(folder / found["path"])
    module = _MODULE.match(task)
    if module:
        place = folder.joinpath(*module["module"].split("."))
        yield from _existing(place.with_name(f"{place.name}.py"))
        yield from _existing(place / "__init__.py")


def _existing(path: Path) -> Iterator[Path]:
    with suppress(OSError):  # a name that no file can have
        if path.is_file():
            yield path.resolve()


def _of_command(command: Any, folder: Path) -> Iterator[Path]:
    """The files that the words of a command name: scripts, modules after `-m`, small other files.

    In `--config=a.yaml` it is what follows the sign.
    """
    try:
        words = command_rule(command) or ()
        texts = [literal(word) for word in words]
    except Invalid:  # loading the space says what is wrong with it
        return
    for before, text in zip([None, *texts], texts, strict=False):
        places = [text, text.partition("=")[2]] if text else []
        if text and before == "-m":
            module = text.replace(".", "/")
            places = [f"{module}.py", f"{module}/__main__.py"]
        for place in filter(None, places):
            with suppress(OSError):
                path = folder / place
                if path.is_file() and path.stat().st_size <= _LARGEST:
                    yield path.resolve()


def _shipped(space: Mapping[str, Any], home: Path | None) -> Iterator[Path]:
    """The files of `agents/` that the space, or a default of its parameters, names by their stem.

    A family of environments stands before the slash of a task: `minatar/breakout`.
    """
    if home is None or space.get("agent") is None:
        return
    texts = _texts([space["agent"], *(space.get(key) for key in _PLACES)])
    stems = {part for text in texts for part in text.split("/")}
    for file in sorted((home / AGENTS).glob("*/[!_]*.py")):
        if file.stem in stems:
            yield file


def _home(package: str) -> Path | None:
    """The folder that a package lies in; `None` where there is no such package."""
    try:
        spec = importlib.util.find_spec(package)
    except ValueError:
        return None
    places = list(spec.submodule_search_locations or []) if spec else []
    return Path(places[0]).resolve().parent if places else None


def _name(path: Path, folder: Path, home: Path | None) -> str:
    ships = home is not None and home / AGENTS in path.parents
    return os.path.relpath(path, home if ships and home is not None else folder.resolve())


def _of_sweeper(module: Any) -> bool:
    return str(getattr(module, "__name__", "")).partition(".")[0] in ("sweeper", AGENTS)


def _hash(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    except OSError:
        return MISSING


def _user(number: int) -> str:
    try:
        return f"{pwd.getpwuid(number).pw_name} (uid {number})"
    except KeyError:
        return f"uid {number}"
