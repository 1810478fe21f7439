"""The keys of profiles: their names, values and refusals."""
