"""A study: its folder, the versions of its space, and Optuna's advice on its trials."""
