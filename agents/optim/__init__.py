"""Optimisation: Adam, losses, and target networks that are moving averages."""
