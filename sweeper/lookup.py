"""Finds axis kinds, agents, figures, backends, trackers by name: each is called as its file is.

`find("agents.learners", "dqn")` is the class `Learner` of `agents/learners/dqn.py`;
`path/file.py:Name` is `Name` of that file, wherever a name is looked up.

`agents/lookup.py` follows the same rule, told there a second time because neither package imports
the other; tests/contracts/test_lookup_rules.py holds both to it.
"""

from __future__ import annotations

import ast
import functools
import hashlib
import importlib
import importlib.util
import sys
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import Any

from sweeper.errors import Invalid, SweeperError, choices, cut, reason, shown

DEFINES = {
    "agents.analyses": ("analysis", "Analysis"),
    "agents.envs": ("environment family", "Environment"),
    "agents.learners": ("agent", "Learner"),
    "agents.networks": ("network body", "Body"),
    "sweeper.space.axes": ("axis kind", "Axis"),
    "sweeper.dispatch": ("dispatch", "Dispatch"),
    "sweeper.figures": ("figure", "draw"),
    "sweeper.trackers": ("tracker", "Tracker"),
}
"""For each package what a name in it is called, and what each of its files defines."""


def find(package: str, name: str, folder: Path | None = None) -> Any:
    """What `name` stands for in `package`; a file's path is relative to `folder`.

    Raises `SweeperError` for an unknown name, with all valid ones.
    """
    what, attribute = DEFINES[package]
    if is_file(name):
        try:
            path, attribute = split(name, folder)
        except Invalid as error:
            raise SweeperError(f"the {what} {error.message}") from error
        try:
            return getattr(import_file(path), attribute)
        except Exception as error:
            raise SweeperError(f"importing {path} failed: {reason(error)}") from error
    if name not in names(package):
        raise SweeperError(f"unknown {what} {shown(name)}{_valid(package, name)}")
    return getattr(importlib.import_module(f"{package}.{name}"), attribute)


def located(package: str, name: str, folder: Path | None = None) -> str:
    """`name` itself, or with an absolute path; raises `Invalid` where `find` would not know it.

    Nothing is imported.
    """
    if is_file(name):
        path, wanted = split(name, folder)
        return f"{path}:{wanted}"
    if name not in names(package):
        what = DEFINES[package][0]
        article = "an" if what[0] in "aeiou" else "a"
        raise Invalid(f"must be {article} {what}, but got {shown(name)}{_valid(package, name)}")
    return name


def names(package: str) -> list[str]:
    """All names in `package`, sorted: its files that define the class or function of `DEFINES`."""
    return list(_names(package, DEFINES[package][1]))


@functools.cache
def _names(package: str, attribute: str) -> tuple[str, ...]:
    """Looked for once a process."""
    return tuple(sorted(file.stem for file in _files(package) if defines(file, attribute)))


def keywords(package: str, name: str) -> dict[str, str]:
    """The keyword-only arguments of the function that `name` stands for, with their annotations.

    They are the schema of its options; nothing is imported.
    """
    if is_file(name):
        path, attribute = split(name)
    else:
        path, attribute = _file(package, name), DEFINES[package][1]
    for node in _parsed(path).body:
        if isinstance(node, ast.FunctionDef) and node.name == attribute:
            return {
                argument.arg: ast.unparse(argument.annotation) if argument.annotation else ""
                for argument in node.args.kwonlyargs
            }
    return {}


def about(package: str, name: str) -> str:
    """The first line of the docstring of the file of `name`; nothing is imported."""
    return (ast.get_docstring(_parsed(_file(package, name))) or "").partition("\n")[0]


def is_file(name: str) -> bool:
    """Whether `name` is of the form `path/file.py:Name`."""
    return name.rpartition(":")[0].endswith(".py")


def split(name: str, folder: Path | None = None) -> tuple[Path, str]:
    """The absolute path and the name in `path/file.py:Name`, both of which must exist.

    The file is parsed, not imported. Raises `Invalid`, naming what it defines instead.
    """
    text, _, wanted = name.rpartition(":")
    if not text.endswith(".py") or not wanted.isidentifier():
        raise Invalid(f"must look like path/file.py:name, but got {shown(name)}")
    where = (folder or Path.cwd()).resolve()
    path, found = where / text, False
    with suppress(OSError):  # a name that is too long for a file
        path = path.resolve()
        found = path.is_file()
    if not found:
        raise Invalid(f"names '{cut(name)}', but there is no such file in {where}")
    defined = defined_names(path)
    if wanted not in defined:
        raise Invalid(
            f"names '{cut(name)}', but the file does not define it{choices(wanted, defined)}"
        )
    return path, wanted


def defines(path: Path, name: str) -> bool:
    """Whether the module in `path` defines or imports `name` at its top level."""
    try:
        return name in path.read_text(encoding="utf-8") and name in defined_names(path)
    except Invalid:  # importing it will tell what is wrong with it
        return True


def defined_names(path: Path) -> list[str]:
    """The public names at the top level of the module in `path`, in their order."""
    found: list[str] = []
    for node in _parsed(path).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef):
            found.append(node.name)
        elif isinstance(node, ast.Assign):
            found += [target.id for target in node.targets if isinstance(target, ast.Name)]
        elif isinstance(node, ast.ImportFrom):
            found += [alias.asname or alias.name for alias in node.names]
    return [name for name in dict.fromkeys(found) if not name.startswith("_")]


def _valid(package: str, name: str) -> str:
    return f"{choices(name, names(package))} (or path/file.py:{DEFINES[package][1]})"


def _parsed(path: Path) -> ast.Module:
    return _tree(path, path.read_bytes())


@functools.lru_cache(maxsize=256)
def _tree(path: Path, source: bytes) -> ast.Module:
    """Parsed once for each content: every axis of a space asks for all kinds there are."""
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None)
        where = f"{path}:{line}" if line else str(path)
        problem = getattr(error, "msg", error)
        raise Invalid(f"names {where}, which is not valid Python: {problem}") from error


def _file(package: str, name: str) -> Path:
    return next(file for file in _files(package) if file.stem == name)


def _files(package: str) -> list[Path]:
    try:
        spec = importlib.util.find_spec(package)
    except ModuleNotFoundError:
        return []
    folders = (spec.submodule_search_locations or []) if spec else []
    files = [file for folder in folders for file in Path(folder).glob("*.py")]
    return [file for file in files if not file.stem.startswith("_")]


def import_file(path: Path) -> ModuleType:
    """Returns the module in `path`, executed once a process and registered, so that it pickles.

    Its name is the file's where importing that gives this file, or nothing: it shadows no module;
    elsewhere a digest of the path follows. Its folder becomes importable, before all others where
    the file shadows nothing, else behind them.
    Whatever its code raises goes through.
    """
    path = path.resolve()
    free = _is_free(path.stem, path)
    if str(path.parent) not in sys.path:
        sys.path.insert(0 if free else len(sys.path), str(path.parent))
    known = imported(path)
    if known is not None:
        return known
    name = path.stem if free else _unique(path)
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None, path
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except BaseException:
        sys.modules.pop(name, None)
        raise
    return module


def imported(path: Path) -> ModuleType | None:
    """The module in `path`, where `import_file` has executed it in this process."""
    path = path.resolve()
    for name in (path.stem, _unique(path)):
        if name in sys.modules and _is_of(sys.modules[name], path):
            return sys.modules[name]
    return None


def _unique(path: Path) -> str:
    digest = hashlib.sha256(str(path).encode()).hexdigest()[:16]
    return f"{path.stem.replace('.', '_')}_{digest}"


def _is_of(module: ModuleType, path: Path) -> bool:
    file = getattr(module, "__file__", None)
    return isinstance(file, str) and (file == str(path) or Path(file).resolve() == path)


def _is_free(name: str, path: Path) -> bool:
    """Whether importing `name` gives the file `path` or nothing."""
    if name in sys.modules or "." in name:
        return name in sys.modules and _is_of(sys.modules[name], path)
    found = importlib.util.find_spec(name)
    return found is None or (found.origin is not None and Path(found.origin).resolve() == path)
