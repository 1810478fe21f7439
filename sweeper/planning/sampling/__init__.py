"""Samplers and pruners of a space: whether they can take it, and when pruners look at trials."""
