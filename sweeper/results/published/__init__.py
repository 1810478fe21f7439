"""Published numbers, one file a table, and our runs beside them."""
