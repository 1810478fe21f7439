"""What hyperparameters bring: which of them matter, step by step, and from task to task."""
