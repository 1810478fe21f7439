"""Commands as trainables: any program, one process a run."""
