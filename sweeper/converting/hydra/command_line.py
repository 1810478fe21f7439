"""A Hydra program's command line, or a text of overrides, split into its parts."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from sweeper.errors import SweeperError, shown

_MULTIRUN = ("-m", "--multirun")
_WITH_VALUE = ("--config-name", "-cn", "--config-path", "-cp", "--config-dir", "-cd")
_ENDS = ("&&", "||", ";", "|", "&", ">", ">>", "2>", "2>&1", "&>", "<")
"""Words of a shell behind which a command is over."""

_ASSIGNED = re.compile(r"[A-Za-z_]\w*=.*")
_PYTHON = re.compile(r"python[\d.]*")


@dataclass
class CommandLine:
    """The words of a command: what is run, its options, and the overrides."""

    program: list[str] = field(default_factory=list)
    options: list[str] = field(default_factory=list)
    overrides: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    """What stood behind or beside the command."""


def read(text: str, name: str) -> CommandLine:
    """The first command of `text` that sweeps, or all of its overrides, one or several a line."""
    lines, found = list(_lines(text)), list[CommandLine]()
    rest: list[str] = []
    for number, line in lines:
        try:
            words = shlex.split(line, comments=True)
        except ValueError as error:
            if _is_override(line):
                rest.append(line)
                continue
            raise SweeperError(f"{name}:{number}: cannot be split into words: {error}") from None
        begin = _begin(words)
        if begin is not None:
            found.append(_command(words, begin))
        elif _is_override(line) and (len(words) == 1 or line.count("=") == 1):
            rest.append(line)
        elif words and all(_looks_like_one(word) for word in words):
            rest += words
        elif words:
            found.append(CommandLine(left_out=[line]))
    commands = [one for one in found if one.program and one.overrides]
    if not commands and not rest:
        raise SweeperError(
            f"{name}: holds neither a command such as `python train.py -m lr=0.1,0.2` nor "
            "overrides such as lr=0.1,0.2"
        )
    first = commands[0] if commands else CommandLine()
    first.overrides += rest
    for other in found:
        if other is not first:
            words = [*other.program, *other.options, *other.overrides, *other.left_out]
            first.left_out.append(" ".join(words))
    return first


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Each line with its number; those that end with a backslash go on in the next."""
    held, begin = "", 0
    for number, line in enumerate(text.splitlines(), 1):
        begin = begin if held else number
        stripped = line.strip()
        if stripped.endswith("\\"):
            held += stripped[:-1] + " "
            continue
        whole = (held + stripped).strip()
        held = ""
        if whole and not whole.startswith("#"):
            yield begin, whole
    if held.strip():
        yield begin, held.strip()


def _is_override(line: str) -> bool:
    return re.match(r"[~+]{0,2}[\w./@$-]+=", line) is not None


def _looks_like_one(word: str) -> bool:
    return _is_override(word) or re.fullmatch(r"~[\w./@-]+(=.*)?", word) is not None


def _begin(words: Sequence[str]) -> int | None:
    """The place of the first word that is an override or an option of Hydra's program.

    `None` where the words are no command.
    """
    for place, word in enumerate(words):
        if "=" in word:
            continue
        if _PYTHON.fullmatch(word.rpartition("/")[2]):
            rest = place + 1
            while rest < len(words) and words[rest].startswith("-") and words[rest] != "-m":
                rest += 1
            module = rest < len(words) and words[rest] == "-m"
            return min(rest + (2 if module else 1), len(words))
        if word.endswith(".py"):
            return place + 1
    for place, word in enumerate(words):
        if word in _MULTIRUN and place and not _looks_like_one(words[0]):
            plain = [n for n, one in enumerate(words[:place]) if "=" not in one]
            return plain[-1] + 1 if plain else None
    return None


def _command(words: Sequence[str], begin: int) -> CommandLine:
    found = CommandLine(program=list(words[:begin]))
    if found.program and _ASSIGNED.fullmatch(found.program[0]):
        found.program.insert(0, "env")
    rest = list(words[begin:])
    for place, word in enumerate(rest):
        if word in _ENDS:
            found.left_out.append(" ".join(rest[place:]))
            rest = rest[:place]
            break
    while rest:
        word = rest.pop(0)
        if word in _MULTIRUN:
            continue
        if word in _WITH_VALUE and rest:
            found.options += [word, rest.pop(0)]
        elif word.startswith("-"):
            found.options.append(word)
        elif _looks_like_one(word):
            found.overrides.append(word)
        else:
            raise SweeperError(f"{shown(word)} is no override of Hydra's, such as lr=0.1,0.2")
    return found
