"""Losses, schedules of step sizes, and target networks that are moving averages."""
