"""What functions and programs of a user's own have in common."""
