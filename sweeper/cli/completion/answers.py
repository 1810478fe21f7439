"""What may follow a line that is being typed: commands, their words, and values of these."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from sweeper.cli.app import OPTIONS, SPACE_COMMANDS, app
from sweeper.cli.command_line import FLAGS, as_words
from sweeper.cli.completion.values import FILES, Asked, paths, space_files, space_keys, values

_ALONE = ("study", "agent", "shell")
"""Options whose names may be left out before their value."""

_OPEN = ("=", "/", ".")
"""The ends of words that go on."""

_REPEATED = ("where",)
"""Options that may be given again."""


@dataclass(frozen=True)
class Answer:
    """A word that may stand in the place of the last one of a line, and what it means."""

    word: str
    about: str = ""

    @property
    def ended(self) -> bool:
        """Whether nothing more belongs to the word."""
        return not self.word.endswith(_OPEN)


def answers(line: str) -> list[Answer]:
    """All words that the last word of `line` may become, each once."""
    _, *before, last = _split(line)
    if not before:
        found = [*_commands(), Answer("--version", "Say which it is."), *_help(last)]
    elif before[0] in OPTIONS:
        found = [*_words(before[0], before[1:], last), *_help(last)]
    else:
        return []
    fitting = {one.word: one for one in found if one.word.startswith(last)}
    return list(fitting.values())


def in_quotes(line: str) -> bool:
    """Whether the last word of `line` is in quotes that are still open."""
    try:
        shlex.split(f"{line}.")
    except ValueError:
        return True
    return False


def _split(line: str) -> list[str]:
    """The words of a line as shells read them, the last one as far as it is typed."""
    for quote in ("", "'", '"'):
        with suppress(ValueError):
            *words, last = shlex.split(f"{line}.{quote}")
            return [*words, last[:-1]] if words else ["", last]
    return ["", ""]


def _commands() -> Iterator[Answer]:
    for command in app.registered_commands:
        yield Answer(command.name or "", (command.help or "").partition("\n")[0])


def _help(last: str) -> Iterator[Answer]:
    if last.startswith("-"):
        yield Answer("--help", "Say what there is.")


def _words(command: str, before: Sequence[str], last: str) -> Iterator[Answer]:
    """The words that may follow those `before` of a command."""
    options = OPTIONS[command]
    typed = before[-1] if before else ""
    waits = typed.startswith("--") and "=" not in typed and _option(typed) not in FLAGS
    given, alone = _given(command, before[:-1] if waits else before)
    asked = Asked(command, given, alone if command in SPACE_COMMANDS else None, last)
    if waits:
        yield from _of_values(_option(typed), "", asked)
        return
    key, equals, text = last.partition("=")
    if equals and _option(key) not in options:
        return
    if equals:
        yield from _of_values(_option(key), f"{key}=", replace(asked, text=text))
        return
    left = {key: text for key, text in options.items() if key not in given or key in _REPEATED}
    if last.startswith("-"):
        yield from (Answer(f"--{key.replace('_', '-')}", about) for key, about in left.items())
        return
    if alone is None:
        if command in SPACE_COMMANDS:
            yield from map(Answer, space_files(asked))
        if command in FILES:
            yield from map(Answer, paths(last, FILES[command]))
        for name in _alone(command):
            if name in left:
                yield from _of_values(name, "", asked)
    yield from (Answer(f"{key}=", about) for key, about in left.items())
    if command in SPACE_COMMANDS:
        yield from map(Answer, space_keys(asked))


def _option(word: str) -> str:
    return word.removeprefix("--").replace("-", "_") if word.startswith("--") else word


def _of_values(key: str, prefix: str, asked: Asked) -> Iterator[Answer]:
    """The values of an option behind `prefix`; of several between commas the last one."""
    head, comma, last = asked.text.rpartition(",")
    for value in values(key, replace(asked, text=last)):
        yield Answer(f"{prefix}{head}{comma}{value}")


def _given(command: str, before: Sequence[str]) -> tuple[Mapping[str, str], str | None]:
    """The options in words that stand before, and what stands there without a key."""
    pairs = [word.partition("=") for word in as_words([command, *before])[1:]]
    alone = next((word for word, equals, _ in pairs if not equals and word[:1] != "-"), None)
    options = {key: text for key, equals, text in pairs if equals}
    if alone is not None:
        options = {**dict.fromkeys(_alone(command)[:1], alone), **options}
    return options, alone


def _alone(command: str) -> list[str]:
    """The options of a command whose name may be left out."""
    return [name for name in _ALONE if name in OPTIONS[command] and command not in FILES]
