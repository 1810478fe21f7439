"""Python files that a file imports, found in its text: nothing is imported or run."""

from __future__ import annotations

import ast
import functools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path
from typing import NamedTuple

_BY_NAME = ("import_module", "__import__", "LazyModule")
"""Functions whose first argument names a module."""


_LONGEST_PATH = 200


Modules = Callable[[Path, str], Sequence[Path]]
"""From a folder and a dotted name to the files that importing it from there runs."""


class Imported(NamedTuple):
    """What a file imports: `name`, from `level` packages above it (0: from anywhere)."""

    name: str
    level: int


def closure(
    files: Iterable[Path], folders: Sequence[Path], homes: Mapping[str, Path | None]
) -> list[Path]:
    """`files` and all files that they import, directly or not, sorted.

    Absolute imports are looked for in `folders`; those of a package in `homes` in its folder alone,
    or nowhere. Imports inside functions count, those of modules that a text names
    (`import_module("x")`), and scripts whose path stands in the text.
    """
    found: dict[Path, None] = {}
    modules = _remembering()
    waiting = [file.resolve() for file in files]
    while waiting:
        file = waiting.pop()
        if file in found or not file.is_file():
            continue
        found[file] = None
        if file.suffix == ".py":
            waiting += _imports_of(file, folders, homes, modules)
    return sorted(found)


def _imports_of(
    file: Path, folders: Sequence[Path], homes: Mapping[str, Path | None], modules: Modules
) -> Iterator[Path]:
    imports, scripts = _named(file.read_bytes())
    for name, level in imports:
        if level:
            places: Sequence[Path] = file.parents[level - 1 : level]
        elif (top := name.partition(".")[0]) in homes:
            home = homes[top]
            places = [] if home is None else [home]
        else:
            places = folders
        for place in places:
            yield from modules(place, name)
    for text in scripts:
        for place in (file.parent, *folders):
            yield from (path.resolve() for path in [place / text] if path.is_file())


def _remembering() -> Modules:
    """Looks for each name in a folder once, as most names are imported by many files."""

    @functools.cache
    def is_folder(place: Path) -> bool:
        return place.is_dir()

    @functools.cache
    def files_of(place: Path, name: str) -> Sequence[Path]:
        """The last part of the name may be a value; an empty name is the folder's own package."""
        above, _, last = name.rpartition(".")
        folder = place.joinpath(*above.split(".")) if above else place
        inherited = files_of(place, above) if above else ()
        return [*inherited, *(_modules(folder, last) if is_folder(folder) else ())]

    return files_of


def _modules(folder: Path, name: str) -> list[Path]:
    """The files of the module or package of that name in a folder, or of its own package."""
    inside = [folder / name / "__init__.py"]
    if name:
        inside += [folder / f"{name}{suffix}" for suffix in (".py", *EXTENSION_SUFFIXES)]
    return [path.resolve() for path in inside if path.is_file()]


@functools.lru_cache(maxsize=512)
def _named(source: bytes) -> tuple[tuple[Imported, ...], tuple[str, ...]]:
    """The modules that a text imports, and the scripts that it names; none of what is no Python."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return (), ()
    imports: list[Imported] = []
    scripts: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            imports += [Imported(alias.name, 0) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            within = f"{node.module}." if node.module else ""
            imports += [Imported(f"{within}{alias.name}", node.level) for alias in node.names]
        elif isinstance(node, ast.Call):
            imports += _by_name(node)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            scripts += [node.value] if _is_script(node.value) else []
    return tuple(dict.fromkeys(imports)), tuple(dict.fromkeys(scripts))


def _is_script(text: str) -> bool:
    """Whether a text may be the path of a script, relative to the file that it stands in."""
    return (
        text.endswith(".py") and len(text) <= _LONGEST_PATH and text[0] != "/" and "\0" not in text
    )


def _by_name(call: ast.Call) -> Iterator[Imported]:
    function = call.func
    name = function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")
    first = call.args[0] if call.args else None
    if name in _BY_NAME and isinstance(first, ast.Constant) and isinstance(first.value, str):
        module = first.value.lstrip(".")
        yield Imported(module, len(first.value) - len(module))
