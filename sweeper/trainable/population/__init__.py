"""Populations: members of one agent that copy the better ones and change their hyperparameters."""
