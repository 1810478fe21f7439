"""Trainables: the interface that they implement, and plain functions as trainables."""
