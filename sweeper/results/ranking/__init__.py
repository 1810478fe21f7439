"""Trials ranked by their scores, and the scores of the best trials on fresh seeds."""
