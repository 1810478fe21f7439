"""Pruning: trials that Optuna's pruners end early."""
