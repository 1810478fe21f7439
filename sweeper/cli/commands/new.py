"""`sweeper new`: a space that runs, written from the answers to five questions."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from sweeper.cli.app import count_of
from sweeper.cli.commands import new_axes, new_program, new_space
from sweeper.cli.commands.convert import check_out
from sweeper.errors import SweeperError, cut, shown
from sweeper.files import atomic
from sweeper.schema.rules import study_name
from sweeper.space.overrides import truth

T = TypeVar("T")
_KINDS = {"agent": "dqn", "function": "train.py:train", "program": "train.py"}
"""What may be trained, and the first of each."""


class Questions:
    """Answers given as words, those of a terminal, and defaults for the rest.

    `reply` answers a prompt; without it nobody can be asked.
    """

    def __init__(self, given: Mapping[str, str], reply: Callable[[str], str] | None) -> None:
        self._given, self._reply = given, reply
        self.taken: dict[str, str] = {}
        """The answers that nobody gave."""

    @property
    def silent(self) -> bool:
        """Whether nobody can be asked."""
        return self._reply is None

    def ask(self, key: str, question: str, default: str, check: Callable[[str], T]) -> T:
        """The checked answer; a wrong one that was typed is told, and asked for again."""
        if key in self._given:
            return check(self._given[key])
        if self._reply is None:
            self.taken[key] = default
            return check(default)
        while True:
            try:
                return check(self._reply(f"{question} [{default}] ").strip() or default)
            except SweeperError as error:
                print(error)


def lines(given: Mapping[str, str], reply: Callable[[str], str] | None = None) -> Iterator[str]:
    """Asks, writes the space and what it needs, and says what to do next."""
    sure, file = truth("yes", given), given.get("file")
    if file is not None and Path(file).suffix not in (".yaml", ".yml"):
        raise SweeperError(f"the file of a space ends in .yaml, but got {shown(cut(file))}")
    if file is not None:
        check_out(Path(file), sure=sure)
    trained = [key for key in _KINDS if key in given]
    if len(trained) > 1:
        raise SweeperError(f"a space trains one of {', '.join(_KINDS)}, but got {len(trained)}")
    if reply is None and sys.stdin.isatty():
        reply = input
    asked = Questions(given, reply)
    try:
        out, keys = _answered(asked, given, trained, file, sure)
    except (EOFError, KeyboardInterrupt):
        raise SweeperError("nothing was written: not all questions were answered") from None
    for path, text in new_program.beside(keys, out.parent).items():
        atomic.write_durably(path, text.encode())
        yield f"{path}: begun; put your training into it"
    atomic.write_durably(out, new_space.text(keys).encode())
    if asked.taken:
        told = " ".join(f"{key}='{value}'" for key, value in asked.taken.items())
        yield f"nobody said otherwise: {told}"
    yield f"{out}: written"
    yield from (f"  {line}" for line in new_axes.told(keys["axes"]))
    yield f"  sweeper check {out}  # says what is wrong with it, at each of its scales"
    yield f"  sweeper run {out} scale=smoke  # takes seconds: does it work?"


def _answered(
    asked: Questions, given: Mapping[str, str], trained: list[str], file: str | None, sure: bool
) -> tuple[Path, dict[str, Any]]:
    """The file to write and the keys of the space, each answer checked with those before it."""
    folder = Path(file).parent if file is not None else Path()
    kind, name = _trained(asked, given, trained, folder)
    keys = new_space.begun(kind, name, folder)

    def task(text: str) -> dict[str, Any]:
        return new_space.checked({**keys, "tasks": new_space.tasks(text)}, folder)

    default = new_space.task_of(keys, folder)
    keys = asked.ask("task", "2. On which task?", default, task)

    def axes(text: str) -> dict[str, Any]:
        return new_space.checked(new_space.searched(keys, text, folder), folder)

    default = new_space.proposed(keys, folder)
    how = "a range lr=1e-4..1e-2, values batch=32,64"
    keys = asked.ask("axes", f"3. What is searched ({how})?", default, axes)
    sizes = {"seeds": "5", "steps": str(keys["steps"])}
    if asked.silent or sizes.keys() & given:
        asked.taken |= {key: size for key, size in sizes.items() if key not in given}
        sized = ", ".join(given.get(key, size) for key, size in sizes.items())
        keys = _sized(sized, keys, folder)
    else:
        question = "4. How many seeds, and how many steps a run?"
        default = ", ".join(sizes.values())
        keys = asked.ask("sizes", question, default, lambda text: _sized(text, keys, folder))

    def study(text: str) -> dict[str, Any]:
        try:
            named = study_name(text)
        except ValueError as error:
            raise SweeperError(f"name {error}") from error
        if file is None:
            check_out(folder / f"{named}.yaml", sure=sure)
        return {**keys, "study": named}

    default = Path(file).stem if file is not None else new_space.name_of(keys)
    keys = asked.ask("name", "5. What is the study called?", default, study)
    return Path(file) if file is not None else folder / f"{keys['study']}.yaml", keys


def _trained(
    asked: Questions, given: Mapping[str, str], trained: list[str], folder: Path
) -> tuple[str, str]:
    """What is trained: its kind and its name."""

    def check(text: str) -> tuple[str, str]:
        kind, _, name = text.partition(" ")
        if kind not in _KINDS:
            kind, name = "agent", text
        elif not name.strip():
            name = _KINDS[kind]
            print(f"{kind} alone takes {name}")
        return kind, new_space.checked_name(kind, name.strip(), folder)

    if trained:
        return check(f"{trained[0]} {given[trained[0]]}")
    question = "1. What is trained: an agent by its name, function FILE.py:NAME or program FILE.py?"
    return asked.ask("agent", question, _KINDS["agent"], check)


def _sized(text: str, keys: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """The keys with so many seeds and steps; a number alone is that of seeds."""
    found = [*text.replace(",", " ").split(), str(keys["steps"])]
    if len(found) not in (2, 3):
        rule = "needed are the number of seeds, or two numbers, seeds and steps"
        raise SweeperError(f"{rule}, but got {shown(cut(text))}")
    seeds = count_of("seeds", found[0])
    try:
        steps = float(found[1])
    except ValueError:
        steps = 0.0
    if steps < 1 or steps != int(steps) or steps > 10**12:
        raise SweeperError(f"steps must be a whole number from 1, but got {shown(found[1])}")
    return new_space.checked(new_space.sized(keys, seeds, int(steps)), folder)
