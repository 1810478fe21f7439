"""What figures compute from the runs of a study, without drawing it."""
