"""The Python interface: what `sweeper.open`, `sweeper.plan` and `sweeper.run` are.

The package `sweeper` looks these up when they are asked for, so that importing it takes no time.
"""
