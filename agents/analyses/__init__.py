"""Analyses of weights that were kept: one file each, whose name is the analysis'."""
