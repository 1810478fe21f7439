"""Results tables, and numbers, as text."""
