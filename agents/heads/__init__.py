"""Heads: what the numbers that a critic gives stand for."""
