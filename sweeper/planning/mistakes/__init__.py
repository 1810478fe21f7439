"""The mistakes of a space: all of them in one answer, and where misplaced keys belong."""
