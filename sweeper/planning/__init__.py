"""The plan: from a YAML file to checked trials and runs."""
