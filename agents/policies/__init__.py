"""Policies: how actions are drawn from what networks give."""
