"""Hyperparameter and architecture sweeps for deep reinforcement learning."""

from importlib.metadata import version

__version__ = version("sweeper")
