"""The command line."""

from __future__ import annotations


def main() -> None:
    """Runs the command line; the console script `sweeper` calls it."""
    from sweeper.cli import command_line

    command_line.main()
