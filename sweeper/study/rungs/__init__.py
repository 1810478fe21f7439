"""Rungs of seeds: further seeds go to the trials that cannot be told from the best."""
