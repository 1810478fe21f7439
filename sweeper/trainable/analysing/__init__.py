"""Analyses of the weights that a study kept, as something that sweeper can train."""
