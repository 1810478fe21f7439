"""What Optuna is told of a study, and the trials that it proposes."""
