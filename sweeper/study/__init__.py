"""A study: its folder, its frozen space, and who advises it."""
