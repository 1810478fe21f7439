"""Commands as lists of words with placeholders, `--lr={optimizer.lr}`, which no shell reads."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sweeper.errors import Invalid, Mistakes, shown
from sweeper.schema.rules import accepts

_PART = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
_SHELL = re.compile(r"[|&;<>$`*?~()\n\\]")
"""What a shell would read otherwise than as it stands."""

_PLAIN = re.compile(r"[^\s'\"]+")


@accepts(
    {
        "type": ["array", "string"],
        "minItems": 1,
        "items": {"type": ["string", "number", "boolean"]},
        "pattern": r"\S",
    }
)
def command_rule(value: Any) -> tuple[str, ...] | None:
    """A command: a list of words, or one text, which is split at blanks outside of quotes."""
    if value is None:
        return None
    if isinstance(value, str):
        value = _split(value)
    if not isinstance(value, list | tuple):
        example = "[python, train.py, '--lr={lr}']"
        raise Invalid(f"must be a list of words, like {example}, but got {shown(value)}")
    words, mistakes = [], Mistakes()
    for index, item in enumerate(value):
        with mistakes.under(index):
            words.append(_word(item))
    mistakes.check()
    if not words or not words[0].strip():
        raise Invalid("needs a program as its first word, like [python, train.py]")
    if placeholders(words[0]):
        raise Invalid(f"must be a program and no placeholder, but got {shown(words[0])}", (0,))
    return tuple(words)


def placeholders(word: str) -> tuple[str, ...]:
    """The names in braces in `word`; raises `Invalid` where its braces have no meaning."""
    return tuple(name for name, _ in _parts(word) if name is not None)


def literal(word: str) -> str | None:
    """`word` as it is run where it has no placeholder; `None` where it has one."""
    return None if placeholders(word) else filled(word, {})


def filled(word: str, values: Mapping[str, Any]) -> str:
    """`word` with the values of its placeholders, as `written`."""
    return "".join(text if name is None else written(values[name]) for name, text in _parts(word))


def command_line(words: Sequence[str], values: Mapping[str, Any]) -> list[str]:
    """The words of a command with the values of their placeholders.

    A word whose placeholder has no value is left out; where it is nothing but that placeholder the
    option before it goes, too: `--momentum {momentum}`.
    """
    line: list[str] = []
    for place, word in enumerate(words):
        names = placeholders(word)
        if all(name in values for name in names):
            line.append(filled(word, values))
        elif len(names) == 1 and word == f"{{{names[0]}}}" and place > 1:
            before = words[place - 1]
            if before.startswith("-") and "=" not in before and not placeholders(before):
                line.pop()
    return line


def written(value: Any) -> str:
    """A value as a word has it: text as it is, `0.001`, `true`, `null`, lists as JSON.

    Numbers are written so that reading them gives the same number.
    """
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def quoted(words: Sequence[str]) -> str:
    """Words in one line; those with blanks or quotes in them as a shell would have them."""
    return " ".join(word if _PLAIN.fullmatch(word) else shlex.quote(word) for word in words)


def _split(text: str) -> list[str]:
    found = _SHELL.search(text)
    if found:
        raise Invalid(
            f"is run without a shell, which alone knows what {shown(found[0])} means; write a list "
            "of words, like [python, train.py, '--lr={lr}'], or name the shell: [bash, -c, …]"
        )
    try:
        return shlex.split(text)
    except ValueError as error:
        raise Invalid(f"cannot be split into words: {error}; write a list of words") from None


def _word(value: Any) -> str:
    if isinstance(value, dict) and len(value) == 1 and next(iter(value.values())) is None:
        (name,) = value
        raise Invalid(f"is read as a mapping by YAML; write it in quotes: '{{{name}}}'")
    if value is None or isinstance(value, dict | list | tuple):
        raise Invalid(f"must be a word, but got {shown(value)}; write it in quotes")
    word = written(value)
    if "\0" in word:
        raise Invalid("must have no NUL in it")
    placeholders(word)
    return word


def _parts(word: str) -> Iterator[tuple[str | None, str]]:
    """Names of placeholders, and the texts between them with `None`."""
    begin = 0
    for found in _PART.finditer(word):
        yield None, word[begin : found.start()]
        begin = found.end()
        if found[0] in ("{{", "}}"):
            yield None, found[0][0]
        elif found[1] is not None and found[1].strip():
            yield found[1], ""
        else:
            rule = "has braces without a name of a parameter between them"
            raise Invalid(f"{rule}; {{{{ and }}}} stand for braces, but got {shown(word)}")
    yield None, word[begin:]
