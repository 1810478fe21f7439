"""Checks of parts of a space: its program, its figures, its claims."""
