"""Lines of the ledger: a class for each kind of line, and their encoding as bytes."""
