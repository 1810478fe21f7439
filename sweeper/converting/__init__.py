"""Spaces written from what other tools wrote: W&B sweeps, Hydra's overrides and Optuna studies."""
