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

_SHELLS = ("bash", "sh", "zsh", "dash", "ksh", "fish")
_OPERATORS = ("<", ">", ">>", "&>", "2>", "2>&1", "|", "||", "&&")
_BRACED = re.compile(r"\$\{[^{}]+\}")
_ASSIGNED = re.compile(r"[A-Za-z_]\w*=")
_MODULE = re.compile(r"[A-Za-z_][\w.]*")
_VARIABLE = re.compile(r"(?:^|[=/:])(\$[A-Za-z_]\w*)")


def check(space: Space, expansion: Expansion) -> None:
    """Raises `Invalid` where the space's command cannot be run, or names what nothing sets."""
    if space.command is None:
        return
    mistakes, folder = Mistakes(), Path(space.folder)
    with mistakes.under("command", 0):
        _check_program(space.command[0], folder)
    with mistakes.under("command"):
        _check_script(space.command, folder)
    names = parameters(space, expansion)
    for index, word in enumerate(space.command):
        with mistakes.under("command", index):
            _check_shell(word, space.command)
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


def _check_shell(word: str, words: Sequence[str]) -> None:
    """Raises `Invalid` for a word that only a shell understands, unless the program is one."""
    if Path(words[0]).name in _SHELLS or "-c" in words:
        return
    braced = _BRACED.search(word)
    if braced:
        rule = "has a $ before a placeholder, which is braces alone"
        raise Invalid(f"{rule}: {shown(word.replace(braced[0], braced[0][1:]))}")
    variable = _VARIABLE.search(word)
    what = variable[1] if variable else "~" if word.startswith("~/") else word
    if variable or word.startswith("~/") or word in _OPERATORS:
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
    raise Invalid(
        f"names the program {shown(word)}, which is not executable: chmod +x it, or put its "
        f"interpreter before it, as in [bash, {cut(word)}]"
    )


def unfound_module(words: Sequence[str], folder: Path) -> str | None:
    """The module that `python -m` is to run, where the Python that runs sweeper finds none."""
    if program(words[0], folder) != sys.executable or "-m" not in words[:-1]:
        return None
    name = literal(words[list(words).index("-m") + 1])
    if name is None or not _MODULE.fullmatch(name):
        return None
    top = name.partition(".")[0]
    found = top in sys.builtin_module_names or PathFinder.find_spec(top, [str(folder), *sys.path])
    return None if found else name


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
