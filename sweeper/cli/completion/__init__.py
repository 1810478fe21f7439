"""Completion in shells: what may follow a line that is being typed, and scripts that ask for it."""
