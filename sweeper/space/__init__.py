"""The space: what a YAML file says."""
