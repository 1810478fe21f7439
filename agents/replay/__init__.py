"""Replay: what a pack has seen, and the batches drawn from it."""
