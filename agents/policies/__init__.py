"""Policies: how an actor's outputs become actions."""
