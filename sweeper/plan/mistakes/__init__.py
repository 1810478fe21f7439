"""The mistakes of a space: where they stand, and what is checked although they are there."""
