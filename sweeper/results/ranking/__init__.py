"""Trials in the order of their scores, and what the best are worth on fresh seeds."""
