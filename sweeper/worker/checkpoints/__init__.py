"""Checkpoints on disk: their files, and the bound on all of a study's."""
