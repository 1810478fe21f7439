"""Choosing the best of many: who is worse than it, and how much of its lead was luck."""
