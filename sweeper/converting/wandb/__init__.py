"""Spaces from the files of W&B sweeps."""
