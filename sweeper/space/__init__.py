"""The search space that a YAML file describes."""
