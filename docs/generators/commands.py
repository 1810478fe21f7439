"""The reference of commands: what each does, and the words that it takes."""

from __future__ import annotations

import re

from docs.generators.markdown import filled, head, joined, table
from sweeper import lookup
from sweeper.cli import command_line


def page() -> str:
    """The whole page, in Markdown; figures have one of their own."""
    intro = (
        "`sweeper COMMAND --help` says the same. Words are options of the command, such as "
        "`scale=smoke`, or, for `run` and `plan`, keys of the space, such as `steps=1e5`. The "
        "commands that draw stand in [Figures](figures.md); examples of all: [Commands by "
        "example](../how_to/commands.md)."
    )
    parts = [head("Commands", intro)]
    figures = lookup.names("sweeper.figures")
    for command in command_line.app.registered_commands:
        if command.name not in figures:
            parts += [f"## `{command.name}`", *_said(command.help or "")]
    return joined(parts)


def _said(text: str) -> list[str]:
    """What a command's help says, with its table of words as one."""
    about, _, rest = text.partition("\n\n\b\nWords:\n")
    words, _, note = rest.partition("\n\n")
    rows = re.findall(r"^  (\S+=) +(.+)$", words, flags=re.MULTILINE)
    parts = [filled(" ".join(each.split())) for each in about.split("\n\n")]
    if rows:
        parts.append(table(("word", "what it says"), [(f"`{word}`", said) for word, said in rows]))
    return [*parts, filled(" ".join(note.replace("\b", "").split()))] if note.strip() else parts
