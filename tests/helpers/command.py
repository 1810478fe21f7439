"""A command of sweeper, run in this process."""

from __future__ import annotations

from sweeper.cli import command_line


def call(*words: str) -> int:
    """The exit code of `sweeper WORDS`."""
    try:
        command_line.main(words)
    except SystemExit as left:
        return int(left.code or 0)
    return 0
