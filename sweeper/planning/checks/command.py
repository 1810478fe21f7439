"""Checks the command of a space: its program and script, and the parameters that its words name."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence
from importlib.machinery import PathFinder
from itertools import takewhile
from pathlib import Path

from sweeper.errors import Invalid, Mistakes, choices, cut, shown
from sweeper.planning.configurations.expansion import Expansion
from sweeper.schema.template import literal, placeholders
from sweeper.space.blocks.parts import parts
from sweeper.space.space import Space
from sweeper.trainable.command.command import OF_RUN
from sweeper.trainable.command.process import program

_INTERPRETERS = ("python", "bash", "sh", "zsh", "julia", "Rscript", "lua", "ruby", "perl", "node")

_READ_BY = {".py": "python", ".jl": "julia", ".R": "Rscript", ".lua": "lua", ".rb": "ruby"}
"""What runs a file, by its ending."""

_SHELLS = ("bash", "sh", "zsh", "dash", "ksh", "fish")
_OPERATORS = ("<", ">", ">>", "&>", "2>", "2>&1", "|", "||", "&", "&&", ";")
_BRACED = re.compile(r"\$\{[^{}]+\}")
_ASSIGNED = re.compile(r"[A-Za-z_]\w*=")
_MODULE = re.compile(r"[A-Za-z_][\w.]*")
_OF_SHELL = re.compile(
    r"(?:^|[=/:])(\$(?:[A-Za-z_]\w*|[0-9?@*#]))|(?:^|[=:])(~)/|(\$\(.*\)|`.+`)|^([<>]{1,2})[^<>]+$"
)
_WITH_VALUE = ("-W", "-X", "--check-hash-based-pycs")
"""Options of a Python that are followed by a value."""


def check(space: Space, expansion: Expansion) -> None:
    """Raises `Invalid` where the space's command cannot be run, or names what nothing sets."""
    if space.command is None:
        return
    mistakes, folder = Mistakes(), Path(space.folder)
    with mistakes.under("command", 0):
        _check_program(space.command[0], folder)
    with mistakes.under("command"):
        _check_script(space.command, folder)
    names, code = parameters(space, expansion), _code(space.command)
    for index, word in enumerate(space.command):
        with mistakes.under("command", index):
            _check_shell(word, read=index > code)
        for name in placeholders(word):
            with mistakes.under("command", index):
                _check_name(name, word, names, space)
    mistakes.check()


def parameters(space: Space, expansion: Expansion) -> list[str]:
    """The names of all parameters that some run of the space has."""
    names = [name for values in space.by_task.values() for name in values]
    for one in parts(space):
        axes = [name for name, axis in one.axes.items() if not axis.helper]
        sets = (name for axis in axes for name in expansion.sets(axis))
        names += [*one.fixed, *sets, *one.derived]
    return list(dict.fromkeys(names))


def _check_name(name: str, word: str, names: Sequence[str], space: Space) -> None:
    if name in names and name in OF_RUN:
        raise Invalid(f"names {shown(name)}, which is the run's and a parameter's: rename that one")
    if name in names or name in OF_RUN:
        return
    if any(one.axes[name].helper for one in parts(space) if name in one.axes):
        raise Invalid(f"names {shown(name)}, which is a helper: no run has it")
    hint = "; values are written as they are, without a format" if ":" in name else ""
    valid = choices(name, [*names, *OF_RUN])
    raise Invalid(f"names no parameter: {shown(name)} in {shown(word)}{hint}{valid}")


def _code(words: Sequence[str]) -> int:
    """The place of a shell, or of an interpreter with `-c`, behind which words are for that.

    The number of words where there is none.
    """
    for place, word in enumerate(words):
        name = Path(word).name.rstrip("0123456789.")
        if name in _SHELLS or (name in _INTERPRETERS and words[place + 1 : place + 2] == ("-c",)):
            return place
    return len(words)


def _check_shell(word: str, *, read: bool) -> None:
    """Raises `Invalid` for a word that only a shell understands, unless it is `read` by one."""
    if read:
        return
    braced = _BRACED.search(word)
    if braced:
        rule = "has a $ before a placeholder, which is braces alone"
        raise Invalid(f"{rule}: {shown(word.replace(braced[0], braced[0][1:]))}")
    found = _OF_SHELL.search(word)
    what = next(filter(None, found.groups())) if found else word
    if found or word in _OPERATORS:
        raise Invalid(
            "is handed on as it stands, as no shell reads it, which alone knows what "
            f"{shown(what)} means; name the shell: [bash, -c, …]"
        )


def _check_program(word: str, folder: Path) -> None:
    if program(word, folder) is not None:
        return
    path = folder / word
    if _ASSIGNED.match(word):
        raise Invalid(
            "sets a variable, which only a shell does: put env before it, as in "
            f"[env, {cut(word)}, python, …]"
        )
    if not os.path.isfile(path):
        where = f"in {cut(folder)}" if "/" in word else "on PATH"
        raise Invalid(f"names the program {shown(word)}, but there is none {where}")
    if "/" not in word:
        raise Invalid(
            f"names the program {shown(word)}, which is not on PATH; the file beside the space is "
            f"./{cut(word)}"
        )
    reads = _READ_BY.get(path.suffix, "bash")
    raise Invalid(
        f"names the program {shown(word)}, which is not executable: chmod +x it, or put its "
        f"interpreter before it, as in [{reads}, {cut(word)}]"
    )


def unfound_module(words: Sequence[str], folder: Path) -> str | None:
    """The module that `python -m` is to run, where the Python that runs sweeper finds none."""
    if program(words[0], folder) != sys.executable:
        return None
    name = literal(_module(words[1:]))
    if not name or not _MODULE.fullmatch(name) or name in sys.builtin_module_names:
        return None
    places: Sequence[str] | None = [str(folder), *sys.path]
    parts = name.split(".")
    for end in range(1, len(parts) + 1):
        whole = ".".join(parts[:end])
        found = None if places is None else PathFinder.find_spec(whole, places)
        if found is None:
            return name
        places = found.submodule_search_locations
    return None


def _module(words: Sequence[str]) -> str:
    """What `-m` among the first options of a Python names; empty where it is not there."""
    rest = iter(words)
    for word in rest:
        if word == "-m":
            return next(rest, "")
        if word.startswith("-m"):
            return word[2:]
        if word in _WITH_VALUE:
            next(rest, "")
        elif not word.startswith("-") or word == "-c":
            break
    return ""


def _check_script(words: Sequence[str], folder: Path) -> None:
    """What an interpreter gets first beside options is a script, unless they say otherwise."""
    name = Path(words[0]).name.rstrip("0123456789.")
    options = list(takewhile(lambda word: word.startswith("-"), words[1:]))
    script = words[1 + len(options) : 2 + len(options)]
    text = literal(script[0]) if script else None
    if name not in _INTERPRETERS or text is None or {"-c", "-m", "-e"} & set(options):
        return
    suffix = Path(text).suffix
    if suffix and not os.path.isfile(folder / text):
        near = choices(text, sorted(file.name for file in folder.glob(f"*{suffix[:9]}")))
        raise Invalid(
            f"names the script {shown(text)}, but there is no such file in {cut(folder)}{near}",
            (1 + len(options),),
        )
