"""Trainables: the contract with what is trained, and functions as trainables."""
