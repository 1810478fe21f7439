"""The command line: `sweeper COMMAND [key=value ...]`."""

from __future__ import annotations

import functools
import gc
import importlib
import io
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import typer

from sweeper.cli.app import RUN_OPTIONS, app
from sweeper.errors import SweeperError, cut
from sweeper.files.temporary import becoming
from sweeper.log import log, to_stderr

__all__ = ["RUN_OPTIONS", "app", "main"]

_GROUPS = ("sweep", "study", "folders", "figures", "results")
"""Files of commands, in the order in which help lists these."""

for _group in _GROUPS:
    importlib.import_module(f"sweeper.cli.{_group}")


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the command line; exits with 2 for a mistake of the user's, 1 for a failure."""
    to_stderr()
    for stream in (sys.stdout, sys.stderr):  # names of files may be no text
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    given = as_words(sys.argv[1:] if arguments is None else arguments)
    known = [
        cut(word) if not index or word[:1] == "-" else word for index, word in enumerate(given)
    ]
    try:
        _command()(args=known, prog_name="sweeper")
    except SweeperError as error:
        log.error("%s", error)
        sys.exit(error.exit_code)
    except BrokenPipeError:
        sys.exit(1)
    except OSError as error:
        file = os.fsdecode(error.filename2 or error.filename or "")
        log.error("%s: %s", error.strerror, cut(becoming(file)))
        sys.exit(1)
    finally:
        gc.enable()


@functools.cache
def _command() -> Callable[..., Any]:
    """All commands, made once in a process: who calls several waits for their making once."""
    return typer.main.get_command(app)


FLAGS = ("caption", "extend", "follow", "group", "other_code", "runs", "trace", "watch", "yes")
"""Options that are true where they are given without a value."""

_OF_HELP = ("--help", "--version")


def as_words(arguments: Sequence[str]) -> list[str]:
    """The arguments as commands take them, of which some are spelt as other programs want them.

    `--study x` and `--study=x` are `study=x`, `--watch` is `watch=true`, `-h` is `--help`; then the
    order does not matter either.
    """
    plain = list(_plain(list(arguments)))
    if plain == list(arguments):
        return plain
    return [*plain[:1], *sorted(plain[1:], key=lambda word: "=" in word)]


def _plain(rest: list[str]) -> Iterator[str]:
    while rest:
        word = rest.pop(0)
        if word == "-h" or word[:2] != "--" or word in _OF_HELP:
            yield "--help" if word == "-h" else word
            continue
        key, equals, text = word[2:].partition("=")
        key = key if "." in key else key.replace("-", "_")
        if not equals and key in FLAGS and rest[:1] not in (["true"], ["false"]):
            text = "true"
        elif not equals and rest and rest[0][:2] != "--":
            text = rest.pop(0)
        yield f"{key}={text}"
