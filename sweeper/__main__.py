"""`python -m sweeper`."""

from sweeper.cli.command_line import main

main()
