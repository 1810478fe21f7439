"""Checkpoints on disk: their files, and the limit on the size of all of a study's."""
