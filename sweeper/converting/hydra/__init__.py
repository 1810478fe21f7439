"""Spaces from Hydra's sweeps: multirun command lines, overrides and configurations."""
